import { Configuration, DefaultApi } from '@onfido/api';
import { Stripe } from 'stripe';
import { type Recorder, startRecorder } from './recorder.ts';
import { type SandboxUnderTest, startSandboxUnderTest } from './setup.ts';
import { startWebhookSink, type WebhookSink } from './webhook-sink.ts';

/** A sandbox with the real SDKs in front of it and somebody who takes its webhooks. */
export interface Rig {
  readonly sandbox: SandboxUnderTest;
  readonly stripe: Stripe;
  readonly onfido: DefaultApi;
  readonly stripeTraffic: Recorder;
  readonly onfidoTraffic: Recorder;
  readonly webhooks: WebhookSink;
  /** What truly happened, by the sandbox's own log. */
  readonly log: (filter: string) => Promise<readonly LogLine[]>;
  stop(): Promise<void>;
}

export interface LogLine {
  readonly kind: string;
  readonly id: string;
  readonly amount: number | null;
  readonly currency: string | null;
  readonly transferGroup: string | null;
  readonly idempotencyKey: string | null;
  readonly account: string | null;
}

const CALL_TIMEOUT_MS = 10_000;

export async function startRig(): Promise<Rig> {
  const webhooks = await startWebhookSink();
  const sandbox = await startSandboxUnderTest(webhooks.url);
  const stripeTraffic = await startRecorder(sandbox.ports.stripe);
  const onfidoTraffic = await startRecorder(sandbox.ports.onfido);
  const stripe = new Stripe(sandbox.stripeApiKey, {
    host: '127.0.0.1',
    port: stripeTraffic.port,
    protocol: 'http',
    maxNetworkRetries: 0,
    timeout: CALL_TIMEOUT_MS,
    telemetry: false,
  });
  const basePath = `http://127.0.0.1:${onfidoTraffic.port}/v3.6`;
  return {
    sandbox,
    stripe,
    onfido: new DefaultApi(
      new Configuration({ apiToken: sandbox.onfidoApiToken, basePath, baseOptions: { timeout: CALL_TIMEOUT_MS } }),
    ),
    stripeTraffic,
    onfidoTraffic,
    webhooks,
    log: async (filter) => {
      const response = await fetch(`http://127.0.0.1:${sandbox.ports.sandboxControl}/_control/log?${filter}`);
      const lines = (await response.text()).split('\n').filter((line) => line !== '');
      return lines.map((line) => JSON.parse(line) as LogLine);
    },
    stop: async () => {
      await stripeTraffic.stop();
      await onfidoTraffic.stop();
      await sandbox.stop();
      await webhooks.stop();
    },
  };
}

/** Asks the control API for something. @throws Error with the status and the reason when it is refused */
export async function control(rig: Rig, path: string, body: object): Promise<Record<string, unknown>> {
  const url = `http://127.0.0.1:${rig.sandbox.ports.sandboxControl}/_control/${path}`;
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  const answer = (await response.json()) as Record<string, unknown>;
  if (!response.ok) throw new Error(`${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

/** What a call was refused with. @throws Error when it was not refused by Stripe */
export async function refused(call: Promise<unknown>): Promise<InstanceType<typeof Stripe.errors.StripeError>> {
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof Stripe.errors.StripeError) return outcome;
  throw new Error('Expected a refusal by Stripe', { cause: outcome });
}

/** The expanded object in a member that may also hold an id. */
export function expandedObject<Item extends object>(reference: string | Item | null | undefined): Item {
  if (typeof reference === 'object' && reference !== null) return reference;
  throw new Error(`Expected an expanded object, got ${reference ?? 'nothing'}`);
}

/** The id in a member that may also hold the expanded object. */
export function idIn(reference: string | { id: string } | null | undefined): string {
  const id = typeof reference === 'string' ? reference : reference?.id;
  if (id === undefined) throw new Error('Expected a reference to another object');
  return id;
}

/** A connected account that can receive transfers. */
export async function verifiedAccount(stripe: Stripe): Promise<Stripe.Account> {
  const account = await stripe.accounts.create({
    country: 'DE',
    email: 'seller@example.org',
    business_type: 'individual',
    individual: { first_name: 'Erika', last_name: 'Muster', dob: { day: 1, month: 5, year: 1990 } },
    controller: {
      fees: { payer: 'application' },
      losses: { payments: 'application' },
      requirement_collection: 'stripe',
      stripe_dashboard: { type: 'express' },
    },
    capabilities: { transfers: { requested: true } },
    metadata: { userId: 'usr_1' },
  });
  const link = await stripe.accountLinks.create({
    account: account.id,
    type: 'account_onboarding',
    refresh_url: 'https://app.example/refresh',
    return_url: 'https://app.example/return',
  });
  await fetch(link.url, { method: 'POST' });
  return stripe.accounts.retrieve(account.id);
}

/** Parameters of a payment that is held until it is captured. */
export function heldPayment(more: Partial<Stripe.PaymentIntentCreateParams> = {}): Stripe.PaymentIntentCreateParams {
  return {
    amount: 5_000,
    currency: 'eur',
    capture_method: 'manual',
    payment_method_types: ['card'],
    payment_method: 'pm_card_visa',
    confirm: true,
    return_url: 'https://app.example/return',
    ...more,
  };
}
