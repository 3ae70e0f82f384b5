import type { Stripe } from 'stripe';
import { describe, expect, it } from 'vitest';
import { waitFor } from '../helpers/wait-for.ts';
import { control, expandedObject, heldPayment, idIn, type Rig, refused, verifiedAccount } from './rig.ts';

const MINUTE_SECONDS = 60;
const DAY_SECONDS = 24 * 60 * MINUTE_SECONDS;

/** What turns out otherwise later: refunds, accounts, balances. It moves the clock, so it comes after everything else. */
export function describeOutcomes(rig: () => Rig): void {
  const paidBy = (token: string, group: string) =>
    rig().stripe.paymentIntents.create(
      heldPayment({ capture_method: 'automatic', payment_method: token, transfer_group: group }),
    );
  const refundOf = (intent: Stripe.PaymentIntent) => rig().stripe.refunds.create({ payment_intent: intent.id });
  const told = (type: string, id: string) =>
    rig().webhooks.received.filter(({ body }) => {
      const event = JSON.parse(body) as { type?: string; data?: { object: { id: string } } };
      return event.type === type && event.data?.object.id === id;
    });
  const toldOnce = (type: string, id: string) =>
    waitFor(() => told(type, id).length === 1, { what: `one ${type}`, timeoutMs: 5_000 });

  describe('refunds', () => {
    it('of pm_card_pendingRefund are pending until a minute has passed', async () => {
      const { stripe, log } = rig();
      const { id, status } = await refundOf(await paidBy('pm_card_pendingRefund', 'pur_pending'));
      expect(status).toBe('pending');
      await control(rig(), 'clock', { advanceSeconds: MINUTE_SECONDS });
      expect((await stripe.refunds.retrieve(id)).status).toBe('succeeded');
      await toldOnce('refund.updated', id);
      expect(await log(`id=${id}&kind=refund_succeeded`)).toHaveLength(1);
    });

    it('of pm_card_refundFail succeed and come back: the money is ours again, and can be refunded anew', async () => {
      const { stripe, log } = rig();
      const intent = await paidBy('pm_card_refundFail', 'pur_failing');
      const before = await availableOf(stripe);
      const refund = await refundOf(intent);
      expect(refund.status).toBe('succeeded');
      expect(await availableOf(stripe)).toBe(before - 5_000);
      await control(rig(), 'clock', { advanceSeconds: MINUTE_SECONDS });
      const failed = await stripe.refunds.retrieve(refund.id, { expand: ['failure_balance_transaction', 'charge'] });
      expect(failed).toMatchObject({ status: 'failed', failure_reason: 'expired_or_canceled_card' });
      expect(failed.failure_balance_transaction).toMatchObject({ type: 'refund_failure', net: 5_000 });
      expect(expandedObject<Stripe.Charge>(failed.charge)).toMatchObject({ refunded: false, amount_refunded: 0 });
      expect(await availableOf(stripe)).toBe(before);
      await toldOnce('refund.failed', refund.id);
      const lines = await log('transferGroup=pur_failing');
      expect(lines.filter(({ kind }) => kind.startsWith('refund')).map(({ kind, amount }) => [kind, amount])).toEqual([
        ['refund', 5_000],
        ['refund_failed', 5_000],
      ]);
      expect((await refundOf(intent)).amount).toBe(5_000);
    });

    it('end as the control API says, once', async () => {
      const { stripe } = rig();
      const { id } = await refundOf(await paidBy('pm_card_pendingRefund', 'pur_told'));
      expect(await control(rig(), `refunds/${id}`, { status: 'succeeded' })).toMatchObject({ status: 'succeeded' });
      await expect(control(rig(), `refunds/${id}`, { status: 'succeeded' })).rejects.toThrow('400');
      await control(rig(), `refunds/${id}`, { status: 'failed' });
      await expect(control(rig(), `refunds/${id}`, { status: 'succeeded' })).rejects.toThrow('cannot become');
      await control(rig(), 'clock', { advanceSeconds: MINUTE_SECONDS });
      expect((await stripe.refunds.retrieve(id)).status).toBe('failed');
      await toldOnce('refund.failed', id);
      await expect(control(rig(), 'refunds/re_none', { status: 'failed' })).rejects.toThrow('404');
    });
  });

  describe('accounts', () => {
    it('are disabled when what was demanded is past due, and each capability is told of', async () => {
      const { stripe, webhooks, sandbox } = rig();
      const { id } = await verifiedAccount(stripe);
      await control(rig(), `accounts/${id}`, {
        require: ['individual.verification.document'],
        dueInSeconds: 3 * DAY_SECONDS,
      });
      const asked = await stripe.accounts.retrieve(id);
      expect(asked).toMatchObject({ payouts_enabled: true, requirements: { past_due: [], disabled_reason: null } });
      await control(rig(), 'clock', { advanceSeconds: 2 * DAY_SECONDS });
      expect((await stripe.accounts.retrieve(id)).capabilities).toEqual({ transfers: 'active' });
      await control(rig(), 'clock', { advanceSeconds: DAY_SECONDS });
      expect(await stripe.accounts.retrieve(id)).toMatchObject({
        payouts_enabled: false,
        capabilities: { transfers: 'inactive' },
        requirements: { past_due: ['individual.verification.document'], disabled_reason: 'requirements.past_due' },
      });
      expect((await refused(stripe.transfers.create({ amount: 1, currency: 'eur', destination: id }))).code).toBe(
        'insufficient_capabilities_for_transfer',
      );
      await control(rig(), `accounts/${id}`, { require: [] });
      const events = () =>
        webhooks.received
          .filter(({ body }) => body.includes(id) && body.includes('"capability.updated"'))
          .map(({ body, headers }) =>
            stripe.webhooks.constructEvent(body, headers['stripe-signature'] ?? '', sandbox.stripeConnectWebhookSecret),
          );
      await waitFor(() => events().length === 4, { what: 'an event for each change', timeoutMs: 5_000 });
      expect(events().map(({ data }) => (data.object as Stripe.Capability).status)).toEqual([
        'active', // onboarded
        'active', // asked for a document
        'inactive', // which was not given
        'active', // and then was
      ]);
      expect(events().every(({ account }) => account === id)).toBe(true);
    });
  });

  describe('balances', () => {
    it('that were paid out leave nothing to reverse', async () => {
      const { stripe, log } = rig();
      const seller = await verifiedAccount(stripe);
      const paid = await paidBy('pm_card_bypassPending', 'pur_paid_out');
      const transfer = await stripe.transfers.create({
        amount: 4_000,
        currency: 'eur',
        destination: seller.id,
        source_transaction: idIn(paid.latest_charge),
      });
      await control(rig(), `accounts/${seller.id}`, { payOut: true });
      const balance = await stripe.balance.retrieve({}, { stripeAccount: seller.id });
      expect(balance.available).toMatchObject([{ amount: 0, currency: 'eur' }]);
      expect((await refused(stripe.transfers.createReversal(transfer.id))).code).toBe('balance_insufficient');
      expect((await stripe.transfers.retrieve(transfer.id)).amount_reversed).toBe(0);
      const lines = await log(`account=${seller.id}&kind=payout`);
      expect(lines.map(({ amount, currency }) => [amount, currency])).toEqual([[4_000, 'eur']]);
    });
  });
}

/** What the platform has available in euros, minor units. */
async function availableOf(stripe: Stripe): Promise<number> {
  const { available } = await stripe.balance.retrieve();
  return available.find(({ currency }) => currency === 'eur')?.amount ?? 0;
}
