/**
 * What becomes of payouts, over HTTP: whatever happens to one, no ledger account of ours changes and nothing is transferred
 * again.
 */
import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import type { UserId } from '../../contracts/ids.ts';
import { payoutWorkflowId } from '../../contracts/payout.ts';
import { auditTrail } from '../../platform/audit.ts';
import { createStripe } from '../../providers/stripe-calls.ts';
import { payoutAccountOf } from '../../services/users/index.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { request } from '../helpers/client.ts';
import { recordHistory } from '../helpers/histories.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { balance, bankSays, payouts } from '../helpers/payouts.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, publishedListing, read, sandboxLog } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { staffToken } from '../helpers/staff.ts';
import { waitFor } from '../helpers/wait-for.ts';

let buyer: Person;
let seller: Person;
let account: string;
let purchaseId: string;
let stripe: ReturnType<typeof createStripe>;

beforeAll(async () => {
  buyer = await verifiedBuyer();
  const apiKey = stack().env['STRIPE_API_KEY'] ?? '';
  stripe = createStripe({ apiKey, apiUrl: stack().urls.stripe, timeoutMs: 10_000 });
});

beforeEach(async () => {
  seller = await verifiedSeller();
  account = (await withDatabase((database) => payoutAccountOf(database, seller.id as UserId))) ?? '';
  purchaseId = await sold();
});

/** Sold with money that is available at once, and released to the seller. */
async function sold(): Promise<string> {
  const { body } = await buy(buyer, await publishedListing(seller), { paymentMethod: 'pm_card_bypassPending' });
  for (const [who, action] of [
    [seller, 'accept'],
    [buyer, 'confirm'],
  ] as const) {
    expect((await act(who, body.id, action)).status).toBe(200);
  }
  return body.id;
}

/** Everything that is available goes to the bank. @returns the payout, once we know of it */
async function payOut(nth = 1): Promise<string> {
  const base = stack().urls.sandbox;
  const answer = await request('POST', `/_control/accounts/${account}`, { base, body: { payOut: true } });
  expect(answer.status).toBe(200);
  const known = async () => ((await payouts(seller)).length >= nth ? (await payouts(seller))[0] : undefined);
  return (await waitFor(known, { what: `payout ${nth}`, timeoutMs: 20_000 })).id;
}

const reaches = (id: string, status: string) =>
  waitFor(async () => (await payouts(seller)).find((one) => one.id === id && one.status === status), {
    what: `${id} to be ${status}`,
    timeoutMs: 20_000,
  });

/** Every entry of the ledger that the seller's purchases have, and everything that moved at Stripe for them. */
async function moved(): Promise<unknown> {
  const entries = await withDatabase(async (database) => {
    const { rows } = await database.query(
      `SELECT e.account, e.amount FROM ledger.entries e JOIN transactions.purchases p ON p.id = e.purchase_id
        WHERE p.seller_id = $1 ORDER BY e.transaction_id, e.ordinal`,
      [seller.id],
    );
    return rows;
  });
  return { entries, log: await sandboxLog({ transferGroup: purchaseId }) };
}

const webhook = (rule: Record<string, unknown>) =>
  request('POST', '/_control/webhooks', { base: stack().urls.sandbox, body: rule });

/** Whether an event about a payout was dealt with. */
const dealtWith = (payoutId: string, eventType: string) =>
  waitFor(
    () =>
      withDatabase(async (database) => {
        const { rows } = await database.query(
          `SELECT 1 FROM webhooks.inbox WHERE object_id = $1 AND event_type = $2 AND status <> 'received'`,
          [payoutId, eventType],
        );
        return rows.length > 0;
      }),
    { what: `${eventType} of ${payoutId}`, timeoutMs: 20_000 },
  );

async function caseOf(payoutId: string): Promise<{ id: string; state: string; kind: string } | undefined> {
  const { accessToken } = await staffToken('finance');
  const { body } = await request<{ data: { id: string; state: string; kind: string; subject: { id: string } }[] }>(
    'GET',
    '/v1/admin/cases?kind=payout_failed&limit=100',
    { token: accessToken },
  );
  return body.data.find(({ subject }) => subject.id === payoutId);
}

/** The seller names a bank account that works: until then Stripe pays nothing out. */
async function enabledAgain(): Promise<void> {
  const { url } = await stripe.accountLinks.create({
    account,
    type: 'account_onboarding',
    refresh_url: 'https://wellpact.example/again',
    return_url: 'https://wellpact.example/done',
  });
  const form = {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'outcome=complete',
  };
  expect((await fetch(url, { ...form, redirect: 'manual' })).status).toBeLessThan(400);
}

test('a payout goes to the bank, and nothing of ours moves with it', async () => {
  const before = await moved();
  const id = await payOut();
  expect((await payouts(seller))[0]).toMatchObject({
    id,
    status: 'pending',
    amount: { amount: 2_250, currency: 'EUR' },
    automatic: true,
    failure: null,
  });
  await bankSays(id, 'in_transit');
  await reaches(id, 'in_transit');
  await bankSays(id, 'paid');
  expect(await reaches(id, 'paid')).toMatchObject({ failedAt: null, failure: null });
  expect(await moved()).toEqual(before);
  expect((await payouts(buyer)).length).toBe(0);
  await recordHistory('payout-paid', payoutWorkflowId(id));
});

test('one that fails after it was paid stays failed, whatever comes late; the seller is told, then finance', async () => {
  const before = await moved();
  const id = await payOut();
  await webhook({ action: 'delay', type: 'payout.paid', delayMs: 2_000 });
  await bankSays(id, 'paid');
  await bankSays(id, 'failed');
  const failed = await reaches(id, 'failed');
  expect(failed.failure).toMatchObject({
    code: 'account_closed',
    says: expect.stringContaining('in your account at Stripe'),
  });
  await dealtWith(id, 'payout.paid');
  await waitFor(() => caseOf(id), { what: 'a case for finance', timeoutMs: 20_000 });
  expect((await payouts(seller))[0]).toMatchObject({ id, status: 'failed' });

  expect(await moved()).toEqual(before);
  const { body } = await read(seller, purchaseId);
  await expectEqualBooks(body);
  expect((await balance(seller)).data).toMatchObject([{ currency: 'EUR', available: 2_250, owed: 0, payable: 0 }]);
  const path = `/messages?to=${encodeURIComponent(seller.email)}`;
  const { body: mails } = await request<{ subject: string; text: string }[]>('GET', path, { base: stack().urls.mail });
  const told = mails.filter(({ subject }) => subject === 'Your bank did not take a payout');
  expect(told.length).toBe(1);
  expect(told[0]?.text).not.toMatch(/balm|22[.,]50/i);
  const trail = await withDatabase((database) => auditTrail(database, 'payout', id));
  expect(trail.at(-1)?.action).toBe('payout.failed');
  await recordHistory('payout-failed-after-paid', payoutWorkflowId(id));
});

test('one that failed is made good by a later one: nobody of staff has anything to do', async () => {
  const id = await payOut();
  await bankSays(id, 'failed');
  await reaches(id, 'failed');
  await waitFor(() => caseOf(id), { what: 'a case for finance', timeoutMs: 20_000 });
  await enabledAgain();
  const later = await payOut(2);
  expect(later).not.toBe(id);
  await bankSays(later, 'paid');
  await reaches(later, 'paid');
  expect(await caseOf(id)).toMatchObject({ state: 'closed' });
  // A payout is its own: the failed one stays what it is.
  expect((await payouts(seller)).map(({ status }) => status)).toEqual(['paid', 'failed']);
});

test('one that failed is not made good by what was on its way already, nor by less', async () => {
  const id = await payOut();
  await sold();
  const onItsWay = await payOut(2);
  // Stripe tells the second in which it was made: what fails in the same one is taken for carried.
  await sleep(1_100);
  await bankSays(id, 'failed');
  await reaches(id, 'failed');
  await bankSays(onItsWay, 'paid');
  await reaches(onItsWay, 'paid');
  await waitFor(() => caseOf(id), { what: 'a case for finance', timeoutMs: 20_000 });
  await enabledAgain();
  const { id: less } = await stripe.payouts.create({ amount: 1_000, currency: 'eur' }, { stripeAccount: account });
  await reaches(less, 'pending');
  await bankSays(less, 'paid');
  await reaches(less, 'paid');
  expect(await caseOf(id)).toMatchObject({ state: 'open' });
  const rest = await payOut(4);
  await bankSays(rest, 'paid');
  await reaches(rest, 'paid');
  expect(await caseOf(id)).toMatchObject({ state: 'closed' });
});

/** As Stripe would send it, signed for the endpoint of connected accounts. */
async function forged(accountId: string, payoutId: string): Promise<string> {
  const id = `evt_${randomUUID()}`;
  const object = { id: payoutId, object: 'payout', status: 'failed', amount: 1, metadata: { purchaseId } };
  const body = JSON.stringify({ id, object: 'event', type: 'payout.failed', account: accountId, data: { object } });
  const at = Math.floor(Date.now() / 1_000);
  const secret = stack().env['STRIPE_CONNECT_WEBHOOK_SECRETS']?.split(',')[0] ?? '';
  const signature = `t=${at},v1=${createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')}`;
  const headers = { 'content-type': 'application/json', 'stripe-signature': signature };
  expect((await fetch(`${stack().urls.api}/webhooks/stripe`, { method: 'POST', headers, body })).status).toBe(200);
  return id;
}

test('what an event says is not believed: a payout is looked at, on the account that the event is of', async () => {
  const id = await payOut();
  // That it failed is not so.
  await forged(account, id);
  await dealtWith(id, 'payout.failed');
  expect((await payouts(seller))[0]).toMatchObject({ id, status: 'pending' });
  // Of another seller's account there is no such payout.
  const other = await verifiedSeller();
  const otherAccount = (await withDatabase((database) => payoutAccountOf(database, other.id as UserId))) ?? '';
  const made = `po_${randomUUID().replaceAll('-', '')}`;
  await forged(otherAccount, made);
  await dealtWith(made, 'payout.failed');
  expect(await payouts(other)).toEqual([]);
  // An account that nobody has waits in the inbox, and is nobody's.
  const unknown = `po_${randomUUID().replaceAll('-', '')}`;
  const event = await forged('acct_nobody', unknown);
  const rows = await withDatabase((database) =>
    database.query<{ status: string; attempts: number }>(
      'SELECT status, attempts FROM webhooks.inbox WHERE event_id = $1',
      [event],
    ),
  );
  expect(rows.rows).toMatchObject([{ status: 'received' }]);
  expect(rows.rows[0]?.attempts).toBeGreaterThan(0);
});
