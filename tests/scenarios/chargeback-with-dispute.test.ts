/** The buyer disputes it with the seller, and their bank takes the payment back meanwhile. */
import { beforeAll, describe, expect, test } from 'vitest';
import { disputeWorkflowId } from '../../contracts/dispute.ts';
import type { PurchaseId } from '../../contracts/ids.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { disputed as chargedBack, laid, moveDispute, recordPurchase } from '../helpers/chargebacks.ts';
import {
  ask,
  delivered,
  disputed,
  disputeReached,
  does,
  EUR,
  escalated,
  readDispute,
  type Signed,
} from '../helpers/disputes.ts';
import { recordHistory } from '../helpers/histories.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { reached, read } from '../helpers/purchases.ts';
import { staffToken } from '../helpers/staff.ts';
import { waitFor } from '../helpers/wait-for.ts';

let seller: Person;
let buyer: Person;

beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
});

const answer = (id: string) =>
  ask(seller, `/v1/disputes/${id}/response`, { answer: 'contest', text: 'It is what was shown.' });

const frozen = (id: string, isSo: boolean) =>
  waitFor(async () => ((await readDispute(buyer, id)).frozenSince !== null) === isSo, {
    what: isSo ? 'the dispute to stand still' : 'the dispute to go on',
    timeoutMs: 10_000,
  });

test('the dispute stands still, and is over when the bank keeps all of it', async () => {
  const id = await delivered({ seller, buyer });
  const dispute = await disputed(buyer, id);
  await reached(buyer, id, 'disputed');
  const bank = await chargedBack(id);
  await laid(buyer, id, 'open');
  await frozen(dispute.id, true);
  expect(await answer(dispute.id)).toMatchObject({ status: 409, body: { code: 'DISPUTE_FROZEN' } });
  await moveDispute(bank.id, 'lost');
  const ended = await reached(buyer, id, 'refunded');
  expect(ended).toMatchObject({ chargeback: 'lost', money: { chargedBack: 2_500, held: 0, refunded: 0 } });
  await disputeReached(buyer, dispute.id, 'closed');
  await expectEqualBooks(ended);
  await recordPurchase('chargeback-lost-in-a-dispute', id);
});

test('it goes on when the bank gives it back', async () => {
  const id = await delivered({ seller, buyer });
  const dispute = await disputed(buyer, id);
  await reached(buyer, id, 'disputed');
  const bank = await chargedBack(id);
  await laid(buyer, id, 'open');
  await frozen(dispute.id, true);
  await moveDispute(bank.id, 'won');
  const won = await laid(buyer, id, 'won');
  expect(won).toMatchObject({ state: 'disputed', money: { held: 2_500, chargedBack: 0 } });
  await frozen(dispute.id, false);
  expect((await answer(dispute.id)).status).toBe(200);
  await expectEqualBooks(won);
  await recordPurchase('chargeback-won-in-a-dispute', id);
});

describe('a ruling', () => {
  test('is refused while the bank has the money, and so is trying it out', async () => {
    const { id, dispute, mediator } = await mediating();
    const bank = await chargedBack(id);
    await laid(buyer, id, 'open');
    await frozen(dispute.id, true);
    const ruled = await rule(mediator, dispute.id, 1_000);
    expect(ruled, JSON.stringify(ruled.body)).toMatchObject({ status: 409, body: { code: 'DISPUTE_FROZEN' } });
    const tried = await rule(mediator, dispute.id, 1_000, true);
    expect(tried, JSON.stringify(tried.body)).toMatchObject({ status: 409, body: { code: 'DISPUTE_FROZEN' } });
    await moveDispute(bank.id, 'lost');
    await expectEqualBooks(await reached(buyer, id, 'refunded'));
  });

  test('after the bank has kept a part divides what is left: what the bank gave is the buyer’s already', async () => {
    const { id, dispute, mediator } = await mediating();
    const bank = await chargedBack(id, { amount: 1_000 });
    await laid(buyer, id, 'open');
    await moveDispute(bank.id, 'lost');
    await laid(buyer, id, 'lost');
    await frozen(dispute.id, false);
    // Where the release was faster than the buyer, what the bank keeps is first taken back from the seller.
    await waitFor(async () => (await read(buyer, id)).body.money.advanced === 0, {
      what: 'what the bank keeps to be settled',
      timeoutMs: 20_000,
    });
    const effect = { refund: EUR(0), toSeller: EUR(1_350), commission: { before: EUR(250), after: EUR(150) } };
    const ruled = await rule(mediator, dispute.id, 500);
    expect(ruled, JSON.stringify(ruled.body)).toMatchObject({ status: 200, body: { effect } });
    for (const party of [buyer, seller]) await does(party, dispute, 'waive-appeal');
    const ended = await reached(buyer, id, 'completed');
    expect(ended.money).toMatchObject({ chargedBack: 1_000, refunded: 0, transferred: 1_350, fees: 150, held: 0 });
    await expectEqualBooks(ended);
  });
});

/** A dispute that waits for a mediator. */
async function mediating() {
  const [id, mediator] = await Promise.all([delivered({ seller, buyer }), staffToken('mediator')]);
  const dispute = await disputed(buyer, id);
  await does(seller, dispute, 'response', { answer: 'contest', text: 'It is what was shown.' });
  await escalated(buyer, dispute);
  return { id, dispute, mediator };
}

const rule = (mediator: Signed, id: string, refund: number, dryRun = false) =>
  ask(mediator, `/v1/disputes/${id}/rulings`, { refund: EUR(refund), reason: 'The pictures show it.', dryRun });
test('while the bank only asks, a claim for everything can be accepted, and the refund ends the inquiry', async () => {
  const id = await delivered({ seller, buyer });
  const dispute = await disputed(buyer, id);
  await reached(buyer, id, 'disputed');
  await chargedBack(id, { status: 'warning_needs_response' });
  await laid(buyer, id, 'inquiry');
  await frozen(dispute.id, true);
  expect((await readDispute(seller, dispute.id)).next.actions).toEqual(['accept_claim']);
  expect((await readDispute(buyer, dispute.id)).next.actions).toEqual([]);
  expect(await answer(dispute.id)).toMatchObject({ status: 409, body: { code: 'DISPUTE_FROZEN' } });
  const accepted = await ask(seller, `/v1/disputes/${dispute.id}/response`, { answer: 'accept' });
  expect(accepted, JSON.stringify(accepted.body)).toMatchObject({ status: 200 });
  await reached(buyer, id, 'refunded');
  const ended = await laid(buyer, id, 'none');
  expect(ended.money).toMatchObject({ captured: 2_500, refunded: 2_500, held: 0, chargedBack: 0 });
  expect(await disputeReached(buyer, dispute.id, 'closed')).toMatchObject({ decision: { restsOn: 'claim' } });
  await expectEqualBooks(ended);
  await recordPurchase('chargeback-inquiry-claim-accepted', id);
  await recordHistory('dispute-claim-accepted-in-an-inquiry', disputeWorkflowId(id as PurchaseId, 1));
});
