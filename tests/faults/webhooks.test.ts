/** Webhooks five times, in reverse, days late, before the reply, without Temporal, without a database: one final state. */
import { createHmac, randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { expectEqualBooks } from '../helpers/books.ts';
import { request } from '../helpers/client.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, type PurchaseBody, publishedListing, reached, read, sandboxLog } from '../helpers/purchases.ts';
import { pidOf, stack } from '../helpers/stack.ts';
import { waitFor } from '../helpers/wait-for.ts';

const COPIES = 5;
const THREE_DAYS_S = 3 * 24 * 3_600;

let seller: Person;
let buyer: Person;
beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
});
afterEach(async () => {
  for (const what of ['webhooks', 'faults'])
    await request('DELETE', `/_control/${what}`, { base: stack().urls.sandbox });
});

const setting = (name: string): string => stack().env[name]?.split(',')[0] ?? '';
const hmac = (secret: string, text: string): string => createHmac('sha256', secret).update(text).digest('hex');
const now = (): number => Math.floor(Date.now() / 1_000);

type Endpoint = 'stripe' | 'stripe-connect' | 'onfido';
interface Sent {
  readonly endpoint: Endpoint;
  readonly topic: string;
  readonly body: string;
}

async function rows<Row extends pg.QueryResultRow>(url: string, text: string, values: unknown[]): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** What the sandbox sent so far that names this, oldest first, each body once. */
async function sentAbout(id: string): Promise<Sent[]> {
  return rows<{ endpoint: Endpoint; topic: string; body: string }>(
    stack().databases.sandbox,
    `SELECT endpoint, topic, body FROM sandbox.deliveries WHERE strpos(body, $1) > 0
      GROUP BY endpoint, topic, body ORDER BY min(id)`,
    [id],
  );
}

function signed({ endpoint, body }: Sent): Record<string, string> {
  if (endpoint === 'onfido') return { 'x-sha2-signature': hmac(setting('ONFIDO_WEBHOOK_TOKENS'), body) };
  const secret = setting(endpoint === 'stripe' ? 'STRIPE_WEBHOOK_SECRETS' : 'STRIPE_CONNECT_WEBHOOK_SECRETS');
  return { 'stripe-signature': `t=${now()},v1=${hmac(secret, `${now()}.${body}`)}` };
}

async function send(event: Sent, headers: Record<string, string> = signed(event)): Promise<number> {
  const response = await fetch(`${stack().urls.api}/webhooks/${event.endpoint === 'onfido' ? 'onfido' : 'stripe'}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: event.body,
  });
  await response.arrayBuffer();
  return response.status;
}

/** The same event three days old, under an id that the inbox has not seen: only the state can tell that it is no news. */
function late(event: Sent): Sent {
  if (event.endpoint === 'onfido') return event;
  const parsed = JSON.parse(event.body) as Record<string, unknown>;
  const body = JSON.stringify({ ...parsed, id: `evt_${randomUUID()}`, created: now() - THREE_DAYS_S });
  return { ...event, body };
}

async function sendAll(events: readonly Sent[]): Promise<void> {
  for (const event of events.toReversed())
    for (let copy = 0; copy < COPIES; copy++) expect(await send(event), event.topic).toBe(200);
}

async function control(path: string, body: unknown): Promise<void> {
  const answer = await request('POST', `/_control/${path}`, { base: stack().urls.sandbox, body });
  expect(answer.status).toBeLessThan(300);
}

async function released(): Promise<PurchaseBody> {
  const { body } = await buy(buyer, await publishedListing(seller));
  await reached(buyer, body.id, 'authorised');
  expect((await act(seller, body.id, 'accept')).status).toBe(200);
  await reached(buyer, body.id, 'held');
  expect((await act(buyer, body.id, 'confirm')).status).toBe(200);
  return reached(buyer, body.id, 'released');
}

test('five copies of each event that arrive before the reply of the call that caused them', async () => {
  const listing = await publishedListing(seller);
  await control('webhooks', { action: 'duplicate', copies: COPIES - 1, times: 100 });
  await control('faults', {
    provider: 'stripe',
    method: 'POST',
    path: '/v1/payment_intents',
    kind: 'slow',
    delayMs: 2_000,
  });
  const { body } = await buy(buyer, listing);
  await reached(buyer, body.id, 'authorised');
  expect((await sandboxLog({ transferGroup: body.id, kind: 'authorise' })).length).toBe(1);
  await act(seller, body.id, 'accept');
  await expectEqualBooks(await reached(buyer, body.id, 'held'));
  await act(buyer, body.id, 'confirm');
  await expectEqualBooks(await reached(buyer, body.id, 'released'));
});

test('the events of a payment, five times, in reverse, as they were and three days late', async () => {
  const purchase = await released();
  const events = (await sentAbout(purchase.id)).filter(({ topic }) => topic.startsWith('payment_intent.'));
  expect(events.map(({ topic }) => topic)).toContain('payment_intent.amount_capturable_updated');
  await sendAll(events);
  await sendAll(events.map(late));
  const { body } = await read(buyer, purchase.id);
  expect(body).toEqual(purchase);
  await expectEqualBooks(body);
});

test('the events of an account and of an identity check, five times, in reverse and three days late', async () => {
  const [onboarding] = await rows<{ account_id: string; check_id: string; state: string }>(
    stack().databases.app,
    'SELECT account_id, check_id, state FROM users.onboardings WHERE user_id = $1',
    [seller.id],
  );
  const account = await sentAbout(onboarding?.account_id ?? 'none');
  const check = await sentAbout(onboarding?.check_id ?? 'none');
  const events = [...check, ...account].filter(({ topic }) =>
    ['account.updated', 'capability.updated', 'workflow_run.completed'].includes(topic),
  );
  expect(new Set(events.map(({ topic }) => topic)).size).toBe(3);
  await sendAll(events);
  await sendAll(events.map(late));
  const path = `/v1/onboardings/${seller.id.replace('usr_', 'onb_')}`;
  expect((await request('GET', path, { token: seller.accessToken })).body).toMatchObject({ state: onboarding?.state });
  // The seller can still be paid, which an account that was taken for unfinished could not.
  await expectEqualBooks(await released());
});

test('of the platform and of an account, each under the secret of the other: refused', async () => {
  const events = await sentAbout((await released()).id);
  const event = events.find(({ endpoint }) => endpoint === 'stripe');
  if (event === undefined) throw new Error('the sandbox sent nothing about the purchase');
  // An event that says it is an account's proves it by the account's secret.
  const forged = { ...event, body: event.body.replace('{', '{"account":"acct_1",') };
  expect(await send(forged)).toBe(401);
});

test('while Temporal is away: every event is accepted, and told to its flow when Temporal is back', async () => {
  const bought = await buy(buyer, await publishedListing(seller), { paymentMethod: undefined });
  const temporal = pidOf('temporal');
  if (temporal === undefined) throw new Error('Temporal does not run');
  process.kill(temporal, 'SIGSTOP');
  try {
    await payInApp(bought.body.payment.clientSecret ?? '', 'pm_card_visa');
    await waitFor(async () => (await deliveriesAbout(bought.body.id)).some(isAuthorised), {
      what: 'the event to be accepted',
      timeoutMs: 20_000,
    });
    expect((await read(buyer, bought.body.id)).body.state).toBe('payment_pending');
  } finally {
    process.kill(temporal, 'SIGCONT');
  }
  await reached(buyer, bought.body.id, 'authorised');
});

test('while the database is away: 503, so that the provider comes again; what was accepted is there', async () => {
  const purchase = await released();
  const [event] = await sentAbout(purchase.id);
  const postgres = pidOf('postgres');
  if (event === undefined || postgres === undefined) throw new Error('there is nothing to send, or no database');
  const answers: { readonly id: string; readonly status: number }[] = [];
  process.kill(postgres, 'SIGKILL');
  // A connection can live on for a moment after the death of the server, so the first one may still be accepted.
  await waitFor(
    async () => {
      const next = late(event);
      const { id } = JSON.parse(next.body) as { id: string };
      answers.push({ id, status: await send(next) });
      return answers.some(({ status }) => status === 503) && answers.at(-1)?.status === 200;
    },
    { what: 'the database to go and to come back', timeoutMs: 40_000 },
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 503]));
  await waitFor(async () => (await read(buyer, purchase.id)).status === 200, { what: 'the API', timeoutMs: 40_000 });
  const stored = await rows<{ event_id: string }>(
    stack().databases.app,
    'SELECT event_id FROM webhooks.inbox WHERE event_id = ANY($1)',
    [answers.map(({ id }) => id)],
  );
  const accepted = answers.filter(({ status }) => status === 200).map(({ id }) => id);
  expect(stored.map(({ event_id: id }) => id)).toEqual(expect.arrayContaining(accepted));
  await expectEqualBooks((await read(buyer, purchase.id)).body);
});

interface SentDelivery {
  readonly topic: string;
  readonly state: string;
}

const isAuthorised = ({ topic, state }: SentDelivery): boolean =>
  topic === 'payment_intent.amount_capturable_updated' && state === 'delivered';

const deliveriesAbout = (id: string): Promise<SentDelivery[]> =>
  rows<SentDelivery & pg.QueryResultRow>(
    stack().databases.sandbox,
    'SELECT topic, state FROM sandbox.deliveries WHERE strpos(body, $1) > 0',
    [id],
  );

/** Pays as Stripe.js does. */
async function payInApp(clientSecret: string, paymentMethod: string): Promise<void> {
  const intent = clientSecret.split('_secret_')[0] ?? '';
  const paid = await fetch(`${stack().urls.stripe}/v1/payment_intents/${intent}/confirm`, {
    method: 'POST',
    headers: { authorization: 'Bearer pk_test_wellpact', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ client_secret: clientSecret, payment_method: paymentMethod }),
  });
  expect(paid.status).toBe(200);
}
