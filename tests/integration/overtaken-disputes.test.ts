/** A dispute whose row has gone on, which its workflow has not heard: nobody is told that they did what was not done. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDisputeActivities } from '../../activities/dispute.ts';
import { commandIdOf } from '../../api/idempotency/idempotency.ts';
import type { DisputeId } from '../../contracts/ids.ts';
import type { Database } from '../../platform/database.ts';
import { decideByDefault } from '../../services/disputes/index.ts';
import {
  ask,
  contested,
  type DisputeBody,
  delivered,
  disputed,
  does,
  EUR,
  expectSettled,
  readDispute,
  recordBoth,
  type Signed,
} from '../helpers/disputes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { staffToken } from '../helpers/staff.ts';
import { asActivity, databaseOfStack } from '../helpers/steps.ts';

let buyer: Person;
let seller: Person;
let mediator: Signed;
let database: Database;

beforeAll(async () => {
  [buyer, mediator] = await Promise.all([verifiedBuyer(), staffToken('mediator')]);
  database = databaseOfStack(2);
});
beforeEach(async () => {
  seller = await verifiedSeller();
});
afterAll(() => database.close());

const CLOCK = { type: 'system', id: 'clock' } as const;

/** As its purchase does at the hold limit; what that then asks of Stripe is slow, or refused again and again. */
const decidedAtTheHoldLimit = ({ id }: DisputeBody) =>
  database.transaction((tx) => decideByDefault(tx, id as DisputeId, 1_250, CLOCK, Date.now()));

/** A worker that takes the step of a command and is gone: no history holds anything of it. */
const takenAndLost = ({ id }: DisputeBody, key: string) =>
  asActivity(() =>
    createDisputeActivities({ database }).followDispute({
      disputeId: id as DisputeId,
      from: 'opened',
      event: 'contest',
      by: 'respondent',
      actor: { type: 'user', id: seller.id },
      atMs: Date.now(),
      key: commandIdOf(seller.id, 'respondToDispute', key),
    }),
  );

const decided = { status: 409, body: { code: 'NOT_ALLOWED_NOW', state: 'negotiating', allowed: { seller: [] } } };

describe('a dispute that the hold limit has decided', () => {
  test('takes no agreement any more: its workflow hears so from who asks, and has it carried out', async () => {
    const dispute = await disputed(buyer, await delivered({ seller, buyer }));
    await contested(seller, dispute);
    await does(buyer, dispute, 'offers', { refund: EUR(2_000) });
    await decidedAtTheHoldLimit(dispute);
    const answer = await ask(seller, `/v1/disputes/${dispute.id}/offers/1/accept`);
    expect(answer, JSON.stringify(answer.body)).toMatchObject(decided);
    expect(await readDispute(seller, dispute.id)).toMatchObject({
      decision: { refund: EUR(1_250), restsOn: 'default_ruling' },
      offers: [{ number: 1, status: 'open' }],
    });
    const money = { captured: 2_500, refunded: 1_250, transferred: 1_125, fees: 125 };
    await expectSettled(buyer, dispute, 'released', money);
    await recordBoth('decided-and-not-heard', dispute);
  });

  test('takes no ruling either', async () => {
    const dispute = await disputed(buyer, await delivered({ seller, buyer }));
    await contested(seller, dispute);
    // The time to agree has passed, and the worker that noted so is gone.
    await asActivity(() =>
      createDisputeActivities({ database }).followDispute({
        disputeId: dispute.id as DisputeId,
        from: 'negotiating',
        event: 'negotiation_over',
        by: 'clock',
        actor: CLOCK,
        atMs: Date.now(),
        key: 'negotiation_over/test',
      }),
    );
    const offer = await ask(buyer, `/v1/disputes/${dispute.id}/offers`, { refund: EUR(1) });
    expect(offer, JSON.stringify(offer.body)).toMatchObject({ status: 409, body: { state: 'mediating' } });
    await decidedAtTheHoldLimit(dispute);
    const ruling = { refund: EUR(1_000), reason: 'A part of it.' };
    const answer = await ask(mediator, `/v1/disputes/${dispute.id}/rulings`, ruling);
    expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 409, body: { code: 'NOT_ALLOWED_NOW' } });
    expect((await readDispute(mediator, dispute.id)).rulings).toEqual([]);
    await expectSettled(buyer, dispute, 'released', {
      captured: 2_500,
      refunded: 1_250,
      transferred: 1_125,
      fees: 125,
    });
  });
});

test('what a lost history overtakes is refused, and the next command is judged by how things stand', async () => {
  const dispute = await disputed(buyer, await delivered({ seller, buyer }));
  const key = randomUUID();
  await takenAndLost(dispute, key);
  const other = await ask(seller, `/v1/disputes/${dispute.id}/response`, { answer: 'accept' });
  expect(other, JSON.stringify(other.body)).toMatchObject({
    status: 409,
    // Its workflow hears so from the row, or has heard it a moment before.
    body: {
      code: 'NOT_ALLOWED_NOW',
      state: 'negotiating',
      detail: expect.stringMatching(/by now|is not possible for you while the dispute is negotiating/),
    },
  });
  expect(await readDispute(seller, dispute.id)).toMatchObject({ state: 'negotiating', decision: null });
  // Who claims can make an offer only where both look for an agreement.
  const offered = await does(buyer, dispute, 'offers', { refund: EUR(2_000) });
  expect(offered.offers).toMatchObject([{ number: 1, status: 'open' }]);
  await does(seller, dispute, 'offers/1/accept');
  await expectSettled(buyer, dispute, 'released', { captured: 2_500, refunded: 2_000, transferred: 450, fees: 50 });
});

test('who sends again what was taken and lost hears that it is done', async () => {
  const dispute = await disputed(buyer, await delivered({ seller, buyer }));
  const key = randomUUID();
  await takenAndLost(dispute, key);
  const path = `/v1/disputes/${dispute.id}/response`;
  const answer = await ask(seller, path, { answer: 'contest', text: 'No.' }, key);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200, body: { state: 'negotiating' } });
});
