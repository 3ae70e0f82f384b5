/** Nobody says anything: every deadline that passes is decided by the policy. */
import { beforeAll, describe, expect, test } from 'vitest';
import {
  contested,
  delivered,
  disputed,
  disputedAfterRelease,
  disputeReached,
  does,
  EUR,
  expectSettled,
  recordBoth,
} from '../helpers/disputes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';

let seller: Person;
let buyer: Person;
beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
});

describe.concurrent('silence', () => {
  test('of the seller gives the buyer what they want', async () => {
    const dispute = await disputed(buyer, await delivered({ seller, buyer }), { wants: EUR(1_000) });
    expect(dispute.next.automatic?.says).toBe('silence is taken as the policy says');
    const money = { captured: 2_500, refunded: 1_000, transferred: 1_350, fees: 150 };
    expect(await expectSettled(buyer, dispute, 'released', money)).toMatchObject({ decision: { restsOn: 'silence' } });
    await recordBoth('seller-silent', dispute);
  });

  test('of both, then of mediators, then of both again: the default ruling is carried out', async () => {
    const dispute = await disputedAfterRelease({ seller, buyer });
    await contested(seller, dispute);
    await disputeReached(buyer, dispute.id, 'mediating');
    expect(await disputeReached(buyer, dispute.id, 'ruled')).toMatchObject({
      rulings: [{ number: 1, refund: EUR(1_250), reason: null, isDefault: true, status: 'stands' }],
    });
    const money = { captured: 2_500, refunded: 1_250, transferred: 1_125, fees: 125 };
    expect(await expectSettled(buyer, dispute, 'released', money)).toMatchObject({ decision: { restsOn: 'ruling' } });
    await recordBoth('everybody-silent', dispute);
  });

  test('of mediators after an appeal: the ruling that was appealed stands', async () => {
    const dispute = await disputedAfterRelease({ seller, buyer });
    await contested(seller, dispute);
    await disputeReached(buyer, dispute.id, 'ruled');
    await does(seller, dispute, 'appeal', { text: 'Nobody has looked.' });
    const money = { captured: 2_500, refunded: 1_250, transferred: 1_125, fees: 125 };
    await expectSettled(buyer, dispute, 'released', money);
    await recordBoth('appeal-unheard', dispute);
  });
});
