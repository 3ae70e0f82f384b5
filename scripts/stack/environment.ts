import type { Ports } from '../../platform/ports.ts';
import type { DatabaseUrls } from './databases.ts';
import type { Secrets } from './secrets.ts';
import type { TemporalAddresses } from './temporal-server.ts';

/** Where a stack is reached. Without trailing slashes. */
export interface StackUrls {
  readonly api: string;
  readonly sandbox: string;
  readonly stripe: string;
  readonly onfido: string;
  readonly mail: string;
  readonly push: string;
  readonly codec: string;
  readonly temporalUi: string;
}

export function urlsOf(ports: Ports, temporal: TemporalAddresses): StackUrls {
  const local = (port: number): string => `http://127.0.0.1:${port}`;
  return {
    api: local(ports.api),
    sandbox: local(ports.sandboxControl),
    stripe: local(ports.stripe),
    onfido: local(ports.onfido),
    mail: local(ports.mail),
    push: local(ports.push),
    codec: local(ports.codec),
    temporalUi: temporal.uiUrl,
  };
}

export interface EnvironmentOptions {
  readonly nodeEnv: 'development' | 'test';
  readonly portOffset: number;
  readonly ports: Ports;
  readonly secrets: Secrets;
  readonly databases: DatabaseUrls;
  readonly temporal: TemporalAddresses;
  readonly namespace: string;
  /** Where workers keep bundles of the workflows. */
  readonly bundles: string;
  /** Where files lie that people hand in. */
  readonly objects: string;
  /** Wins over everything. */
  readonly extra: Readonly<Record<string, string>>;
}

/** What the shell says about another Temporal, build, test run or script of npm is none of a local role's business. */
const FOREIGN = /^(npm_|VITEST|TEMPORAL_|WELLPACT_BUILD_ID$)/;

export function inheritedEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !FOREIGN.test(entry[0]),
  );
  return Object.fromEntries(entries);
}

/** The settings of api, worker, relay and codec server (platform/config.ts), and those of the sandbox. */
export function environmentsOf(options: EnvironmentOptions): Record<'application' | 'sandbox', Record<string, string>> {
  const { databases, namespace, ports, secrets, temporal } = options;
  const shared = {
    ...inheritedEnvironment(),
    NODE_ENV: options.nodeEnv,
    PORT_OFFSET: String(options.portOffset),
    HOST: '127.0.0.1',
    PUBLIC_URL: `http://127.0.0.1:${ports.api}`,
    STRIPE_API_KEY: secrets.STRIPE_API_KEY,
    STRIPE_WEBHOOK_SECRETS: secrets.STRIPE_WEBHOOK_SECRETS,
    STRIPE_CONNECT_WEBHOOK_SECRETS: secrets.STRIPE_CONNECT_WEBHOOK_SECRETS,
    ONFIDO_API_TOKEN: secrets.ONFIDO_API_TOKEN,
    ONFIDO_WEBHOOK_TOKENS: secrets.ONFIDO_WEBHOOK_TOKENS,
    ONFIDO_WORKFLOW_ID: secrets.ONFIDO_WORKFLOW_ID,
    FCM_CREDENTIALS: serviceAccount(secrets.FCM_PRIVATE_KEY, ports),
  };
  return {
    application: {
      ...without(shared, ['MIGRATION_DATABASE_URL', 'SANDBOX_DATABASE_URL']),
      PAYLOAD_KEYS: secrets.PAYLOAD_KEYS,
      FIELD_KEY: secrets.FIELD_KEY,
      TOKEN_SIGNING_KEY: secrets.TOKEN_SIGNING_KEY,
      LINK_KEY: secrets.LINK_KEY,
      DATABASE_URL: databases.app,
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: namespace,
      TEMPORAL_UI_URL: temporal.uiUrl,
      BUNDLE_CACHE_DIR: options.bundles,
      OBJECT_STORE: `file:${options.objects}`,
      STRIPE_API_URL: `http://127.0.0.1:${ports.stripe}`,
      ONFIDO_API_URL: `http://127.0.0.1:${ports.onfido}/v3.6`,
      FCM_API_URL: `http://127.0.0.1:${ports.push}`,
      SMTP_URL: `smtp://127.0.0.1:${ports.smtp}`,
      ...options.extra,
    },
    sandbox: {
      ...without(shared, ['DATABASE_URL', 'MIGRATION_DATABASE_URL']),
      SANDBOX_DATABASE_URL: databases.sandbox,
      ...options.extra,
    },
  };
}

/** A key file as Google gives them out, whose tokens the sandbox grants. */
const serviceAccount = (privateKey: string, ports: Ports): string =>
  JSON.stringify({
    type: 'service_account',
    project_id: 'wellpact-sandbox',
    client_email: 'push@wellpact-sandbox.example',
    private_key: privateKey,
    token_uri: `http://127.0.0.1:${ports.push}/token`,
  });

function without(values: Record<string, string>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));
}
