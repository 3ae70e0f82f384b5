import { z } from 'zod';
import { type Ports, portOffsetProblem, portsFor } from '../platform/ports.ts';

const text = z.string().min(1);
const firstOfList = text.transform((value) => (value.split(',')[0] ?? '').trim()).pipe(text);

const schema = z.object({
  NODE_ENV: z
    .enum(['development', 'test'], 'development or test: the sandbox never runs in production')
    .default('development'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  PORT_OFFSET: z
    .string()
    .regex(/^\d{1,5}$/, 'a whole number')
    .default('0')
    .transform(Number)
    .superRefine((offset, context) => {
      const problem = portOffsetProblem(offset);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    }),
  HOST: text.default('127.0.0.1'),
  SANDBOX_DATABASE_URL: z.url(),
  PUBLIC_URL: z.url(),
  STRIPE_API_KEY: text.refine((key) => !/^[a-z]+_live_/.test(key), 'a live key has no place in a sandbox'),
  STRIPE_WEBHOOK_SECRETS: firstOfList,
  STRIPE_CONNECT_WEBHOOK_SECRETS: firstOfList,
  ONFIDO_API_TOKEN: text,
  ONFIDO_WEBHOOK_TOKENS: firstOfList,
  ONFIDO_WORKFLOW_ID: z.uuid(),
  FCM_CREDENTIALS: z
    .string()
    .transform((value, context): unknown => {
      try {
        return JSON.parse(value);
      } catch {
        context.addIssue({ code: 'custom', message: 'not JSON' });
        return z.NEVER;
      }
    })
    .pipe(z.object({ project_id: text, client_email: text, private_key: text, token_uri: z.url() })),
});

/** What the sandbox has to know. The same environment variables configure the API and the worker. */
export interface SandboxSettings {
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  /** The address on which every server of the sandbox listens. */
  readonly host: string;
  readonly ports: Ports;
  readonly databaseUrl: string;
  readonly stripe: {
    readonly apiKey: string;
    readonly webhookUrl: string;
    /** Signs events of the platform. */
    readonly webhookSecret: string;
    /** Signs events of connected accounts. */
    readonly connectWebhookSecret: string;
  };
  readonly onfido: {
    readonly apiToken: string;
    readonly webhookUrl: string;
    readonly webhookToken: string;
    /** The one workflow that exists; a run of any other is refused. */
    readonly workflowId: string;
  };
  /** The one service account that may send pushes. */
  readonly fcm: {
    readonly projectId: string;
    readonly clientEmail: string;
    /** PEM; the sandbox checks by its public half. */
    readonly privateKey: string;
    readonly tokenUri: string;
  };
  /** Where hosted pages are reached, without a trailing slash. */
  readonly pagesUrl: string;
}

/**
 * Reads the settings from the environment.
 * @throws Error that names everything missing or wrong, one setting a line, and never shows a value
 */
export function loadSettings(env: NodeJS.ProcessEnv): SandboxSettings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const result = schema.safeParse(given);
  if (!result.success) {
    const lines = result.error.issues.map(
      ({ path, message }) => `  ${path.join('.')}: ${given[path.join('.')] === undefined ? 'missing' : message}`,
    );
    throw new Error(`These settings are missing or wrong:\n${lines.join('\n')}`);
  }
  const values = result.data;
  const ports = portsFor(values.PORT_OFFSET);
  const publicUrl = values.PUBLIC_URL.replace(/\/+$/, '');
  return {
    logLevel: values.LOG_LEVEL,
    host: values.HOST,
    ports,
    databaseUrl: values.SANDBOX_DATABASE_URL,
    stripe: {
      apiKey: values.STRIPE_API_KEY,
      webhookUrl: `${publicUrl}/webhooks/stripe`,
      webhookSecret: values.STRIPE_WEBHOOK_SECRETS,
      connectWebhookSecret: values.STRIPE_CONNECT_WEBHOOK_SECRETS,
    },
    onfido: {
      apiToken: values.ONFIDO_API_TOKEN,
      webhookUrl: `${publicUrl}/webhooks/onfido`,
      webhookToken: values.ONFIDO_WEBHOOK_TOKENS,
      workflowId: values.ONFIDO_WORKFLOW_ID,
    },
    fcm: {
      projectId: values.FCM_CREDENTIALS.project_id,
      clientEmail: values.FCM_CREDENTIALS.client_email,
      privateKey: values.FCM_CREDENTIALS.private_key,
      tokenUri: values.FCM_CREDENTIALS.token_uri,
    },
    pagesUrl: `http://${reachable(values.HOST)}:${ports.sandboxControl}`,
  };
}

/** "Every interface" is an address to listen on, not one to visit. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
