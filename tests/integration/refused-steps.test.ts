/** What Stripe refuses though nobody waits for the answer: finance is asked, it says why, and it goes on once Stripe lets it. */
import { beforeAll, beforeEach, expect, test } from 'vitest';
import type { UserId } from '../../contracts/ids.ts';
import { createStripe } from '../../providers/stripe-calls.ts';
import { payoutAccountOf } from '../../services/users/index.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { disputed as chargedBack, intentOf, laid, moveDispute, sold } from '../helpers/chargebacks.ts';
import { request } from '../helpers/client.ts';
import { disputed, disputeReached, does } from '../helpers/disputes.ts';
import { recordHistory } from '../helpers/histories.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, type PurchaseBody, reached, read, sandboxLog } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { order, staffToken } from '../helpers/staff.ts';
import { waitFor } from '../helpers/wait-for.ts';

let buyer: Person;
let seller: Person;
let finance: { readonly id: string; readonly accessToken: string };
beforeAll(async () => {
  [buyer, finance] = await Promise.all([verifiedBuyer(), staffToken('finance')]);
});
beforeEach(async () => {
  seller = await verifiedSeller();
});

const control = async (path: string, body: Record<string, unknown>): Promise<void> => {
  const answer = await request('POST', `/_control/${path}`, { base: stack().urls.sandbox, body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
};

/** Somebody refunds 5.00 in Stripe's dashboard: what is left there is less than we know of. @returns how it is undone */
async function refundedInTheDashboard(id: string, amount = 500): Promise<() => Promise<void>> {
  const { env, urls } = stack();
  const stripe = createStripe({ apiKey: env['STRIPE_API_KEY'] ?? '', apiUrl: urls.stripe, timeoutMs: 5_000 });
  const refund = await stripe.refunds.create({ payment_intent: await intentOf(id), amount });
  return () => control(`refunds/${refund.id}`, { status: 'failed' });
}

/** The judge names what was done in the dashboard, by three rules, and finds nothing else. */
const expectOnlyTheDashboard = (purchase: PurchaseBody): Promise<void> =>
  expect(expectEqualBooks(purchase)).rejects.toThrow(/: 3 differences in 1;[\s\S]*refunds_are_kept/);

interface CaseBody {
  readonly id: string;
  readonly state: string;
  readonly details: Record<string, unknown>;
}
async function casesOf(id: string): Promise<CaseBody[]> {
  const path = `/v1/admin/cases?kind=step_refused&subjectId=${id}`;
  const { body } = await request<{ data: CaseBody[] }>('GET', path, { token: finance.accessToken });
  return body.data;
}
const asked = (id: string, state = 'open') =>
  waitFor(async () => (await casesOf(id)).some((one) => one.state === state), {
    what: `the case to be ${state}`,
    timeoutMs: 30_000,
  });

/** Finance has mended it and does not wait for the hour: what was paused and is let go is tried at once. */
async function tryNow(id: string): Promise<void> {
  expect((await order(finance, id, 'pause', { reason: 'It is being mended.' })).status).toBe(200);
  expect((await order(finance, id, 'resume', { reason: 'It is mended.' })).status).toBe(200);
}

/** What the parties and staff are told of it. */
async function expectTold(id: string, isRefused: boolean): Promise<void> {
  const expected = isRefused ? expect.arrayContaining(['step_refused']) : expect.not.arrayContaining(['step_refused']);
  const why = await request<{ holds: string[]; summary: string; waitsFor: string }>('GET', `/v1/purchases/${id}/why`, {
    token: buyer.accessToken,
  });
  expect(why.body.holds).toEqual(expected);
  expect(why.body.summary.includes('refuses the next step')).toBe(isRefused);
  if (isRefused) expect(why.body.waitsFor).toBe('platform');
  const found = await request<{ data: { id: string }[] }>('GET', '/v1/admin/purchases?attention=step_refused', {
    token: finance.accessToken,
  });
  expect(found.body.data.some((one) => one.id === id)).toBe(isRefused);
}

test('a refund after the release, whose first part is done: under way and never "nothing has changed", until it went through', async () => {
  const id = await sold({ seller, buyer }, ['accept', 'confirm']);
  const undo = await refundedInTheDashboard(id);
  const answer = await act(seller, id, 'refunds');
  expect(answer.status, JSON.stringify(answer.body)).toBe(202);
  expect(answer.body).toMatchObject({ state: 'released', next: { inProgress: true }, money: { payable: 2_250 } });
  await asked(id);
  expect(await casesOf(id)).toMatchObject([{ details: { step: 'refundReleased', code: 'http_400' } }]);
  await expectTold(id, true);
  await undo();
  await tryNow(id);
  const after = await reached(buyer, id, 'refunded');
  expect(after.money).toMatchObject({ refunded: 2_500, transferred: 0, fees: 0, advanced: 0 });
  await asked(id, 'closed');
  await expectTold(id, false);
  await expectOnlyTheDashboard(after);
  await recordHistory('purchase-refund-refused', `purchase/${id}`);
});

test('a refund in part that is refused once its reversal is done, and a bank that uses that up: another reversal is made for it', async () => {
  const id = await sold({ seller, buyer }, ['accept', 'deliver', 'confirm']);
  const undo = await refundedInTheDashboard(id, 2_000);
  const body = { amount: { amount: 750, currency: 'EUR' } };
  const answer = await request('POST', `/v1/purchases/${id}/refunds`, { token: seller.accessToken, body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(202);
  await asked(id);
  await undo();
  await chargedBack(id, { status: 'prevented', amount: 1_000 });
  // Of the 6.75 that came back the bank's part takes all, and 2.25 more.
  await waitFor(async () => (await read(buyer, id)).body.money.transferred === 1_350, {
    what: 'the chargeback to be settled',
    timeoutMs: 20_000,
  });
  await tryNow(id);
  const after = await waitFor(
    async () => {
      const { body: now } = await read(buyer, id);
      return now.money.refunded === 750 && now;
    },
    { what: 'the refund to go through', timeoutMs: 20_000 },
  );
  expect(after.money).toMatchObject({ chargedBack: 1_000, transferred: 675, fees: 75, payable: 0, advanced: 0 });
  const reversals = await sandboxLog({ transferGroup: id, kind: 'reversal' });
  expect(reversals.map(({ amount }) => amount).toSorted((one, other) => one - other)).toEqual([225, 675, 675]);
  await expectOnlyTheDashboard(after);
});

test('what a dispute decided after the release: the same, and the dispute ends with it', async () => {
  const id = await sold({ seller, buyer }, ['accept', 'deliver', 'confirm']);
  const undo = await refundedInTheDashboard(id);
  const dispute = await disputed(buyer, id);
  await does(seller, dispute, 'response', { answer: 'accept' });
  await asked(id);
  expect(await casesOf(id)).toMatchObject([{ details: { step: 'settleDispute' } }]);
  await expectTold(id, true);
  const [open] = await casesOf(id);
  // Whoever closes the case has not mended it: when it is refused once more there is another one.
  const decided = await request('POST', `/v1/admin/cases/${open?.id}/decision`, {
    token: finance.accessToken,
    body: { decision: 'resolved', reason: 'It was looked at.' },
  });
  expect(decided.status, JSON.stringify(decided.body)).toBe(200);
  await undo();
  await tryNow(id);
  const settled = await reached(buyer, id, 'refunded');
  expect(settled.money).toMatchObject({ captured: 2_500, refunded: 2_500, transferred: 0, fees: 0, advanced: 0 });
  await expectOnlyTheDashboard(settled);
  await disputeReached(buyer, dispute.id, 'closed');
  await expectTold(id, false);
  expect((await casesOf(id)).filter(({ state }) => state === 'open')).toEqual([]);
  await recordHistory('purchase-ruling-refused', `purchase/${id}`);
});

async function leaves(): Promise<void> {
  const account = await withDatabase((database) => payoutAccountOf(database, seller.id as UserId));
  await control(`accounts/${account}`, { gone: true });
}

const owed = async (id: string): Promise<PurchaseBody['money']> => {
  expect(await casesOf(id)).toEqual([]);
  expect(await sandboxLog({ transferGroup: id, kind: 'reversal' })).toEqual([]);
  const { body } = await read(buyer, id);
  await expectEqualBooks(body);
  return body.money;
};

test('from a seller whose account is gone nothing is to be had: Wellpact advances the refund, and they owe it', async () => {
  const id = await sold({ seller, buyer }, ['accept', 'confirm']);
  await leaves();
  const answer = await act(seller, id, 'refunds');
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  expect(await owed(id)).toMatchObject({ refunded: 2_500, advanced: 2_250, transferred: 2_250 });
});

test('the same of a chargeback that is lost after the release', async () => {
  const id = await sold({ seller, buyer }, ['accept', 'confirm']);
  await leaves();
  const dispute = await chargedBack(id);
  await laid(buyer, id, 'open');
  await moveDispute(dispute.id, 'lost');
  await reached(buyer, id, 'refunded');
  expect(await owed(id)).toMatchObject({ chargedBack: 2_500, advanced: 2_250, transferred: 2_250, fees: 0 });
});
