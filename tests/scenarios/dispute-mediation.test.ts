/** No agreement: a mediator finds the case, tries the ruling out, rules, and both sides waive the appeal. */
import { beforeAll, expect, test } from 'vitest';
import type { Schemas } from '../../client/index.ts';
import { request } from '../helpers/client.ts';
import {
  ask,
  contested,
  delivered,
  disputed,
  does,
  EUR,
  escalated,
  expectSettled,
  readDispute,
  recordBoth,
  type Signed,
} from '../helpers/disputes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { read } from '../helpers/purchases.ts';
import { staffToken } from '../helpers/staff.ts';

let seller: Person;
let buyer: Person;
let mediator: Signed;
let admin: Signed;
beforeAll(async () => {
  [seller, buyer, mediator, admin] = await Promise.all([
    verifiedSeller(),
    verifiedBuyer(),
    staffToken('mediator'),
    staffToken('admin'),
  ]);
});

const cases = async (disputeId: string) => {
  const path = `/v1/admin/cases?kind=dispute_mediation&subjectId=${disputeId}`;
  return (await request<{ data: Schemas['Case'][] }>('GET', path, { token: mediator.accessToken })).body.data;
};

test('a mediator rules, after a dry run, and both sides waive the appeal', async () => {
  const purchaseId = await delivered({ seller, buyer });
  const dispute = await disputed(buyer, purchaseId);
  const path = `/v1/disputes/${dispute.id}`;
  const ruling = { refund: EUR(1_500), reason: 'The pictures show another colour.' };
  const dryRun = { ...ruling, dryRun: true };
  const notYet = { status: 409, body: { code: 'NOT_ALLOWED_NOW', state: 'opened', allowed: { mediator: [] } } };
  for (const body of [dryRun, ruling]) expect(await ask(admin, `${path}/rulings`, body)).toMatchObject(notYet);
  await contested(seller, dispute);
  const early = await ask(buyer, `${path}/escalate`);
  // Nobody waits a day on this stack: who asks a second later may have it.
  if (early.status !== 200) {
    expect(early).toMatchObject({ status: 409, body: { code: 'NOT_ALLOWED_NOW', escalateFrom: expect.any(String) } });
    await escalated(buyer, dispute);
  }
  const [opened] = await cases(dispute.id);
  expect(opened).toMatchObject({ state: 'open', details: { purchaseId, amount: 2_500 }, decisions: [] });
  expect(await readDispute(mediator, dispute.id)).toMatchObject({
    state: 'mediating',
    next: { waitsFor: 'mediator', actions: ['rule'] },
  });

  const tried = await ask<Schemas['Ruling']>(mediator, `${path}/rulings`, dryRun);
  expect(tried).toMatchObject({
    status: 200,
    body: {
      dispute: { state: 'mediating', rulings: [] },
      effect: {
        refund: EUR(1_500),
        toSeller: EUR(900),
        commission: { before: EUR(250), after: EUR(100) },
        reversal: EUR(0),
        advance: EUR(0),
        needsSecondPerson: false,
      },
    },
  });
  expect((await read(buyer, purchaseId)).body.state).toBe('disputed');
  expect(await ask(buyer, `${path}/rulings`, ruling)).toMatchObject({ status: 403 });
  expect(await ask(mediator, `${path}/rulings`, { ...ruling, refund: EUR(2_501) })).toMatchObject({
    status: 422,
    body: { code: 'BEYOND_WHAT_IS_DISPUTED', disputed: EUR(2_500) },
  });

  expect(await ask(mediator, `${path}/rulings`, ruling)).toMatchObject({
    status: 200,
    body: { dispute: { state: 'ruled', rulings: [{ number: 1, refund: EUR(1_500), status: 'stands' }] } },
  });
  expect(await readDispute(seller, dispute.id)).toMatchObject({
    rulings: [{ reason: 'The pictures show another colour.', ruledBy: null }],
    next: { waitsFor: 'both', actions: ['appeal', 'waive_appeal'] },
  });
  expect(await cases(dispute.id)).toMatchObject([{ state: 'closed' }]);
  await does(buyer, dispute, 'waive-appeal');
  expect(await ask(buyer, `${path}/appeal`, { text: 'I have thought again.' })).toMatchObject({
    status: 409,
    body: { code: 'NOT_ALLOWED_NOW', allowed: { buyer: [], seller: ['appeal', 'waive_appeal'] } },
  });
  await does(seller, dispute, 'waive-appeal');
  const money = { captured: 2_500, refunded: 1_500, transferred: 900, fees: 100 };
  expect(await expectSettled(buyer, dispute, 'released', money)).toMatchObject({ decision: { restsOn: 'ruling' } });
  const over = { status: 409, body: { code: 'NOT_ALLOWED_NOW', state: 'closed', allowed: { mediator: [] } } };
  expect(await ask(mediator, `${path}/rulings`, dryRun)).toMatchObject(over);
  expect(await ask(mediator, `${path}/rulings`, ruling)).toMatchObject(over);
  await recordBoth('ruled-and-waived', dispute);
});

test('while a mediator looks, both sides can still agree', async () => {
  const dispute = await disputed(buyer, await delivered({ seller, buyer }));
  await contested(seller, dispute);
  await escalated(seller, dispute);
  await does(buyer, dispute, 'offers', { refund: EUR(100) });
  await does(seller, dispute, 'offers/1/accept');
  await expectSettled(buyer, dispute, 'released', { captured: 2_500, refunded: 100, transferred: 2_160, fees: 240 });
  expect(await cases(dispute.id)).toMatchObject([{ state: 'closed', decision: 'resolved' }]);
  await recordBoth('agreed-in-mediation', dispute);
});
