import { z } from 'zod';
import { type Ports, portOffsetProblem, portsFor } from './ports.ts';
import {
  isLocalHost,
  madeKey,
  never,
  type ProductionProblem,
  payloadKeysProblem,
  publicHttps,
  saysSslMode,
  securedMail,
} from './production.ts';
import { type ProfileProblem, type TemporalProfile, temporalProfile } from './temporal/profile.ts';

const text = z.string().min(1);
const url = z.url();
const lines = z
  .string()
  .transform((value) => value.split(';').map((line) => line.trim()))
  .refine(
    (given) => given.length <= 6 && given.every((line) => line !== ''),
    'one to six lines, with `;` between them',
  );
/** A comma too many would be an empty secret, or a role that everybody has. */
const list = text
  .transform((value) => value.split(',').map((item) => item.trim()))
  .refine((items) => items.every((item) => item !== ''), 'an item is empty: a comma too many');
const KEY = '[A-Za-z0-9+/]{43}=?';
/** Base64 of 32 bytes. */
const key = z.string().regex(new RegExp(`^${KEY}$`), 'not base64 of 32 bytes');

/** An Ed25519 private key as a JWK. */
const signingKey = text.refine((value) => {
  try {
    const jwk: unknown = JSON.parse(value);
    return z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: text, d: text }).safeParse(jwk).success;
  } catch {
    return false;
  }
}, 'not an Ed25519 private key as a JWK in JSON');

const wholeNumber = z
  .string()
  .regex(/^\d{1,9}$/, 'a whole number')
  .transform(Number);

/** The members that are needed of what Google calls a service account key. */
const serviceAccount = text
  .transform((value, context): unknown => {
    try {
      return JSON.parse(value);
    } catch {
      context.addIssue({ code: 'custom', message: 'not JSON' });
      return z.NEVER;
    }
  })
  .pipe(z.object({ project_id: text, client_email: text, private_key: text, token_uri: url }))
  .transform((key) => ({
    projectId: key.project_id,
    clientEmail: key.client_email,
    privateKey: key.private_key,
    tokenUri: key.token_uri,
  }));

/**
 * Every setting of every role, by the name of its environment variable. `docs/reference/settings.md` is generated from
 * this table. Settings without `default` have to be given; `npm start` gives all of them.
 */
export const SETTINGS = {
  NODE_ENV: {
    schema: z.enum(['development', 'test', 'production']),
    default: 'development',
    about: 'Where this runs.',
  },
  LOG_LEVEL: {
    schema: z.enum(['debug', 'info', 'warn', 'error']),
    default: 'info',
    about: 'The least level that is logged.',
  },
  SECURITY_LOG_FILE: {
    schema: text.optional(),
    about: 'A file for the security log, besides standard output; ten of 50 MB are kept.',
  },
  PORT_OFFSET: {
    schema: wholeNumber.superRefine((offset, context) => {
      const problem = portOffsetProblem(offset);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    }),
    default: '0',
    about: 'Added to every port of the local stack.',
  },
  HOST: { schema: text, default: '127.0.0.1', about: 'The address on which servers listen.' },
  DRAIN_SECONDS: {
    schema: wholeNumber.refine((seconds) => seconds <= 300, 'at most 300'),
    default: '0',
    about:
      'For so long the API goes on serving after it was told to stop, while `/readyz` answers 503: what the balancer needs to notice.',
  },
  PUBLIC_URL: {
    schema: url,
    production: publicHttps,
    about: 'Where people and providers reach the API, without a trailing slash.',
  },
  DATABASE_URL: {
    schema: url,
    secret: true,
    production: saysSslMode,
    about:
      'PostgreSQL, as the role that may not change what is append-only. TLS: `?sslmode=verify-full`, with `&sslrootcert=<file>` for an authority of your own.',
  },
  DATABASE_MAX_CONNECTIONS: { schema: wholeNumber, default: '20', about: 'Connections of one process at the most.' },
  TEMPORAL_ADDRESS: {
    schema: text.optional(),
    about: 'Temporal frontend, host:port. Needed unless a profile names it.',
  },
  TEMPORAL_NAMESPACE: { schema: text.optional(), about: 'Temporal namespace; `default` without.' },
  TEMPORAL_API_KEY: { schema: text.optional(), secret: true, about: 'Of Temporal Cloud. Turns TLS on.' },
  TEMPORAL_TLS: {
    schema: text.optional(),
    about: '`true`: with TLS. `false`: without, which in production has to be said for another machine.',
  },
  TEMPORAL_TLS_CLIENT_CERT_PATH: {
    schema: text.optional(),
    about: 'Client certificate (PEM). Or its content: `TEMPORAL_TLS_CLIENT_CERT_DATA`.',
  },
  TEMPORAL_TLS_CLIENT_KEY_PATH: {
    schema: text.optional(),
    about: 'Its key (PEM). Or its content: `TEMPORAL_TLS_CLIENT_KEY_DATA`.',
  },
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: {
    schema: text.optional(),
    about:
      'The authority that signed the certificate of the server (PEM), where it is your own. Or its content: `TEMPORAL_TLS_SERVER_CA_CERT_DATA`.',
  },
  TEMPORAL_TLS_SERVER_NAME: {
    schema: text.optional(),
    about: 'The host in the certificate of the server, where it is not that of the address.',
  },
  TEMPORAL_CONFIG_FILE: {
    schema: text.optional(),
    about:
      'A file with profiles (https://docs.temporal.io/develop/environment-configuration); other `TEMPORAL_*` win over it.',
  },
  TEMPORAL_PROFILE: { schema: text.optional(), about: 'Which profile of the file; `default` without.' },
  TEMPORAL_UI_URL: { schema: url, production: publicHttps, about: 'Where staff open the Temporal Web UI.' },
  PAYLOAD_KEYS: {
    schema: list.refine(
      (keys) => keys.every((entry) => new RegExp(`^[^:\\s]+:${KEY}$`).test(entry)),
      'each is id:base64 of 32 bytes',
    ),
    secret: true,
    production: payloadKeysProblem,
    about:
      'Keys of the payload codec, `id:base64` of 32 bytes each, comma-separated; the first one encrypts, all decrypt.',
  },
  CODEC_JWKS_URL: {
    schema: url.optional(),
    production: publicHttps,
    about: 'Where the issuer of the Temporal UI’s tokens publishes its keys. The codec server needs it in production.',
  },
  CODEC_TOKEN_ISSUER: {
    schema: text.optional(),
    about: 'The `iss` of those tokens. The codec server needs it in production.',
  },
  CODEC_TOKEN_AUDIENCE: {
    schema: text.optional(),
    about: 'The `aud` that those tokens have to name. The codec server needs it in production.',
  },
  CODEC_ROLES: {
    schema: list,
    default: 'support,compliance,finance,admin',
    about: 'Whoever has one of these roles may have payloads decrypted, and send what staff may send from the UI.',
  },
  CODEC_ROLES_CLAIM: {
    schema: text,
    default: 'roles',
    about: 'The claim of those tokens that holds the roles: an array, or a text with spaces between.',
  },
  FIELD_KEY: {
    schema: key,
    secret: true,
    production: madeKey,
    about: 'Base64 of 32 bytes: encrypts stored answers that hold secrets.',
  },
  TOKEN_SIGNING_KEY: {
    schema: signingKey,
    secret: true,
    about: 'Ed25519 private key as a JWK in JSON: signs access tokens.',
  },
  LINK_KEY: {
    schema: key,
    secret: true,
    production: madeKey,
    about: 'Base64 of 32 bytes: signs the links that are sent by e-mail.',
  },
  STRIPE_API_KEY: {
    schema: text,
    secret: true,
    production: never(/^[a-z]+_test_/, 'a key of test mode has no place in production'),
    about: 'Secret key of the platform account.',
  },
  STRIPE_API_URL: {
    schema: url,
    production: publicHttps,
    default: 'https://api.stripe.com',
    about: 'Another address of the Stripe API, for a sandbox.',
  },
  STRIPE_WEBHOOK_SECRETS: {
    schema: list,
    secret: true,
    about:
      'Signing secrets of the webhook endpoint for events of the platform, comma-separated while one is being replaced.',
  },
  STRIPE_CONNECT_WEBHOOK_SECRETS: { schema: list, secret: true, about: 'The same for events of connected accounts.' },
  ONFIDO_API_TOKEN: {
    schema: text,
    secret: true,
    production: never(/^api_sandbox\./, 'a token of the sandbox has no place in production'),
    about: 'API token.',
  },
  ONFIDO_API_URL: {
    schema: url,
    production: publicHttps,
    default: 'https://api.eu.onfido.com/v3.6',
    about: 'Address of the Onfido API, by region.',
  },
  ONFIDO_WEBHOOK_TOKENS: {
    schema: list,
    secret: true,
    about: 'Tokens of the webhook endpoint, comma-separated while one is being replaced.',
  },
  ONFIDO_WORKFLOW_ID: { schema: z.uuid(), about: 'The Onfido Studio workflow that checks a seller.' },
  SMTP_URL: {
    schema: url,
    secret: true,
    production: securedMail,
    about:
      'Outgoing mail: `smtps://user:password@host` (TLS), or `smtp://…?requireTLS=true` (STARTTLS, or no mail at all).',
  },
  MAIL_FROM: {
    schema: text,
    default: 'Wellpact <no-reply@wellpact.example>',
    production: never(/@[^>]*\.example>?$/, 'nobody can be answered at .example: name a sender of your own'),
    about: 'The sender of mails.',
  },
  FCM_CREDENTIALS: {
    schema: serviceAccount,
    secret: true,
    production: never(/"token_uri"\s*:\s*"http:/, 'a key of the sandbox has no place in production'),
    about: 'The key file (JSON) of the Google service account that may send pushes by Firebase Cloud Messaging.',
  },
  FCM_API_URL: {
    schema: url,
    production: publicHttps,
    default: 'https://fcm.googleapis.com',
    about: 'Another address of the FCM API, for a sandbox.',
  },
  OBJECT_STORE: {
    schema: text.refine(
      (value) => /^file:.+/.test(value) || /^https?:\/\/[^/?#]+\/[^?#]+$/.test(value),
      '`file:` and a folder, or the address of a bucket: https://host/bucket',
    ),
    production: never(/^(file|http):/, 'a bucket, by https, is needed in production'),
    default: 'file:.wellpact/objects',
    about:
      'Where files lie that people hand in, encrypted by us: the address of a bucket that speaks S3, https://host/bucket, or `file:` and a folder.',
  },
  OBJECT_STORE_REGION: { schema: text, default: 'eu-central-1', about: 'The region of the bucket.' },
  OBJECT_STORE_KEY_ID: { schema: text.optional(), about: 'Access key of the bucket.' },
  OBJECT_STORE_SECRET: { schema: text.optional(), secret: true, about: 'Its secret.' },
  VIRUS_SCANNER: {
    schema: text.refine(
      (value) => value === 'none' || /^tcp:\/\/[^/:]+:\d+$/.test(value),
      '`none`, or a clamd as tcp://host:port',
    ),
    production: never(/^none$/, 'a clamd is needed in production: tcp://host:3310'),
    default: 'none',
    about:
      'Looks at files that people hand in: a clamd (ClamAV), tcp://host:port, whose `StreamMaxLength` is 5 MB or more. `none` knows a test text and nothing else: it is no virus scanner.',
  },
  POLICY_FILE: {
    schema: text,
    default: 'services/transactions/policy.yml',
    about: 'Windows, limits and tiers of purchases.',
  },
  RECONCILIATION_HOUR: {
    schema: wholeNumber.refine((hour) => hour <= 23, 'an hour from 0 to 23'),
    default: '3',
    about: 'The hour (UTC) at which the ledger is compared with Stripe, every day.',
  },
  RECONCILIATION_SETTLE_SECONDS: {
    schema: wholeNumber.refine((seconds) => seconds <= 86_400, 'at most a day'),
    default: '900',
    about: 'What is younger is left to the next reconciliation: both sides of it are still being written.',
  },
  DOCUMENT_ISSUER: {
    schema: lines,
    default: 'Wellpact',
    about: 'Who issues statements and invoices: the name of the company, then its address, with `;` between the lines.',
  },
  REPLY_CHECK: {
    schema: z.enum(['off', 'log', 'fail']).optional(),
    about:
      'Whether answers are checked against the schemas that describe them. Without: off in production, else log; fail in tests.',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    schema: url.optional(),
    about:
      'An OpenTelemetry collector that takes OTLP over HTTP, such as `http://collector:4318`. Nothing is traced without.',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    schema: text.optional(),
    secret: true,
    about: 'What the collector wants to see with it, `name=value`, comma-separated.',
  },
  OTEL_TRACES_SAMPLER: {
    schema: z.enum([
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ]),
    default: 'parentbased_always_on',
    about: 'Which traces are kept; `parentbased_traceidratio` keeps a part of them, each whole.',
  },
  OTEL_TRACES_SAMPLER_ARG: {
    schema: z.string().regex(/^(0(\.\d+)?|1(\.0+)?)$/, 'a number from 0 to 1'),
    default: '1',
    about: 'Which part, from 0 to 1.',
  },
  BUNDLE_CACHE_DIR: {
    schema: text.optional(),
    about: 'Where a worker keeps the bundle of the workflows, since making it takes seconds. Not kept without.',
  },
  WELLPACT_BUILD_ID: {
    schema: z
      .string()
      .regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/, 'letters, digits, dots, dashes and underscores, 100 at the most')
      .optional(),
    about:
      'Which build a worker is: it gets work once `npm run deploy -- set-current` names it. `auto`: the commit and a hash of the workflows. Without it, workers have no versions.',
  },
} as const satisfies Record<
  string,
  { schema: z.ZodType; default?: string; secret?: true; production?: ProductionProblem; about: string }
>;

type Settings = { readonly [Name in keyof typeof SETTINGS]: z.output<(typeof SETTINGS)[Name]['schema']> };

export interface Config extends Settings {
  readonly ports: Ports;
  /** What the `TEMPORAL_*` settings come to. */
  readonly temporal: TemporalProfile;
}

/** Some settings are missing or wrong; the message names all of them, one a line, and never shows a value. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/**
 * Reads the settings from the environment.
 * @throws ConfigError naming everything that is missing or wrong at once, and in production what belongs to a sandbox
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const wrong: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(SETTINGS)) {
    const given = env[name] === '' ? undefined : env[name];
    const value = given ?? ('default' in setting ? setting.default : undefined);
    const result = setting.schema.safeParse(value);
    if (!result.success) {
      const what = given === undefined ? 'missing' : (result.error.issues[0]?.message ?? 'wrong');
      wrong.push(`  ${name}: ${what}. ${setting.about}`);
      continue;
    }
    values[name] = result.data;
    const isProduction = env['NODE_ENV'] === 'production';
    const problem = isProduction && value !== undefined && 'production' in setting && setting.production(value);
    if (problem) wrong.push(`  ${name}: ${problem}. ${setting.about}`);
  }
  const temporal = temporalProfile(env);
  const problems = 'connection' in temporal ? productionProblems(env, temporal) : temporal;
  wrong.push(...problems.map(({ setting, problem }) => `  ${setting}: ${problem}. ${aboutOf(setting)}`));
  if (wrong.length > 0 || !('connection' in temporal)) {
    throw new ConfigError(`These settings are missing or wrong:\n${wrong.join('\n')}\nSee docs/reference/settings.md.`);
  }
  const settings = values as unknown as Settings;
  return { ...settings, ports: portsFor(settings.PORT_OFFSET), temporal };
}

/** Whoever listens on the way would read whose purchases these are, and an API key. */
function productionProblems(env: NodeJS.ProcessEnv, { connection }: TemporalProfile): readonly ProfileProblem[] {
  if (env['NODE_ENV'] !== 'production' || (connection.tls ?? false) !== false) return [];
  if (connection.apiKey !== undefined) {
    return [{ setting: 'TEMPORAL_API_KEY', problem: 'it would be sent without TLS' }];
  }
  const host = connection.address.replace(/:\d+$/, '');
  if (isLocalHost(host) || connection.tls === false) return [];
  return [{ setting: 'TEMPORAL_TLS', problem: 'true is needed in production, or false if the network is private' }];
}

const aboutOf = (setting: string): string =>
  setting in SETTINGS ? SETTINGS[setting as keyof typeof SETTINGS].about : '';

/** The settings of a process that ends, with the message alone, when they cannot be used. */
export function configOrExit(): Config {
  try {
    return loadConfig(process.env);
  } catch (error) {
    if (error instanceof ConfigError) {
      console.error(error.message);
      process.exit(1);
    }
    throw error;
  }
}
