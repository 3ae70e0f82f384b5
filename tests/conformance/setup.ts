import type { Ports } from '../../platform/ports.ts';
import { SANDBOX } from '../../scripts/stack/roles.ts';
import { startTestStack } from '../setup/test-stack.ts';

/** What tests need to talk to a sandbox of their own. */
export interface SandboxUnderTest {
  readonly ports: Ports;
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

/**
 * Starts a PostgreSQL and a sandbox process on free ports with empty data.
 * @param webhooksTo where the sandbox sends webhooks: the base URL that `PUBLIC_URL` means
 */
export async function startSandboxUnderTest(webhooksTo: string): Promise<SandboxUnderTest> {
  const secrets = {
    STRIPE_API_KEY: 'sk_test_conformance',
    STRIPE_WEBHOOK_SECRETS: 'whsec_platform',
    STRIPE_CONNECT_WEBHOOK_SECRETS: 'whsec_connect',
    ONFIDO_API_TOKEN: 'api_sandbox.conformance',
    ONFIDO_WEBHOOK_TOKENS: 'onfido-webhook-token',
    ONFIDO_WORKFLOW_ID: '6f6a1f5e-6b1d-4f0c-9a53-0d4a9d1a7d55',
  };
  const { stack, stop } = await startTestStack({
    roles: [SANDBOX],
    temporal: false,
    env: { LOG_LEVEL: 'warn', PUBLIC_URL: webhooksTo, ...secrets },
  });
  return {
    ports: stack.ports,
    databaseUrl: stack.databases.sandbox,
    stripeApiKey: secrets.STRIPE_API_KEY,
    stripeWebhookSecret: secrets.STRIPE_WEBHOOK_SECRETS,
    stripeConnectWebhookSecret: secrets.STRIPE_CONNECT_WEBHOOK_SECRETS,
    onfidoApiToken: secrets.ONFIDO_API_TOKEN,
    onfidoWebhookToken: secrets.ONFIDO_WEBHOOK_TOKENS,
    onfidoWorkflowId: secrets.ONFIDO_WORKFLOW_ID,
    restart: (signal) => stack.restart(SANDBOX.name, signal),
    stop,
  };
}
