/** A ruling is appealed: another mediator rules finally. One that nobody appeals is carried out when the time is over. */
import { beforeAll, expect, test } from 'vitest';
import {
  ask,
  type DisputeBody,
  delivered,
  disputed,
  does,
  EUR,
  expectSettled,
  inMediation,
  recordBoth,
  type Signed,
} from '../helpers/disputes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { staffToken } from '../helpers/staff.ts';

let seller: Person;
let buyer: Person;
let first: Signed;
let second: Signed;
beforeAll(async () => {
  [seller, buyer, first] = await Promise.all([verifiedSeller(), verifiedBuyer(), staffToken('mediator')]);
  second = await staffToken('mediator');
});

async function ruled(refund: number): Promise<DisputeBody> {
  const dispute = await disputed(buyer, await delivered({ seller, buyer }));
  await inMediation({ seller, buyer }, dispute);
  await does(first, dispute, 'rulings', { refund: EUR(refund), reason: 'So it is.' });
  return dispute;
}

test('an appeal is looked at by somebody who has not ruled before, and that ruling is final', async () => {
  const dispute = await ruled(0);
  const path = `/v1/disputes/${dispute.id}`;
  expect(await does(buyer, dispute, 'appeal', { text: 'It was not looked at.' })).toMatchObject({
    state: 'appealed',
    appealedBy: 'buyer',
    next: { waitsFor: 'mediator' },
  });
  expect(await ask(seller, `${path}/appeal`, { text: 'Me, too.' })).toMatchObject({ status: 409 });
  const ruling = { refund: EUR(2_500), reason: 'Now it was.' };
  expect(await ask(first, `${path}/rulings`, ruling)).toMatchObject({
    status: 409,
    body: { code: 'NEEDS_ANOTHER_PERSON' },
  });
  await does(second, dispute, 'rulings', ruling);
  const closed = await expectSettled(buyer, dispute, 'refunded', { captured: 2_500, refunded: 2_500 });
  expect(closed.rulings).toMatchObject([
    { number: 1, refund: EUR(0), onAppeal: false },
    { number: 2, refund: EUR(2_500), onAppeal: true },
  ]);
  await recordBoth('appealed', dispute);
});

test('a ruling that nobody appeals is carried out when the time for that is over', async () => {
  const dispute = await ruled(0);
  await does(seller, dispute, 'waive-appeal');
  await expectSettled(buyer, dispute, 'released', { captured: 2_500, transferred: 2_250, fees: 250 });
  await recordBoth('appeal-window-over', dispute);
});
