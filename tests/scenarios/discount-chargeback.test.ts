/** The buyer's bank takes back what the card was charged: of a purchase that is lost, Wellpact pays no discount either. */
import { beforeAll, expect, test } from 'vitest';
import { expectEqualBooks } from '../helpers/books.ts';
import { disputed, laid, moveDispute, recordPurchase } from '../helpers/chargebacks.ts';
import { type Cast, discountCode, discounted, earned } from '../helpers/discounts.ts';
import { verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { reached, read } from '../helpers/purchases.ts';
import { staffToken } from '../helpers/staff.ts';
import { waitFor } from '../helpers/wait-for.ts';

let cast: Cast;
let finance: { readonly accessToken: string };

beforeAll(async () => {
  const [seller, buyer, staff] = await Promise.all([verifiedSeller(), verifiedBuyer(), staffToken('finance')]);
  [cast, finance] = [{ seller, buyer }, staff];
  await earned(cast);
}, 60_000);

const code = async (): Promise<string> => (await discountCode(finance, { basisPoints: 2_000 })).code;
const AVAILABLE = { paymentMethod: 'pm_card_bypassPending' };

test('lost before the release: the discount goes back to Wellpact when the bank has decided', async () => {
  const id = await discounted(cast, await code(), ['accept']);
  const { id: dispute } = await disputed(id);
  const open = await laid(cast.buyer, id, 'open');
  expect(open.money).toMatchObject({ captured: 8_000, chargedBack: 8_000, held: 2_000, platformFunded: 2_000 });
  await expectEqualBooks(open);
  await moveDispute(dispute, 'lost');
  const ended = await reached(cast.buyer, id, 'refunded');
  expect(ended).toMatchObject({ chargeback: 'lost', money: { chargedBack: 8_000, held: 0, platformFunded: 0 } });
  await expectEqualBooks(ended);
  await recordPurchase('discount-chargeback-lost', id);
});

test('won before the release: all is as it was', async () => {
  const id = await discounted(cast, await code(), ['accept']);
  const { id: dispute } = await disputed(id);
  await laid(cast.buyer, id, 'open');
  await moveDispute(dispute, 'won');
  const won = await laid(cast.buyer, id, 'won');
  expect(won.money).toMatchObject({ chargedBack: 0, held: 10_000, platformFunded: 2_000 });
  await expectEqualBooks(won);
});

test('a part of it lost before the release: the same part of the discount goes back', async () => {
  const id = await discounted(cast, await code(), ['accept']);
  const { id: dispute } = await disputed(id, { amount: 2_000 });
  await laid(cast.buyer, id, 'open');
  await moveDispute(dispute, 'lost');
  const lost = await laid(cast.buyer, id, 'lost');
  expect(lost.money).toMatchObject({ chargedBack: 2_000, held: 7_500, platformFunded: 1_500 });
  await expectEqualBooks(lost);
});

test('lost after the release: both transfers are taken back from the seller', async () => {
  const id = await discounted(cast, await code(), ['accept', 'deliver', 'confirm'], { more: AVAILABLE });
  await waitFor(async () => (await read(cast.buyer, id)).body.money.payable === 0, {
    what: `${id} to be topped up`,
    timeoutMs: 20_000,
  });
  const { id: dispute } = await disputed(id);
  const open = await laid(cast.buyer, id, 'open');
  expect(open.money).toMatchObject({ transferred: 9_000, fees: 1_000, advanced: 8_000, platformFunded: 2_000 });
  await expectEqualBooks(open);
  await moveDispute(dispute, 'lost');
  const ended = await reached(cast.buyer, id, 'refunded');
  expect(ended).toMatchObject({
    chargeback: 'lost',
    transfer: { status: 'reversed' },
    money: { chargedBack: 8_000, transferred: 0, fees: 0, advanced: 0, platformFunded: 0, payable: 0 },
  });
  await expectEqualBooks(ended);
  await recordPurchase('discount-chargeback-lost-after-release', id);
});
