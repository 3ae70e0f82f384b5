/**
 * Both parties change their minds in the same moment: what they are answered is what some order of their commands would
 * have answered, one after the other.
 */
import { beforeAll, expect, test } from 'vitest';
import { expectEqualBooks } from '../helpers/books.ts';
import { disputed } from '../helpers/chargebacks.ts';
import { type Response, request } from '../helpers/client.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import {
  act,
  buy,
  type PurchaseAction,
  type PurchaseBody,
  publishedListing,
  read,
  sandboxLog,
} from '../helpers/purchases.ts';
import { type Answer, isSerial, type Wish } from '../helpers/serial.ts';
import { waitFor } from '../helpers/wait-for.ts';

interface Command extends Wish {
  readonly action: PurchaseAction;
}

const CONFIRM: Command = { event: 'confirm', by: 'buyer', action: 'confirm' };
const REFUND: Command = { event: 'refund_in_full', by: 'seller', action: 'refunds' };
const cancelBy = (by: Command['by']): Command => ({ event: 'cancel', by, action: 'cancel' });

let seller: Person;
let buyer: Person;

beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
});

const ROUNDS = 50;
const AT_ONCE = 5;
const STARTS = ['held', 'delivered', 'held', 'released', 'authorised'] as const;
/** How to come from one to the next. */
const STEPS = [
  ['authorised', 'seller', 'accept'],
  ['held', 'seller', 'deliver'],
  ['delivered', 'buyer', 'confirm'],
] as const;

async function purchaseIn(start: (typeof STARTS)[number]): Promise<string> {
  const { body } = await buy(buyer, await publishedListing(seller));
  let { state } = body;
  for (const [from, by, action] of STEPS) {
    if (state === start) break;
    expect(state).toBe(from);
    ({ state } = (await act(by === 'buyer' ? buyer : seller, body.id, action)).body);
  }
  expect(state).toBe(start);
  return body.id;
}

async function round(index: number): Promise<void> {
  const start = STARTS[index % STARTS.length] ?? 'held';
  const id = await purchaseIn(start);
  const commands = [CONFIRM, cancelBy(index % 2 === 0 ? 'buyer' : 'seller'), REFUND];
  // Who comes first differs, too.
  const turned = [...commands.slice(index % 3), ...commands.slice(0, index % 3)];
  const send = ({ by, action }: Command): Promise<Response<PurchaseBody>> =>
    act(by === 'buyer' ? buyer : seller, id, action);
  const responses = await Promise.all(turned.map(send));
  const answers = responses.map(({ status, body }, position): Answer => {
    const command = turned[position] ?? CONFIRM;
    return { ...command, status, code: body.code, state: body.state };
  });
  const told = JSON.stringify({ index, start, answers: responses.map(({ status, body }) => ({ status, ...body })) });
  for (const [position, { status, body, headers }] of responses.entries()) {
    expect([200, 409], told).toContain(status);
    if (status === 200) continue;
    expect(['NOT_ALLOWED_NOW', 'IN_PROGRESS'], told).toContain(body.code);
    expect(headers.get('content-type'), told).toContain('application/problem+json');
    expect((body as unknown as { detail: string }).detail.length, `${position}: ${told}`).toBeGreaterThan(20);
  }
  await waitFor(async () => !(await read(buyer, id)).body.next.inProgress, {
    what: `${id} to settle`,
    timeoutMs: 20_000,
  });
  const ended = (await read(buyer, id)).body;
  expect(isSerial(start, ended.state, answers), `${told} ended as ${ended.state}`).toBe(true);
  await expectEqualBooks(ended);
  const log = await sandboxLog({ transferGroup: id });
  for (const kind of ['capture', 'transfer', 'refund']) {
    expect(log.filter((entry) => entry.kind === kind).length, `${kind}: ${told}`).toBeLessThanOrEqual(1);
  }
}

test(`confirm, cancel and full refund in the same moment, ${ROUNDS} times`, { timeout: 120_000 }, async () => {
  for (let from = 0; from < ROUNDS; from += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, ROUNDS - from) }, (_, index) => round(from + index)));
  }
});

/** Buyer and seller as above, a dispute, and with them the buyer's bank, or not. */
async function roundWithDispute(index: number, withBank: boolean): Promise<void> {
  const start = DISPUTABLE[index % DISPUTABLE.length] ?? 'held';
  const id = await purchaseIn(start);
  const senders: readonly (readonly [Wish, () => Promise<Response<PurchaseBody>>])[] = [
    [CONFIRM, () => act(buyer, id, 'confirm')],
    [DISPUTE, () => openDispute(id)],
    [REFUND, () => act(seller, id, 'refunds')],
  ];
  const turned = [...senders.slice(index % 3), ...senders.slice(0, index % 3)];
  const [responses] = await Promise.all([
    Promise.all(turned.map(([, send]) => send())),
    withBank ? disputed(id) : undefined,
  ]);
  const answers = responses.map(({ status, body }, position): Answer => {
    const [wish] = turned[position] ?? [CONFIRM];
    // What opens a dispute shows the dispute.
    const state = wish === DISPUTE ? 'disputed' : body.state;
    return { ...wish, status, code: body.code, state };
  });
  const told = JSON.stringify({
    id,
    index,
    start,
    withBank,
    answers: responses.map(({ status, body }) => ({ status, ...body })),
  });
  for (const { status, body, headers } of responses) {
    // A refund whose transfer was taken back already when the bank came: it goes on when the bank has decided.
    expect(withBank ? [200, 201, 202, 409] : [200, 201, 409], told).toContain(status);
    if (status !== 409) continue;
    expect(['NOT_ALLOWED_NOW', 'IN_PROGRESS', 'CHARGEBACK_OPEN', 'PAYMENT_REFUSED'], told).toContain(body.code);
    expect(headers.get('content-type'), told).toContain('application/problem+json');
    expect(body.detail.length, told).toBeGreaterThan(20);
  }
  const ended = await waitFor(
    async () => {
      const { body } = await read(buyer, id);
      const waits = responses.some(({ status }) => status === 202);
      return (waits || !body.next.inProgress) && body.chargeback === (withBank ? 'open' : 'none') && body;
    },
    { what: `${id} to settle`, timeoutMs: 30_000 },
  );
  const taken = answers.filter(({ status }) => status !== 202);
  expect(isSerial(start, ended.state, taken, withBank), `${told} ended as ${ended.state}`).toBe(true);
  await expectEqualBooks(ended);
  const log = await sandboxLog({ transferGroup: id });
  for (const kind of ['capture', 'transfer', 'refund']) {
    expect(log.filter((entry) => entry.kind === kind).length, `${kind}: ${told}`).toBeLessThanOrEqual(1);
  }
}

const DISPUTE: Wish = { event: 'open_dispute', by: 'buyer' };
const DISPUTABLE = ['held', 'delivered', 'released'] as const;

const openDispute = (id: string): Promise<Response<PurchaseBody>> =>
  request('POST', `/v1/purchases/${id}/disputes`, {
    token: buyer.accessToken,
    body: { reason: 'not_as_described', description: 'It is not what the pictures show.' },
  });

async function allRoundsWithDispute(withBank: boolean): Promise<void> {
  for (let from = 0; from < ROUNDS; from += AT_ONCE) {
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, ROUNDS - from) }, (_, index) => roundWithDispute(from + index, withBank)),
    );
  }
}

test(`confirm, dispute and full refund in the same moment, ${ROUNDS} times`, { timeout: 240_000 }, () =>
  allRoundsWithDispute(false),
);

test(`the same, and the bank in the same moment, ${ROUNDS} times`, { timeout: 240_000 }, () =>
  allRoundsWithDispute(true),
);

test('the judge itself: it knows an order that cannot be from one that can', () => {
  const answer = (command: Command, status: number, state: string, code = 'NOT_ALLOWED_NOW'): Answer => ({
    ...command,
    status,
    state,
    code: status === 200 ? '' : code,
  });
  const confirmed = answer(CONFIRM, 200, 'released');
  const refunded = answer(REFUND, 200, 'refunded');
  expect(isSerial('held', 'refunded', [confirmed, refunded])).toBe(true);
  expect(isSerial('held', 'released', [confirmed, answer(REFUND, 409, '', 'IN_PROGRESS')])).toBe(true);
  expect(isSerial('held', 'released', [confirmed, refunded])).toBe(false);
  expect(isSerial('held', 'released', [confirmed, answer(REFUND, 409, '')])).toBe(false);
  expect(isSerial('held', 'cancelled', [answer(cancelBy('buyer'), 200, 'cancelled'), confirmed])).toBe(false);
  const stopped = answer(REFUND, 409, '', 'CHARGEBACK_OPEN');
  expect(isSerial('held', 'held', [stopped], true)).toBe(true);
  expect(isSerial('held', 'held', [stopped])).toBe(false);
  expect(isSerial('held', 'released', [confirmed, stopped], true)).toBe(true);
  expect(isSerial('held', 'held', [confirmed], true)).toBe(false);
  const wasDisputed = answer({ ...DISPUTE, action: 'confirm' }, 201, 'disputed');
  expect(isSerial('held', 'disputed', [wasDisputed, answer(CONFIRM, 409, '')])).toBe(true);
  expect(isSerial('held', 'released', [wasDisputed, confirmed])).toBe(false);
});
