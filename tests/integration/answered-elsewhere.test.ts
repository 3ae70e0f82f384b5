/** Evidence that was submitted in Stripe's dashboard is nobody's of ours; what we have asked for is, however it is heard of. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createPurchaseActivities } from '../../activities/purchase.ts';
import type { PurchaseId } from '../../contracts/ids.ts';
import type { Database } from '../../platform/database.ts';
import type { Payments } from '../../providers/payments.ts';
import { ProviderError } from '../../providers/provider-error.ts';
import { createStripe } from '../../providers/stripe-calls.ts';
import { aboutChargeback, chargebacksOf, disputed, laid, moveDispute, sold } from '../helpers/chargebacks.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { sandboxLog } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { staffToken } from '../helpers/staff.ts';
import { asActivity, databaseOfStack, purchaseDeps } from '../helpers/steps.ts';
import { waitFor } from '../helpers/wait-for.ts';

let buyer: Person;
let seller: Person;
let finance: Awaited<ReturnType<typeof staffToken>>;
let database: Database;

beforeAll(async () => {
  [buyer, finance] = await Promise.all([verifiedBuyer(), staffToken('finance')]);
  database = databaseOfStack(2);
});
beforeEach(async () => {
  seller = await verifiedSeller();
});
afterAll(() => database.close());

async function chargedBack(): Promise<{ readonly purchaseId: PurchaseId; readonly chargebackId: string }> {
  const purchaseId = (await sold({ seller, buyer }, ['accept', 'deliver'])) as PurchaseId;
  const { id: chargebackId } = await disputed(purchaseId);
  await laid(buyer, purchaseId, 'open');
  return { purchaseId, chargebackId };
}

/** Somebody answers in Stripe's dashboard. */
async function answeredInTheDashboard(chargebackId: string): Promise<void> {
  const { env, urls } = stack();
  const stripe = createStripe({ apiKey: env['STRIPE_API_KEY'] ?? '', apiUrl: urls.stripe, timeoutMs: 5_000 });
  await stripe.disputes.update(chargebackId, { evidence: { product_description: 'A balm.' }, submit: true });
}

/** The steps as a worker takes them, which no workflow hears of. */
const stepsWith = (behaving: (real: Payments) => Partial<Payments> = () => ({})) => {
  const deps = purchaseDeps(database);
  return createPurchaseActivities({ ...deps, payments: { ...deps.payments, ...behaving(deps.payments) } });
};

const CLOCK = { type: 'system', id: 'clock' } as const;
const ofFinance = () => ({ actor: { type: 'staff', id: finance.id } as const, updateId: randomUUID() });

const lost = (): never => {
  throw new ProviderError('stripe', 'unreachable', 'reply_lost');
};

const known = async (purchaseId: string) => (await chargebacksOf(finance, purchaseId)).data[0];

/** Who, by the audit trail, has submitted evidence. */
async function answeredBy(purchaseId: string): Promise<string[]> {
  const { rows } = await database.query<{ actor: string }>(
    `SELECT actor FROM audit.entries WHERE subject_id = $1 AND change LIKE '%"step":"answerChargeback/%'`,
    [purchaseId],
  );
  return rows.map(({ actor }) => actor);
}

async function expectSubmittedByNobodyOfUs(purchaseId: string): Promise<void> {
  expect(await known(purchaseId)).toMatchObject({ status: 'under_review', answerable: false, answeredAt: null });
  expect(await answeredBy(purchaseId)).toEqual([]);
}

test('finance hears that the bank takes no more, and is not told that it was they', async () => {
  const { purchaseId, chargebackId } = await chargedBack();
  await answeredInTheDashboard(chargebackId);
  const statement = { statement: 'It was delivered.' };
  const answer = await aboutChargeback(finance, purchaseId, chargebackId, 'evidence', randomUUID(), statement);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 409, body: { code: 'NOT_ANSWERABLE' } });
  await expectSubmittedByNobodyOfUs(purchaseId);
});

test('the same when it was submitted between our look and our submission', async () => {
  const { purchaseId, chargebackId } = await chargedBack();
  const steps = stepsWith((real) => ({
    submitEvidence: async (...args) => {
      await answeredInTheDashboard(chargebackId);
      return real.submitEvidence(...args);
    },
  }));
  const order = { purchaseId, chargebackId, ...ofFinance() };
  for (const atMs of [Date.now(), Date.now() + 2_000]) {
    const refused = asActivity(() => steps.answerChargeback({ ...order, atMs }));
    await expect(refused).rejects.toMatchObject({ type: 'NOT_ANSWERABLE' });
  }
  await expectSubmittedByNobodyOfUs(purchaseId);
});

test('the clock that finds it submitted says so, and claims nothing', async () => {
  const { purchaseId, chargebackId } = await chargedBack();
  await answeredInTheDashboard(chargebackId);
  const step = { purchaseId, chargebackId, actor: CLOCK, atMs: Date.now() };
  expect(await asActivity(() => stepsWith().answerChargeback(step))).not.toHaveProperty('chargebackWork');
  await expectSubmittedByNobodyOfUs(purchaseId);
});

test.each([
  ['before Stripe was asked', () => lost()],
  ['when Stripe had done it', (submitted: () => Promise<unknown>) => submitted().then(lost)],
] as const)('an order whose worker dies %s is answered when it comes again, and no other is', async (_when, dies) => {
  const { purchaseId, chargebackId } = await chargedBack();
  const dying = stepsWith((real) => ({
    submitEvidence: async (...args) => dies(() => real.submitEvidence(...args)),
  }));
  const order = { purchaseId, chargebackId, ...ofFinance(), atMs: Date.now() };
  await expect(asActivity(() => dying.answerChargeback(order))).rejects.toThrow(/reply_lost/);
  expect(await answeredBy(purchaseId)).toEqual([]);
  const again = await asActivity(() => stepsWith().answerChargeback({ ...order, atMs: order.atMs + 2_000 }));
  expect(again).not.toHaveProperty('chargebackWork');
  const other = asActivity(() => stepsWith().answerChargeback({ ...order, ...ofFinance() }));
  await expect(other).rejects.toMatchObject({ type: 'NOT_ANSWERABLE' });
  expect((await known(purchaseId))?.answeredAt).not.toBeNull();
  expect(await answeredBy(purchaseId)).toEqual([`staff:${finance.id}`]);
  expect(await sandboxLog({ transferGroup: purchaseId, kind: 'dispute_evidence' })).toHaveLength(1);
});

test('what the clock has submitted is its own, though Stripe tells of it first and the bank has decided', async () => {
  const { purchaseId, chargebackId } = await chargedBack();
  const dying = stepsWith((real) => ({
    submitEvidence: (...args) => real.submitEvidence(...args).then(lost),
  }));
  const step = { purchaseId, chargebackId, actor: CLOCK, atMs: Date.now() };
  await expect(asActivity(() => dying.answerChargeback(step))).rejects.toThrow(/reply_lost/);
  await moveDispute(chargebackId, 'won');
  await laid(buyer, purchaseId, 'won');
  await waitFor(async () => (await known(purchaseId))?.answeredAt != null, {
    what: 'that to be noted',
    timeoutMs: 20_000,
  });
  expect(await answeredBy(purchaseId)).toEqual(['system:clock']);
});
