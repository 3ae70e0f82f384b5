/** What providers send: believed only when it is signed, counted once, and never lost. */
import { createHmac, randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../platform/database.ts';
import { createLogger } from '../../platform/logging.ts';
import { createStripe } from '../../providers/stripe-calls.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { buy, publishedListing, reached } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { waitFor } from '../helpers/wait-for.ts';

const setting = (name: string): string => stack().env[name]?.split(',')[0] ?? '';
const secretOf = (endpoint: 'platform' | 'connect'): string =>
  setting(endpoint === 'platform' ? 'STRIPE_WEBHOOK_SECRETS' : 'STRIPE_CONNECT_WEBHOOK_SECRETS');
const now = (): number => Math.floor(Date.now() / 1_000);

const stripeSignature = (body: string, secret: string, at = now()): string =>
  `t=${at},v1=${createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')}`;

async function send(
  provider: 'stripe' | 'onfido',
  body: string | Buffer,
  headers: Record<string, string>,
): Promise<number> {
  const response = await fetch(`${stack().urls.api}/webhooks/${provider}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  await response.arrayBuffer();
  return response.status;
}

const stripeEvent = (more: Record<string, unknown> = {}): string =>
  JSON.stringify({
    id: `evt_${randomUUID()}`,
    object: 'event',
    type: 'payment_intent.amount_capturable_updated',
    data: { object: { id: `pi_${randomUUID()}`, object: 'payment_intent', metadata: {} } },
    ...more,
  });

async function inbox(eventId: string): Promise<{ status: string; attempts: number }[]> {
  const database = openDatabase({
    url: stack().databases.app,
    maxConnections: 1,
    applicationName: 'test',
    log: createLogger({ role: 'test', level: 'error' }),
  });
  try {
    const { rows } = await database.query<{ status: string; attempts: number }>(
      'SELECT status, attempts FROM webhooks.inbox WHERE event_id = $1',
      [eventId],
    );
    return rows;
  } finally {
    await database.close();
  }
}

const idOf = (body: string): string => (JSON.parse(body) as { id: string }).id;

describe('events of Stripe', () => {
  test.each<[string, (body: string) => Record<string, string>]>([
    ['no signature', () => ({})],
    ['an empty signature', () => ({ 'stripe-signature': '' })],
    ['nonsense', () => ({ 'stripe-signature': 'nonsense' })],
    ['an empty digest', () => ({ 'stripe-signature': `t=${now()},v1=` })],
    [
      'a truncated signature',
      (body) => ({ 'stripe-signature': stripeSignature(body, secretOf('platform')).slice(0, -2) }),
    ],
    ['another secret', (body) => ({ 'stripe-signature': stripeSignature(body, 'whsec_other') })],
    [
      'a stamp of ten minutes ago',
      (body) => ({ 'stripe-signature': stripeSignature(body, secretOf('platform'), now() - 600) }),
    ],
    [
      'a stamp of two minutes ahead',
      (body) => ({ 'stripe-signature': stripeSignature(body, secretOf('platform'), now() + 120) }),
    ],
    ['the signature of another body', () => ({ 'stripe-signature': stripeSignature('{}', secretOf('platform')) })],
    [
      'the secret of the other endpoint',
      (body) => ({ 'stripe-signature': stripeSignature(body, secretOf('connect')) }),
    ],
  ])('with %s are refused, and nothing is stored', async (_what, headers) => {
    const body = stripeEvent();
    expect(await send('stripe', body, headers(body))).toBe(401);
    expect(await inbox(idOf(body))).toEqual([]);
  });

  test('of a connected account, signed for the platform, are refused', async () => {
    const body = stripeEvent({ account: 'acct_1', type: 'account.updated' });
    expect(await send('stripe', body, { 'stripe-signature': stripeSignature(body, secretOf('platform')) })).toBe(401);
  });

  test.each(['not json', '[]', '{}', 'null'])(
    'that are signed but none are refused once and for all: %s',
    async (body) => {
      expect(await send('stripe', body, { 'stripe-signature': stripeSignature(body, secretOf('platform')) })).toBe(400);
    },
  );

  test('are stored once, however often they come', async () => {
    const body = stripeEvent({ type: 'charge.updated' });
    const headers = { 'stripe-signature': stripeSignature(body, secretOf('platform')) };
    const statuses = await Promise.all(Array.from({ length: 5 }, () => send('stripe', body, headers)));
    expect(statuses).toEqual([200, 200, 200, 200, 200]);
    expect(await inbox(idOf(body))).toMatchObject([{ status: 'ignored' }]);
  });

  test('about something unknown are kept, and looked at again', async () => {
    const body = stripeEvent();
    expect(await send('stripe', body, { 'stripe-signature': stripeSignature(body, secretOf('platform')) })).toBe(200);
    await waitFor(async () => ((await inbox(idOf(body)))[0]?.attempts ?? 0) >= 2, {
      what: 'the relay to look at the event again',
      timeoutMs: 30_000,
    });
    expect(await inbox(idOf(body))).toMatchObject([{ status: 'received' }]);
  });

  test('larger than 256 KB are refused', async () => {
    const body = stripeEvent({ padding: 'x'.repeat(300 * 1024) });
    expect(await send('stripe', body, { 'stripe-signature': stripeSignature(body, secretOf('platform')) })).toBe(413);
  });
});

describe('events of Onfido', () => {
  const body = JSON.stringify({
    payload: {
      resource_type: 'workflow_run',
      action: 'workflow_run.completed',
      object: { id: randomUUID(), status: 'approved' },
    },
  });
  const signature = (text: string): string =>
    createHmac('sha256', setting('ONFIDO_WEBHOOK_TOKENS')).update(text).digest('hex');

  test.each([
    ['no signature', undefined],
    ['an empty signature', ''],
    ['a short signature', 'abcd'],
    ['junk behind the signature', 'JUNK'],
    ['another signature', createHmac('sha256', 'other').update(body).digest('hex')],
  ])('with %s are refused', async (what, given) => {
    const value = what.startsWith('junk') ? `${signature(body)}zz` : given;
    expect(await send('onfido', body, value === undefined ? {} : { 'x-sha2-signature': value })).toBe(401);
  });

  test.each(['not json', '[]', '{}'])('that are signed but none are refused once and for all: %s', async (none) => {
    expect(await send('onfido', none, { 'x-sha2-signature': signature(none) })).toBe(400);
  });

  test('that are signed are stored', async () => {
    expect(await send('onfido', body, { 'x-sha2-signature': signature(body) })).toBe(200);
  });
});

describe('a hint is only a hint', () => {
  let seller: Person;
  let buyer: Person;
  beforeAll(async () => {
    [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
  });

  test('an event that says "paid" moves nothing while Stripe itself says otherwise', async () => {
    const { body: purchase } = await buy(buyer, await publishedListing(seller), { paymentMethod: undefined });
    const intent = purchase.payment.clientSecret?.split('_secret_')[0];
    const body = stripeEvent({
      data: {
        object: {
          id: intent,
          object: 'payment_intent',
          status: 'requires_capture',
          metadata: { purchaseId: purchase.id },
        },
      },
    });
    expect(await send('stripe', body, { 'stripe-signature': stripeSignature(body, secretOf('platform')) })).toBe(200);
    expect(await inbox(idOf(body))).toMatchObject([{ status: 'signalled' }]);
    const stripe = createStripe({ apiKey: setting('STRIPE_API_KEY'), apiUrl: stack().urls.stripe, timeoutMs: 5_000 });
    // Only what follows can move it on; the state before it would show as `authorised` too early.
    expect((await reached(buyer, purchase.id, 'payment_pending')).payment.status).toBe('requires_payment_method');
    await stripe.paymentIntents.confirm(intent ?? '', { payment_method: 'pm_card_visa', return_url: stack().urls.api });
    expect((await reached(buyer, purchase.id, 'authorised')).payment.status).toBe('requires_capture');
  });
});
