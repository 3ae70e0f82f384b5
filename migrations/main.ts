/** `npm run migrate`: what has to be done before a new version of the processes is started. */
import { setTimeout as sleep } from 'node:timers/promises';
import { NativeConnection, TransportError } from '@temporalio/worker';
import { z } from 'zod';
import { ABOUT_ROLES, argumentsOrExit } from '../platform/arguments.ts';
import { createWellpactDatabase, loginOf } from '../platform/database-setup.ts';
import { migrate } from '../platform/migrate.ts';
import { saysSslMode } from '../platform/production.ts';
import { type TemporalProfile, temporalProfile } from '../platform/temporal/profile.ts';
import { declareSearchAttributes, ensureNamespace } from '../platform/temporal/search-attributes.ts';

const USAGE = `Usage: npm run migrate [-- --create] [-- --temporal]

Brings the database of MIGRATION_DATABASE_URL to the newest version, as the role that owns the tables, and grants the role
of DATABASE_URL what the processes need. Safe to repeat and to run twice at the same time. Migrations only go forward, and
each leaves the code of before working.

  --create     First makes both roles, with the passwords of these two addresses, and the database where they are missing,
               as the superuser of ADMIN_DATABASE_URL.
  --temporal   Also makes the namespace of TEMPORAL_NAMESPACE where it is missing, and declares the search attributes. Waits
               60 s at the most for a Temporal that does not answer yet.

${ABOUT_ROLES}`;

/** How long a namespace that is made here keeps workflows that have ended. */
const RETENTION = '30 days';

/** A server that is started together with this one needs so long at the most. */
const WAIT_FOR_TEMPORAL_MS = 60_000;
const TRY_AGAIN_MS = 1_000;

/** @throws TransportError when nobody has answered until then */
async function connectPatiently({ connection }: TemporalProfile): Promise<NativeConnection> {
  const deadline = performance.now() + WAIT_FOR_TEMPORAL_MS;
  for (let tries = 0; ; tries++) {
    try {
      return await NativeConnection.connect(connection);
    } catch (error) {
      if (!(error instanceof TransportError) || performance.now() > deadline) throw error;
      if (tries === 0) {
        console.error(`Temporal does not answer at ${connection.address}: waiting for it, 60 s at the most.`);
      }
    }
    await sleep(TRY_AGAIN_MS);
  }
}

const databaseUrl = (about: string) =>
  z.string(`missing. ${about}`).superRefine((value, context) => {
    if (!URL.canParse(value)) {
      context.addIssue({ code: 'custom', message: `not an address. ${about}` });
      return;
    }
    const problem = process.env['NODE_ENV'] === 'production' ? saysSslMode(value) : undefined;
    if (problem !== undefined) context.addIssue({ code: 'custom', message: `${problem}. ${about}` });
  });

function settingsOrExit(create: boolean, temporal: boolean) {
  const admin = databaseUrl('PostgreSQL as a superuser, any database of it.');
  const schema = z.object({
    MIGRATION_DATABASE_URL: databaseUrl('PostgreSQL as the role that owns the tables.'),
    DATABASE_URL: databaseUrl('The same database as the role of the processes.'),
    ADMIN_DATABASE_URL: create ? admin : admin.optional(),
  });
  const given = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== ''));
  const databases = schema.safeParse(given);
  const profile = temporal ? temporalProfile(process.env) : undefined;
  const wrong = [
    ...(databases.error?.issues ?? []).map(({ path, message }) => `  ${path.join('.')}: ${message}`),
    ...(profile !== undefined && !('connection' in profile)
      ? profile.map(({ setting, problem }) => `  ${setting}: ${problem}.`)
      : []),
  ];
  if (!databases.success || wrong.length > 0) {
    console.error(`These settings are missing or wrong:\n${wrong.join('\n')}\nSee docs/how-to/operate.md.`);
    process.exit(1);
  }
  return { ...databases.data, profile: profile !== undefined && 'connection' in profile ? profile : undefined };
}

const { create = false, temporal = false } = argumentsOrExit(USAGE, {
  create: { type: 'boolean' },
  temporal: { type: 'boolean' },
});
const { ADMIN_DATABASE_URL, DATABASE_URL, MIGRATION_DATABASE_URL, profile } = settingsOrExit(create, temporal);
try {
  if (create && ADMIN_DATABASE_URL !== undefined) {
    await createWellpactDatabase({
      adminUrl: ADMIN_DATABASE_URL,
      ownerUrl: MIGRATION_DATABASE_URL,
      appUrl: DATABASE_URL,
    });
  }
  const names = await migrate(MIGRATION_DATABASE_URL, loginOf(DATABASE_URL).role);
  console.log(names.length === 0 ? 'The database is up to date.' : `Migrated: ${names.join(', ')}.`);
  if (profile !== undefined) {
    const connection = await connectPatiently(profile);
    try {
      await ensureNamespace(connection, profile.namespace, RETENTION);
      await declareSearchAttributes(connection, profile.namespace);
      console.log(`The namespace ${profile.namespace} has all search attributes.`);
    } finally {
      await connection.close();
    }
  }
} catch (error) {
  // The text of PostgreSQL and Temporal, without the addresses that hold passwords.
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
