/** Opens what the judge looks at: a database, Stripe or the sandbox, Temporal. */
import pg from 'pg';
import { Stripe } from 'stripe';
import { connectTemporal, type TemporalSettings } from '../../platform/temporal/client.ts';
import { EncryptionCodec, parsePayloadKeys } from '../../platform/temporal/codec.ts';
import type { Sources } from './judge.ts';

export interface SourceSettings {
  readonly databaseUrl: string;
  readonly stripeApiKey: string;
  /** Base address of Stripe's API. */
  readonly stripeApiUrl: string;
  /** The sandbox's control port; undefined when there is none. */
  readonly sandboxUrl: string | undefined;
  readonly temporal: TemporalSettings;
}

export interface OpenSources extends Sources {
  close(): Promise<void>;
}

/** Reading one page of purchases may take this long. */
const STATEMENT_TIMEOUT_MS = 60_000;
const STRIPE_TIMEOUT_MS = 20_000;
/** It only reads, so whatever fails is asked again. */
const STRIPE_RETRIES = 3;

export function openSources({ databaseUrl, stripeApiKey, stripeApiUrl, ...more }: SourceSettings): OpenSources {
  const database = new pg.Pool({
    connectionString: databaseUrl,
    max: 2,
    application_name: 'wellpact-verify-books',
    connectionTimeoutMillis: 5_000,
    statement_timeout: STATEMENT_TIMEOUT_MS,
  });
  // A connection that breaks while idle is made anew.
  database.on('error', () => undefined);
  const url = new URL(stripeApiUrl);
  const stripe = new Stripe(stripeApiKey, {
    host: url.hostname,
    ...(url.port !== '' && { port: url.port }),
    protocol: url.protocol === 'http:' ? 'http' : 'https',
    maxNetworkRetries: STRIPE_RETRIES,
    timeout: STRIPE_TIMEOUT_MS,
    telemetry: false,
  });
  const temporal = connectTemporal(more.temporal);
  return {
    database,
    stripe,
    sandboxUrl: more.sandboxUrl,
    temporal: temporal.client,
    codec: new EncryptionCodec(parsePayloadKeys(more.temporal.PAYLOAD_KEYS)),
    close: async () => {
      await Promise.all([database.end(), temporal.close()]);
    },
  };
}
