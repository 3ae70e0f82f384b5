/** The judge at work: what is planted behind everybody's back is found, and named. */
import pg from 'pg';
import type { Stripe } from 'stripe';
import { beforeAll, describe, expect, test } from 'vitest';
import type { PurchaseId } from '../../contracts/ids.ts';
import { purchaseWorkflowId } from '../../contracts/purchase.ts';
import { newId } from '../../platform/ids.ts';
import { connectTemporal } from '../../platform/temporal/client.ts';
import { temporalProfile } from '../../platform/temporal/profile.ts';
import { createStripe } from '../../providers/stripe-calls.ts';
import { judgeAll, judgePurchase } from '../helpers/books.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, publishedListing, reached } from '../helpers/purchases.ts';
import { ROOT } from '../helpers/sources.ts';
import { stack } from '../helpers/stack.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { runScript } from '../helpers/workers.ts';

let seller: Person;
let buyer: Person;
let stripe: Stripe;

beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
  const apiKey = stack().env['STRIPE_API_KEY'] ?? '';
  stripe = createStripe({ apiKey, apiUrl: stack().urls.stripe, timeoutMs: 10_000 });
});

/** @returns the id of a purchase that is held, or released */
async function purchaseIn(state: 'held' | 'released'): Promise<string> {
  const { body } = await buy(buyer, await publishedListing(seller));
  await act(seller, body.id, 'accept');
  if (state === 'released') await act(buyer, body.id, 'confirm');
  await reached(buyer, body.id, state);
  return body.id;
}

const chargeOf = async (id: string): Promise<string> =>
  (await stripe.charges.list({ transfer_group: id, limit: 1 })).data[0]?.id ?? '';

/** Changes what the database refuses to change. */
async function forge(statement: string, ...values: unknown[]): Promise<void> {
  const url = new URL(stack().databases.superuser);
  url.pathname = new URL(stack().databases.app).pathname;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    await client.query('SET session_replication_role = replica');
    const { rowCount } = await client.query(statement, values);
    expect(rowCount, statement).toBeGreaterThan(0);
  } finally {
    await client.end();
  }
}

/** The relay makes the workflow of what is late look at it, every hour to the minute: so that it is not mended at once. */
const LONG_OVER = "UPDATE transactions.purchases SET deadline_at = now() - interval '1 day 30 minutes' WHERE id = $1";

const FORGERIES: readonly (readonly [rule: string, what: string, plant: (id: string) => Promise<unknown>])[] = [
  [
    'balances_equal_provider',
    'a refund that somebody made in the dashboard',
    async (id) => stripe.refunds.create({ charge: await chargeOf(id), amount: 100 }),
  ],
  [
    'right_recipient',
    'a transfer to somebody else',
    async (id) =>
      stripe.transfers.create({
        amount: 10,
        currency: 'eur',
        destination: await otherAccount(),
        source_transaction: await chargeOf(id),
        transfer_group: id,
      }),
  ],
  [
    'row_equals_ledger',
    'a cent that changed its place in the row',
    (id) => forge('UPDATE transactions.purchases SET fees = fees - 1, transferred = transferred + 1 WHERE id = $1', id),
  ],
  [
    'transaction_sums_to_zero',
    'a cent more in an entry of the ledger',
    (id) => forge("UPDATE ledger.entries SET amount = amount + 1 WHERE purchase_id = $1 AND account = 'fees'", id),
  ],
  [
    'posted_once',
    'a posting under the name of another purchase',
    (id) => forge("UPDATE ledger.transactions SET source = 'purchase/other' WHERE source = $1", `purchase/${id}`),
  ],
  [
    'audit_follows_states',
    'an audit entry that is gone',
    (id) => forge("DELETE FROM audit.entries WHERE subject_id = $1 AND action = 'purchase.held'", id),
  ],
  [
    'states_are_told',
    'an event that is gone',
    (id) => forge("DELETE FROM outbox.events WHERE key = $1 AND type = 'purchase.held'", id),
  ],
  [
    'standing_equals_row',
    'a state that the workflow knows nothing of',
    (id) => forge("UPDATE transactions.purchases SET state = 'delivered' WHERE id = $1", id),
  ],
  ['not_past_deadline', 'a deadline that is long over', (id) => forge(LONG_OVER, id)],
  [
    'not_past_deadline',
    'a deadline that is long over, with a case about something else',
    async (id) => {
      await forge(LONG_OVER, id);
      await forgeCase(id, 'chargeback', { amount: 2_500 });
    },
  ],
  [
    'late_money_is_named',
    'a case about money that a bank never gave back',
    (id) => forgeCase(id, 'chargeback_remainder', { returned: 100 }),
  ],
  [
    'losses_are_named',
    'a case about a loss that there is not',
    (id) => forgeCase(id, 'chargeback_remainder', { loss: 100 }),
  ],
  [
    'owed_refunds_are_named',
    'a case about a refund that never came back',
    (id) => forgeCase(id, 'refund_failed', { amount: 100 }),
  ],
];

const forgeCase = (id: string, kind: string, details: object): Promise<void> =>
  forge(
    `INSERT INTO cases.cases (id, kind, subject_type, subject_id, details, due_at)
     VALUES ($1, $2, 'purchase', $3, $4, now() + interval '1 day')`,
    newId('cas'),
    kind,
    id,
    JSON.stringify(details),
  );

async function otherAccount(): Promise<string> {
  await verifiedSeller();
  return (await stripe.accounts.list({ limit: 1 })).data[0]?.id ?? '';
}

describe.concurrent('of a purchase that was well it finds', () => {
  test.each(FORGERIES)('%s: %s', async (rule, _what, plant) => {
    const id = await purchaseIn('released');
    await judgePurchase(id);
    await plant(id);
    await expect(judgePurchase(id)).rejects.toThrow(rule);
  });
});

test('a workflow whose next task fails again and again', async () => {
  const id = await purchaseIn('released');
  const { address, namespace } = stack().temporal;
  const profile = temporalProfile({ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace });
  if (!('connection' in profile)) throw new Error(JSON.stringify(profile));
  // What is sent under a key that its worker does not have stops a workflow until the worker is given it.
  const lost = `lost:${Buffer.alloc(32, 1).toString('base64')}`;
  const temporal = connectTemporal({ temporal: profile, PAYLOAD_KEYS: [lost] });
  try {
    await temporal.client.workflow.getHandle(purchaseWorkflowId(id as PurchaseId)).signal('paymentHint', {});
  } finally {
    await temporal.close();
  }
  const judged = await waitFor(() => judgePurchase(id, { graceMs: 3_000 }).then(() => undefined, String), {
    what: 'the judge to find something',
    timeoutMs: 20_000,
  });
  expect(judged).toContain('tasks_go_through');
});

test('a payment that no purchase claims, and money of a purchase that there never was', async () => {
  const pay = (group: object) =>
    stripe.paymentIntents.create({
      amount: 1_000,
      currency: 'eur',
      payment_method: 'pm_card_visa',
      payment_method_types: ['card'],
      confirm: true,
      ...group,
    });
  const [nobodys, unknown] = await Promise.all([pay({}), pay({ transfer_group: 'pur_unknown' })]);
  const told = await judgeAll().catch((error: unknown) => String(error));
  expect(told).toContain('nothing_unclaimed');
  for (const { latest_charge: charge } of [nobodys, unknown]) expect(told).toContain(`capture ${charge as string}`);
});

describe('npm run verify-books', () => {
  test('ends with 0 when all is well', async () => {
    const id = await purchaseIn('held');
    const ran = await runScript(ROOT, 'verify-books', '--purchase', id);
    expect(ran).toMatchObject({ code: 0, out: '1 purchase judged: no difference.\n' });
  });

  test('ends with 1 and names the broken purchase when it is not', async () => {
    const id = await purchaseIn('held');
    await stripe.refunds.create({ charge: await chargeOf(id), amount: 100 });
    const [{ code, out }, asJson] = await Promise.all([
      runScript(ROOT, 'verify-books', '--purchase', id),
      runScript(ROOT, 'verify-books', '--purchase', id, '--json'),
    ]);
    expect(code).toBe(1);
    expect(out).toContain(`the first broken purchase is ${id}`);
    expect(JSON.parse(asJson.out)).toMatchObject({
      purchases: 1,
      differences: expect.arrayContaining([
        expect.objectContaining({ purchaseId: id, rule: 'balances_equal_provider', expected: '100', found: '0' }),
      ]),
    });
  });

  test('says what it does not know', async () => {
    const unknown = await runScript(ROOT, 'verify-books', '--purchase', 'pur_0');
    expect(unknown).toMatchObject({ code: 1, problems: 'There is no purchase pur_0.\n' });
    const typo = await runScript(ROOT, 'verify-books', '--purchas', 'pur_0');
    expect(typo.code).toBe(1);
    expect(typo.problems).toContain('Usage: npm run verify-books');
  });
});
