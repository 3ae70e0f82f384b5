/** A bank gives money back when its purchase has been released without it: no refund and no ruling takes it for held money. */
import { beforeAll, expect, test } from 'vitest';
import { latestCase } from '../../services/cases/index.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import {
  aboutChargeback,
  disputed as chargedBack,
  laid,
  moveDispute,
  reinstated,
  sold,
} from '../helpers/chargebacks.ts';
import { request } from '../helpers/client.ts';
import { disputed, does } from '../helpers/disputes.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, type PurchaseBody, reached, read } from '../helpers/purchases.ts';
import { staffToken } from '../helpers/staff.ts';
import { waitFor } from '../helpers/wait-for.ts';

let seller: Person;
let buyer: Person;
let finance: Awaited<ReturnType<typeof staffToken>>;

beforeAll(async () => {
  [seller, buyer, finance] = await Promise.all([verifiedSeller(), verifiedBuyer(), staffToken('finance')]);
});

/** Of 25.00 the bank had 10.00 when the rest was released; now it has given them back. */
async function cameBackLate(): Promise<string> {
  const id = await sold({ seller, buyer }, ['accept', 'deliver']);
  const { id: bank } = await chargedBack(id, { amount: 1_000 });
  await laid(buyer, id, 'open');
  await moveDispute(bank, 'won', { reinstated: 0 });
  await waitFor(async () => (await aboutChargeback(finance, id, bank, 'accept')).status === 200, {
    what: 'the chargeback to be taken as it stands',
    timeoutMs: 20_000,
  });
  await laid(buyer, id, 'won');
  expect(await act(buyer, id, 'confirm')).toMatchObject({ status: 200, body: { money: { transferred: 1_350 } } });
  await reinstated(bank);
  await waitFor(async () => (await moneyOf(id)).suspense === 1_000, {
    what: 'the money to be noted',
    timeoutMs: 20_000,
  });
  return id;
}

const moneyOf = async (id: string): Promise<PurchaseBody['money']> => (await read(buyer, id)).body.money;

/** What finance are told, as long as nobody has decided whose it is. */
async function expectEndedWell(id: string, state: 'refunded' | 'released'): Promise<PurchaseBody> {
  const ended = await reached(buyer, id, state);
  expect(ended.money).toMatchObject({ suspense: 1_000, held: 0, advanced: 0 });
  const found = await withDatabase((database) => latestCase(database, 'chargeback_remainder', id));
  expect(found).toMatchObject({ state: 'open', details: { returned: 1_000 } });
  await expectEqualBooks(ended);
  return ended;
}

const refund = (id: string, amount?: number) =>
  request<PurchaseBody>('POST', `/v1/purchases/${id}/refunds`, {
    token: seller.accessToken,
    body: amount === undefined ? {} : { amount: { amount, currency: 'EUR' } },
  });

test('a refund in full gives back what the seller and Wellpact have of it', async () => {
  const id = await cameBackLate();
  expect((await refund(id)).status).toBe(200);
  expect(await expectEndedWell(id, 'refunded')).toMatchObject({
    money: { refunded: 1_500, transferred: 0, fees: 0, chargedBack: 0 },
  });
});

test('a refund in part comes from the seller, and no more than they have can be given back', async () => {
  const id = await cameBackLate();
  expect(await refund(id, 1_600)).toMatchObject({ status: 422, body: { code: 'REFUND_TOO_LARGE' } });
  expect((await refund(id, 100)).status).toBe(200);
  expect(await expectEndedWell(id, 'released')).toMatchObject({
    money: { refunded: 100, transferred: 1_260, fees: 140 },
  });
});

test('a claim that the seller accepts is paid by the seller', async () => {
  const id = await cameBackLate();
  const dispute = await disputed(buyer, id);
  await does(seller, dispute, 'response', { answer: 'accept' });
  expect(await expectEndedWell(id, 'refunded')).toMatchObject({ money: { refunded: 1_500, transferred: 0 } });
});
