/**
 * A refund after the release has taken the transfer back when the bank takes the whole payment, before Stripe was asked for the
 * refund itself: when the bank keeps it, what was begun is over, and the chargeback is settled from what was taken back.
 */
import { beforeAll, expect, test } from 'vitest';
import { expectEqualBooks } from '../helpers/books.ts';
import { disputed, laid, moveDispute, recordPurchase, sold } from '../helpers/chargebacks.ts';
import { request } from '../helpers/client.ts';
import { ask, EUR } from '../helpers/disputes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { reached, sandboxLog } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { waitFor } from '../helpers/wait-for.ts';

let seller: Person;
let buyer: Person;
beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
});

/** Begins a refund whose second half does not reach Stripe until the bank has come. @param amount all of it unless told */
async function begun(amount?: number): Promise<{ readonly id: string; readonly bank: string }> {
  const id = await sold({ seller, buyer }, ['accept', 'deliver', 'confirm']);
  const base = stack().urls.sandbox;
  const away = { provider: 'stripe', method: 'POST', path: '/v1/refunds', kind: 'rate_limit', times: 1_000 };
  expect((await request('POST', '/_control/faults', { base, body: away })).status).toBe(200);
  try {
    const asked = ask(seller, `/v1/purchases/${id}/refunds`, amount === undefined ? {} : { amount: EUR(amount) });
    await waitFor(async () => (await sandboxLog({ transferGroup: id, kind: 'reversal' })).length > 0, {
      what: 'the transfer to be taken back',
      timeoutMs: 20_000,
    });
    const { id: bank } = await disputed(id);
    await request('DELETE', '/_control/faults', { base });
    expect([200, 202]).toContain((await asked).status);
    await laid(buyer, id, 'open');
    return { id, bank };
  } finally {
    await request('DELETE', '/_control/faults', { base });
  }
}

test('all of it, and lost', async () => {
  const { id, bank } = await begun();
  await moveDispute(bank, 'lost');
  const ended = await reached(buyer, id, 'refunded');
  expect(ended.money).toMatchObject({
    chargedBack: 2_500,
    refunded: 0,
    transferred: 0,
    payable: 0,
    fees: 0,
    advanced: 0,
  });
  await expectEqualBooks(ended);
  await recordPurchase('chargeback-overtakes-a-refund', id);
});

test('a part of it, and lost', async () => {
  const { id, bank } = await begun(1_000);
  await moveDispute(bank, 'lost');
  const ended = await reached(buyer, id, 'refunded');
  expect(ended.money).toMatchObject({
    chargedBack: 2_500,
    refunded: 0,
    transferred: 0,
    payable: 0,
    fees: 0,
    advanced: 0,
  });
  await expectEqualBooks(ended);
});

test('all of it, and won: the refund is made then', async () => {
  const { id, bank } = await begun();
  await moveDispute(bank, 'won');
  const ended = await reached(buyer, id, 'refunded');
  expect(ended.money).toMatchObject({ chargedBack: 0, refunded: 2_500, transferred: 0, payable: 0, advanced: 0 });
  await expectEqualBooks(ended);
});
