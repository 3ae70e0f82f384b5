/** Wellpact's own balance does not cover a discount: the seller's second transfer waits, and is not lost. */
import { expect, test } from 'vitest';
import { expectEqualBooks } from '../helpers/books.ts';
import { recordPurchase } from '../helpers/chargebacks.ts';
import { request } from '../helpers/client.ts';
import { discountCode, discounted, earned } from '../helpers/discounts.ts';
import { verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { reached, read, sandboxLog } from '../helpers/purchases.ts';
import { staffToken } from '../helpers/staff.ts';
import { waitFor } from '../helpers/wait-for.ts';

test('what was refused is sent as soon as there is money for it, and finance know of it until then', async () => {
  const [seller, buyer, finance] = await Promise.all([verifiedSeller(), verifiedBuyer(), staffToken('finance')]);
  // Nobody but this test earns francs.
  const currency = 'CHF';
  const { code } = await discountCode(finance, { currency, basisPoints: 4_000 });
  const id = await discounted({ seller, buyer }, code, ['accept', 'deliver', 'confirm'], { listing: { currency } });
  await waitFor(async () => (await read(buyer, id)).body.transfer.status === 'blocked', {
    what: `the second transfer of ${id} to be refused`,
    timeoutMs: 20_000,
  });
  const blocked = (await read(seller, id)).body;
  expect(blocked).toMatchObject({
    state: 'released',
    holds: ['transfer_blocked'],
    money: { transferred: 6_000, payable: 3_000, fees: 1_000, platformFunded: 4_000 },
    next: { waitsFor: 'platform' },
  });
  await expectEqualBooks(blocked);
  const token = finance.accessToken;
  const cases = await request<{ data: unknown[] }>('GET', `/v1/admin/cases?subjectId=${id}`, { token });
  expect(cases.body.data).toMatchObject([{ kind: 'transfer_blocked', state: 'open' }]);

  await earned({ seller, buyer }, currency);
  const completed = await reached(buyer, id, 'completed');
  expect(completed).toMatchObject({
    transfer: { status: 'sent' },
    money: { transferred: 9_000, payable: 0, fees: 1_000, platformFunded: 4_000 },
  });
  expect((await sandboxLog({ transferGroup: id, kind: 'transfer' })).map(({ amount }) => amount)).toEqual([
    6_000, 3_000,
  ]);
  await expectEqualBooks(completed);
  await recordPurchase('discount-topped-up-late', id);
}, 90_000);
