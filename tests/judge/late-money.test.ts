/** Money that a bank gives back late, after the seller has given it, too: the judge counts it as nobody's. */
import { beforeAll, expect, test } from 'vitest';
import { expectEqualBooks, judgePurchase } from '../helpers/books.ts';
import {
  aboutChargeback,
  chargebacksOf,
  disputed,
  laid,
  moveDispute,
  reinstated,
  sold,
} from '../helpers/chargebacks.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { read } from '../helpers/purchases.ts';
import { staffToken } from '../helpers/staff.ts';
import { waitFor } from '../helpers/wait-for.ts';

let seller: Person;
let buyer: Person;
let finance: Awaited<ReturnType<typeof staffToken>>;
beforeAll(async () => {
  [seller, buyer, finance] = await Promise.all([verifiedSeller(), verifiedBuyer(), staffToken('finance')]);
});

/** Released; the bank kept 10.00 of it, which the seller and Wellpact gave. @returns the purchase, and its dispute */
async function partlyLost(): Promise<{ id: string; dispute: string }> {
  const paid = { paymentMethod: 'pm_card_bypassPending' };
  const id = await sold({ seller, buyer }, ['accept', 'deliver', 'confirm'], paid);
  const { id: dispute } = await disputed(id);
  await laid(buyer, id, 'open');
  await moveDispute(dispute, 'won', { reinstated: 1_500 });
  await until('the bank to have decided', async () => (await chargebacksOf(finance, id)).data[0]?.status === 'won');
  // Finance wait for the rest no longer: then those bear it who had the money.
  const answer = await aboutChargeback(finance, id, dispute, 'accept');
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  await until('that to be settled', async () => (await read(buyer, id)).body.money.advanced === 0);
  return { id, dispute };
}

const until = (what: string, isSo: () => Promise<boolean>) => waitFor(isSo, { what, timeoutMs: 20_000 });

const nameInCase = (id: string, returned: number): Promise<unknown> =>
  withDatabase((database) =>
    database.query(
      `UPDATE cases.cases SET details = details || jsonb_build_object('returned', $2::bigint)
        WHERE kind = 'chargeback_remainder' AND subject_id = $1`,
      [id, returned],
    ),
  );

test('all of it stands in a case, and a case that names less does not excuse it', async () => {
  const { id, dispute } = await partlyLost();
  await reinstated(dispute);
  await until('it to come back', async () => (await read(buyer, id)).body.money.chargedBack === 0);
  const late = (await read(buyer, id)).body;
  expect(late).toMatchObject({
    state: 'released',
    money: { suspense: 1_000, held: 0, transferred: 1_350, fees: 150, advanced: 0 },
  });
  await expectEqualBooks(late);
  await nameInCase(id, 999);
  await expect(judgePurchase(id)).rejects.toThrow('late_money_is_named');
  await nameInCase(id, 1_000);
  await judgePurchase(id);
});
