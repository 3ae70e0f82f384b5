/** The seller has no money at Stripe any more when the bank keeps what was released: they owe it. */
import { expect, test } from 'vitest';
import type { UserId } from '../../contracts/ids.ts';
import { owedBy } from '../../services/transactions/index.ts';
import { payoutAccountOf } from '../../services/users/index.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { disputed, laid, moveDispute, recordPurchase, sold } from '../helpers/chargebacks.ts';
import { request } from '../helpers/client.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { reached } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';

test('what Stripe does not get back stays put in by Wellpact, and the next release pays it', async () => {
  const [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
  const available = { paymentMethod: 'pm_card_bypassPending' };
  const id = await sold({ seller, buyer }, ['accept', 'deliver', 'confirm'], available);
  const account = await withDatabase((database) => payoutAccountOf(database, seller.id as UserId));
  const base = stack().urls.sandbox;
  await request('POST', `/_control/accounts/${account}`, { base, body: { payOut: true } });
  const dispute = await disputed(id);
  await laid(buyer, id, 'open');
  await moveDispute(dispute.id, 'lost');
  const ended = await reached(buyer, id, 'refunded');
  expect(ended).toMatchObject({
    chargeback: 'lost',
    transfer: { status: 'sent' },
    money: { captured: 2_500, advanced: 2_250, transferred: 2_250, chargedBack: 2_500, fees: 0 },
  });
  await expectEqualBooks(ended);
  expect(await withDatabase((database) => owedBy(database, seller.id as UserId, 'EUR'))).toBe(2_250);
  await recordPurchase('chargeback-reversal-refused', id);

  const next = await sold({ seller, buyer }, ['accept', 'deliver', 'confirm'], available);
  const paid = await reached(buyer, next, 'completed');
  expect(paid.money).toMatchObject({ recovered: 2_250, transferred: 0, fees: 250 });
  await expectEqualBooks(paid);
  expect(await withDatabase((database) => owedBy(database, seller.id as UserId, 'EUR'))).toBe(0);
});
