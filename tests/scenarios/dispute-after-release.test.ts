/** A dispute after the release: what the buyer gets back is taken back from the seller first. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Schemas } from '../../client/index.ts';
import {
  ask,
  contested,
  disputed,
  disputedAfterRelease,
  does,
  EUR,
  expectSettled,
  inMediation,
  recordBoth,
  type Signed,
} from '../helpers/disputes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { reached, sandboxLog } from '../helpers/purchases.ts';
import { staffToken } from '../helpers/staff.ts';

let seller: Person;
let buyer: Person;
let mediator: Signed;
beforeAll(async () => {
  [seller, buyer, mediator] = await Promise.all([verifiedSeller(), verifiedBuyer(), staffToken('mediator')]);
});

describe.concurrent('after the release', () => {
  test('a part: so much of the transfer is reversed as the seller gives, the commission gives its share', async () => {
    const dispute = await disputedAfterRelease({ seller, buyer });
    expect(dispute.disputed).toEqual(EUR(2_500));
    await inMediation({ seller, buyer }, dispute);
    const ruling = { refund: EUR(1_000), reason: 'A part of it.' };
    const tried = await ask<Schemas['Ruling']>(mediator, `/v1/disputes/${dispute.id}/rulings`, {
      ...ruling,
      dryRun: true,
    });
    expect(tried.body.effect).toMatchObject({
      refund: EUR(1_000),
      toSeller: EUR(1_350),
      commission: { before: EUR(250), after: EUR(150) },
      reversal: EUR(900),
      advance: EUR(900),
    });
    await does(mediator, dispute, 'rulings', ruling);
    await does(buyer, dispute, 'waive-appeal');
    await does(seller, dispute, 'waive-appeal');
    const money = { captured: 2_500, refunded: 1_000, transferred: 1_350, fees: 150 };
    await expectSettled(buyer, dispute, 'released', money);
    expect(await sandboxLog({ transferGroup: dispute.purchaseId, kind: 'reversal' })).toMatchObject([{ amount: 900 }]);
    await recordBoth('after-release-in-part', dispute);
  });

  test('everything: all of the transfer is reversed', async () => {
    const dispute = await disputedAfterRelease({ seller, buyer });
    await does(seller, dispute, 'response', { answer: 'accept' });
    await expectSettled(buyer, dispute, 'refunded', { captured: 2_500, refunded: 2_500 });
    await recordBoth('after-release-in-full', dispute);
  });

  test('nothing: no money moves, and the purchase is completed when its time is over', async () => {
    const dispute = await disputedAfterRelease({ seller, buyer });
    await contested(seller, dispute);
    await does(buyer, dispute, 'offers', { refund: EUR(0), text: 'I was wrong.' });
    await does(seller, dispute, 'offers/1/accept');
    await expectSettled(buyer, dispute, 'completed', { captured: 2_500, transferred: 2_250, fees: 250 });
    expect(await ask(buyer, `/v1/purchases/${dispute.purchaseId}/disputes`, AGAIN)).toMatchObject({
      status: 409,
      body: { code: 'NOT_ALLOWED_NOW', state: 'completed' },
    });
    await recordBoth('after-release-nothing', dispute);
  });

  test('twice: each dispute takes back its own part', async () => {
    const first = await disputedAfterRelease({ seller, buyer });
    await does(seller, first, 'response', { answer: 'offer', refund: EUR(500) });
    await does(buyer, first, 'offers/1/accept');
    await reached(buyer, first.purchaseId, 'released');
    const second = await disputed(buyer, first.purchaseId);
    expect(second).toMatchObject({ number: 2, disputed: EUR(2_000) });
    await does(seller, second, 'response', { answer: 'offer', refund: EUR(1_000) });
    await does(buyer, second, 'offers/1/accept');
    const ended = await reached(buyer, first.purchaseId, 'released');
    expect(ended.money).toMatchObject({ captured: 2_500, refunded: 1_500, transferred: 900, fees: 100 });
    const log = await sandboxLog({ transferGroup: first.purchaseId });
    const amounts = (kind: string) => log.filter((entry) => entry.kind === kind).map(({ amount }) => amount);
    expect([amounts('reversal'), amounts('refund')]).toEqual([
      [450, 900],
      [500, 1_000],
    ]);
    await recordBoth('after-release-twice', second);
  });
});

const AGAIN = { reason: 'other', description: 'Once more.' };
