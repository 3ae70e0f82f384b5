/** What a purchase leaves behind in traces: one piece from the request to the database and to Stripe, and nothing personal. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { createLogger } from '../../platform/logging.ts';
import { replayBundle, workflowBundle } from '../../platform/temporal/bundle.ts';
import { createWorkerConverter } from '../../platform/temporal/data-converter.ts';
import { replay } from '../../platform/temporal/replay.ts';
import { request } from '../helpers/client.ts';
import type { CollectedSpan } from '../helpers/collector.ts';
import { historyOf } from '../helpers/histories.ts';
import { TEST_PAYLOAD_KEYS } from '../helpers/payload-key.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, publishedListing, reached } from '../helpers/purchases.ts';
import { kill, stack } from '../helpers/stack.ts';
import { waitFor } from '../helpers/wait-for.ts';

const collected = async (): Promise<CollectedSpan[]> =>
  (await request<CollectedSpan[]>('GET', '/spans', { base: inject('collector') })).body;

/** The spans of the trace of a request, once those of the given names have come. */
async function traceOf(requestId: string, awaited: readonly string[]): Promise<CollectedSpan[]> {
  let spans: CollectedSpan[] = [];
  await waitFor(
    async () => {
      const all = await collected();
      const root = all.find(({ attributes }) => attributes['wellpact.request_id'] === requestId);
      spans = all.filter(({ traceId }) => traceId === root?.traceId);
      return awaited.every((name) => spans.some((span) => span.name === name));
    },
    { what: `${awaited.join(', ')} in the trace`, timeoutMs: 20_000 },
  );
  return spans;
}

/** From a span up to the root, by names. */
function chain(spans: readonly CollectedSpan[], name: string): string[] {
  const names: string[] = [];
  let span = spans.find((candidate) => candidate.name === name);
  while (span !== undefined) {
    names.push(span.name);
    const { parentSpanId } = span;
    span = parentSpanId === undefined ? undefined : spans.find(({ spanId }) => spanId === parentSpanId);
  }
  return names;
}

const requestIdOf = (response: { headers: Headers }): string => response.headers.get('x-request-id') ?? '';

let seller: Person;
let buyer: Person;
beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
});

describe('a purchase', () => {
  let purchaseId: string;

  test('is one trace from the request through the workflow to the database and to Stripe', async () => {
    const bought = await buy(buyer, await publishedListing(seller));
    purchaseId = bought.body.id;
    const spans = await traceOf(requestIdOf(bought), [
      'POST /v1/purchases',
      'handle openPurchase',
      'stripe createPayment',
      'publish purchase.authorised',
    ]);
    const request = ['update openPurchase', 'POST /v1/purchases'];
    expect(chain(spans, 'handle openPurchase')).toEqual(['handle openPurchase', ...request]);
    expect(chain(spans, 'stripe createPayment')).toEqual([
      'stripe createPayment',
      'step beginPayment',
      'start purchase',
      ...request,
    ]);
    expect(chain(spans, 'purchase_insert')).toEqual([
      'purchase_insert',
      'transaction',
      'step openPurchase',
      'start purchase',
      ...request,
    ]);
    expect(new Set(spans.map(({ service }) => service))).toEqual(
      new Set(['wellpact-api', 'wellpact-worker', 'wellpact-relay']),
    );
  });

  test('each command is a trace of its own, with the steps that were taken for it', async () => {
    const accepted = await act(seller, purchaseId, 'accept');
    const spans = await traceOf(requestIdOf(accepted), ['handle acceptPurchase', 'stripe capturePayment']);
    expect(chain(spans, 'stripe capturePayment')).toEqual([
      'stripe capturePayment',
      'step capturePayment',
      'handle acceptPurchase',
      'update acceptPurchase',
      'POST /v1/purchases/{id}/accept',
    ]);
    const step = spans.find(({ name }) => name === 'step capturePayment');
    expect(step?.attributes).toMatchObject({ 'temporal.workflow_id': `purchase/${purchaseId}` });
  });

  test('what is refused says by which code, and in no words', async () => {
    const refused = await act(seller, purchaseId, 'accept');
    expect(refused.status).toBe(409);
    const spans = await traceOf(requestIdOf(refused), ['POST /v1/purchases/{id}/accept']);
    const root = spans.find(({ parentSpanId }) => parentSpanId === undefined);
    expect(root?.attributes).toMatchObject({ 'http.response.status_code': 409, 'error.type': 'NOT_ALLOWED_NOW' });
  });

  test('goes on in the same trace when the worker dies in the middle of a step', async () => {
    const slow = { provider: 'stripe', method: 'POST', path: '/v1/payment_intents/{intent}/capture', times: 1 };
    const { body } = await buy(buyer, await publishedListing(seller));
    await request('POST', '/_control/faults', {
      base: stack().urls.sandbox,
      body: { ...slow, kind: 'slow', delayMs: 3_000 },
    });
    const accepting = act(seller, body.id, 'accept');
    await waitFor(
      async () =>
        (await request<{ faults: unknown[] }>('GET', '/_control/faults', { base: stack().urls.sandbox })).body.faults
          .length === 0,
      { what: 'Stripe to be asked', timeoutMs: 10_000 },
    );
    await kill('worker');
    const accepted = await accepting;
    await reached(buyer, body.id, 'held');
    const spans = await traceOf(requestIdOf(accepted), ['handle acceptPurchase', 'step capturePayment']);
    expect(chain(spans, 'step capturePayment')).toEqual([
      'step capturePayment',
      'handle acceptPurchase',
      'update acceptPurchase',
      'POST /v1/purchases/{id}/accept',
    ]);
    expect(spans.filter(({ name }) => name === 'handle acceptPurchase')).toHaveLength(1);
  });

  test('its history replays with and without what carries the traces', async () => {
    const workflowId = `purchase/${purchaseId}`;
    const recorded = { workflowId, history: await historyOf(workflowId) };
    expect(JSON.stringify(recorded.history)).toContain('wellpact-trace');
    const log = createLogger({ role: 'test', level: 'error' });
    const dataConverter = createWorkerConverter(TEST_PAYLOAD_KEYS);
    for (const bundle of [await workflowBundle(undefined, log), await replayBundle(log)]) {
      for await (const { difference } of replay({ workflowBundle: bundle, dataConverter }, [recorded])) {
        expect(difference).toBeUndefined();
      }
    }
  });
});

test('a stranger cannot say which trace a request belongs to, nor that it is recorded', async () => {
  const traceId = 'a'.repeat(32);
  const answer = await request('GET', '/v1/listings', {
    headers: { traceparent: `00-${traceId}-${'b'.repeat(16)}-01` },
  });
  const spans = await traceOf(requestIdOf(answer), ['GET /v1/listings']);
  expect(spans[0]?.traceId).not.toBe(traceId);
});

test('log lines name the trace they belong to', async () => {
  const answer = await request('GET', '/v1/listings');
  const spans = await traceOf(requestIdOf(answer), ['GET /v1/listings']);
  const log = readFileSync(join(stack().dataDir, 'logs', 'api.log'), 'utf8');
  const line = log.split('\n').find((one) => one.includes(requestIdOf(answer)) && one.includes('"message":"request"'));
  expect(JSON.parse(line ?? '{}')).toMatchObject({ traceId: spans[0]?.traceId });
});

test('nothing personal is in any span', async () => {
  const planted = {
    displayName: 'Quirinius Planted',
    title: 'Zanzibar-balm',
    email: `planted.${Date.now()}@example.com`,
  };
  const signedUp = await request('POST', '/v1/users', {
    body: {
      email: planted.email,
      password: 'correct horse battery',
      displayName: planted.displayName,
      birthDate: '1990-05-01',
      country: 'DE',
      acceptedTerms: true,
    },
  });
  expect(signedUp.status).toBe(201);
  const token = seller.accessToken;
  const listed = await request('POST', '/v1/listings', {
    token,
    body: {
      title: planted.title,
      description: 'Words-of-somebody',
      category: 'skin_care',
      kind: 'goods',
      price: { amount: 2_500, currency: 'EUR' },
      stock: 3,
      handlingDays: 2,
    },
  });
  expect(listed.status).toBe(201);
  await request('GET', `/v1/listings?q=${encodeURIComponent(planted.title)}`);
  // A value that the database itself complains of, and that its message quotes.
  await request('POST', '/v1/sessions', { body: { email: planted.email, password: 'Wrong-word' } });
  await traceOf(requestIdOf(listed), ['POST /v1/listings', 'transaction']);
  await traceOf(requestIdOf(signedUp), ['POST /v1/users', 'publish user.signed_up']);
  // The mail is a trace of its own, and names the event, not whom it goes to.
  await waitFor(async () => (await collected()).some(({ name }) => name === 'smtp send'), {
    what: 'a mail to be traced',
    timeoutMs: 20_000,
  });
  const everything = (await collected()).map(({ json }) => json).join('\n');
  expect(everything.length).toBeGreaterThan(10_000);
  for (const text of [...Object.values(planted), 'Words-of-somebody', 'Wrong-word', '@example.com', 'correct horse']) {
    expect(everything, text).not.toContain(text);
    expect(everything, `${text}, encoded`).not.toContain(encodeURIComponent(text));
  }
});
