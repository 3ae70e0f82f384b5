/** A ruling about much money: a second mediator approves it, never the same one. */
import { beforeAll, expect, test } from 'vitest';
import {
  ask,
  delivered,
  disputed,
  does,
  EUR,
  expectSettled,
  inMediation,
  readDispute,
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
  second = await staffToken('admin');
});

test('it waits for a second mediator, and parties do not see it before', async () => {
  const dispute = await disputed(buyer, await delivered({ seller, buyer }, { amount: 20_000 }));
  const path = `/v1/disputes/${dispute.id}`;
  await inMediation({ seller, buyer }, dispute);
  const ruling = { refund: EUR(5_000), reason: 'A quarter of it.' };
  expect(await ask(first, `${path}/rulings`, ruling)).toMatchObject({
    status: 200,
    body: {
      dispute: { state: 'mediating', rulings: [{ number: 1, status: 'proposed' }] },
      effect: { needsSecondPerson: true },
    },
  });
  expect(await readDispute(buyer, dispute.id)).toMatchObject({ state: 'mediating', rulings: [] });
  expect(await ask(first, `${path}/rulings/1/approve`)).toMatchObject({
    status: 409,
    body: { code: 'NEEDS_ANOTHER_PERSON' },
  });
  expect(await ask(second, `${path}/rulings/2/approve`)).toMatchObject({
    status: 409,
    body: { code: 'NO_SUCH_RULING' },
  });
  expect(await ask(buyer, `${path}/rulings/1/approve`)).toMatchObject({ status: 403 });
  await does(second, dispute, 'rulings/1/approve');
  expect(await readDispute(buyer, dispute.id)).toMatchObject({ state: 'ruled', rulings: [{ status: 'stands' }] });
  await does(buyer, dispute, 'waive-appeal');
  await does(seller, dispute, 'waive-appeal');
  const money = { captured: 20_000, refunded: 5_000, transferred: 13_500, fees: 1_500 };
  await expectSettled(buyer, dispute, 'released', money);
  await recordBoth('approved-by-a-second-person', dispute);
});
