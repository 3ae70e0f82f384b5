import type { Database } from './database.ts';

/** Any number will do, as long as nothing else in this database locks the same one. */
const SCHEMA_LOCK = 7_201_431;

/**
 * Creates what is missing. Every statement can be repeated, so each start runs all of them.
 * Objects of both providers are documents: a new kind of object needs no new table.
 */
const STATEMENTS: readonly string[] = [
  'CREATE SCHEMA IF NOT EXISTS sandbox',

  // `owner` is the account on which a Stripe object lives (the platform's or a connected one); `hidden` is what the
  // provider knows of the object and never shows. `sequence` is the order of creation, which lists follow.
  `CREATE TABLE IF NOT EXISTS sandbox.objects (
     id text PRIMARY KEY,
     sequence bigint GENERATED ALWAYS AS IDENTITY,
     owner text NOT NULL,
     kind text NOT NULL,
     body jsonb NOT NULL,
     hidden jsonb NOT NULL
   )`,
  'CREATE INDEX IF NOT EXISTS objects_by_kind ON sandbox.objects (owner, kind, sequence DESC)',
  // What goes on by itself when the clock is there: looked at every few seconds, and there is little of it.
  `CREATE INDEX IF NOT EXISTS objects_due ON sandbox.objects (kind, ((hidden #>> '{next,at}')::bigint))
     WHERE hidden #>> '{next,at}' IS NOT NULL`,
  'CREATE INDEX IF NOT EXISTS objects_by_content ON sandbox.objects USING gin (body jsonb_path_ops)',

  // A claimed key without an answer belongs to a request that is running.
  `CREATE TABLE IF NOT EXISTS sandbox.idempotency_keys (
     account text NOT NULL,
     key text NOT NULL,
     endpoint text NOT NULL,
     parameters_hash text NOT NULL,
     created bigint NOT NULL,
     request_id text NOT NULL,
     status integer,
     answer text,
     PRIMARY KEY (account, key)
   )`,

  // Webhooks on their way. Times are those of the real clock: a webhook travels in real time.
  `CREATE TABLE IF NOT EXISTS sandbox.deliveries (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     endpoint text NOT NULL,
     event_id text,
     topic text NOT NULL,
     body text NOT NULL,
     state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed', 'dropped')),
     attempts integer NOT NULL DEFAULT 0,
     not_before timestamptz NOT NULL DEFAULT now(),
     last_error text
   )`,
  `CREATE INDEX IF NOT EXISTS deliveries_pending ON sandbox.deliveries (endpoint, id) WHERE state = 'pending'`,
  'CREATE INDEX IF NOT EXISTS deliveries_by_event ON sandbox.deliveries (event_id)',

  // What tests ask for: requests that go wrong, webhooks that take another way. Each is used up by `remaining` uses.
  `CREATE TABLE IF NOT EXISTS sandbox.faults (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     provider text NOT NULL,
     method text,
     path text,
     kind text NOT NULL,
     delay_ms integer NOT NULL,
     remaining integer NOT NULL
   )`,
  `CREATE TABLE IF NOT EXISTS sandbox.webhook_rules (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     topic text,
     action text NOT NULL,
     copies integer NOT NULL,
     delay_ms integer NOT NULL,
     remaining integer NOT NULL
   )`,

  'ALTER TABLE sandbox.faults ADD COLUMN IF NOT EXISTS chance double precision NOT NULL DEFAULT 1',
  'ALTER TABLE sandbox.faults ADD COLUMN IF NOT EXISTS idempotency_key text',
  'ALTER TABLE sandbox.webhook_rules ADD COLUMN IF NOT EXISTS chance double precision NOT NULL DEFAULT 1',

  `CREATE TABLE IF NOT EXISTS sandbox.log (
     sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     at timestamptz NOT NULL,
     provider text NOT NULL,
     kind text NOT NULL,
     id text NOT NULL,
     amount bigint,
     currency text,
     transfer_group text,
     idempotency_key text
   )`,
  'ALTER TABLE sandbox.log ADD COLUMN IF NOT EXISTS account text',
  'CREATE INDEX IF NOT EXISTS log_by_group ON sandbox.log (transfer_group, sequence)',
  'CREATE INDEX IF NOT EXISTS log_by_kind ON sandbox.log (kind, sequence)',

  `CREATE TABLE IF NOT EXISTS sandbox.mails (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     at timestamptz NOT NULL DEFAULT now(),
     sender text NOT NULL,
     recipients text[] NOT NULL,
     subject text NOT NULL,
     body_text text NOT NULL,
     body_html text,
     message_id text
   )`,
  'CREATE INDEX IF NOT EXISTS mails_by_recipient ON sandbox.mails USING gin (recipients)',

  `CREATE TABLE IF NOT EXISTS sandbox.pushes (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     at timestamptz NOT NULL DEFAULT now(),
     token text NOT NULL,
     message jsonb NOT NULL
   )`,
  'CREATE INDEX IF NOT EXISTS pushes_by_token ON sandbox.pushes (token, id DESC)',

  `CREATE TABLE IF NOT EXISTS sandbox.clock (
     singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
     offset_ms bigint NOT NULL
   )`,
  // The day of the sandbox's clock on which automatic payouts were made last.
  'ALTER TABLE sandbox.clock ADD COLUMN IF NOT EXISTS paid_out_on date',
  'INSERT INTO sandbox.clock (offset_ms) VALUES (0) ON CONFLICT DO NOTHING',
];

/** Makes the sandbox's own schema, or completes it. Safe to run at every start, even by two processes at once. */
export async function createSchema(database: Database): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1)', [SCHEMA_LOCK]);
    for (const statement of STATEMENTS) await tx.query(statement);
    // Whoever claimed these keys died before answering, and its transaction with it.
    await tx.query('DELETE FROM sandbox.idempotency_keys WHERE status IS NULL');
  });
}
