import type { Stripe } from 'stripe';
import { describe, expect, it } from 'vitest';
import { expandedObject, heldPayment, idIn, type Rig, refused, verifiedAccount } from './rig.ts';

/** Connected accounts, transfers to them and back, balances and events. */
export function describeConnect(rig: () => Rig): void {
  describe('connected accounts', () => {
    it('become able to receive when the hosted onboarding is completed, and the Connect endpoint is told', async () => {
      const { stripe, webhooks, sandbox } = rig();
      const account = await stripe.accounts.create({
        country: 'DE',
        controller: {
          stripe_dashboard: { type: 'express' },
          fees: { payer: 'application' },
          losses: { payments: 'application' },
        },
        capabilities: { transfers: { requested: true }, card_payments: { requested: true } },
        settings: { payouts: { schedule: { interval: 'manual' } } },
        business_profile: { mcc: '7298', url: 'https://seller.example' },
        individual: { first_name: 'Erika' },
      });
      expect(account.capabilities).toEqual({ card_payments: 'inactive', transfers: 'inactive' });
      expect(account).toMatchObject({
        details_submitted: false,
        payouts_enabled: false,
        individual: { first_name: 'Erika' },
      });
      expect(account.requirements?.currently_due).toContain('individual.last_name');
      expect(account.requirements?.currently_due).not.toContain('business_profile.mcc');
      const refusal = await refused(stripe.transfers.create({ amount: 100, currency: 'eur', destination: account.id }));
      expect(refusal.code).toBe('insufficient_capabilities_for_transfer');

      const link = await stripe.accountLinks.create({
        account: account.id,
        type: 'account_onboarding',
        collect: 'eventually_due',
        refresh_url: 'https://app.example/refresh',
        return_url: 'https://app.example/return',
      });
      expect(link.expires_at).toBe(link.created + 300);
      expect(await (await fetch(link.url)).text()).toContain(account.id);
      expect((await stripe.accounts.retrieve(account.id)).details_submitted).toBe(false);
      expect(await (await fetch(link.url, { method: 'POST' })).text()).toContain('https://app.example/return');
      const after = await stripe.accounts.retrieve(account.id);
      expect(after).toMatchObject({ details_submitted: true, charges_enabled: true, payouts_enabled: true });
      expect(after.capabilities).toEqual({ card_payments: 'active', transfers: 'active' });
      expect(after.requirements).toMatchObject({ currently_due: [], disabled_reason: null });
      // Stripe collects the requirements: the platform no longer sees the person.
      expect(after).not.toHaveProperty('individual');

      const told = await webhooks.waitForWebhook(
        ({ body }) => body.includes('"account.updated"') && body.includes(account.id),
      );
      const event = stripe.webhooks.constructEvent(
        told.body,
        told.headers['stripe-signature'] ?? '',
        sandbox.stripeConnectWebhookSecret,
      );
      expect(event.account).toBe(account.id);
      expect(event.data.previous_attributes).toMatchObject({ details_submitted: false });
      const fetched = await stripe.events.retrieve(event.id, {}, { stripeAccount: account.id });
      expect(fetched.type).toBe('account.updated');
    });

    it('are updated and listed; somebody else’s is refused', async () => {
      const { stripe } = rig();
      const account = await stripe.accounts.create({ type: 'express', country: 'DE' });
      expect(account.controller).toMatchObject({
        fees: { payer: 'application_express' },
        stripe_dashboard: { type: 'express' },
      });
      const updated = await stripe.accounts.update(account.id, {
        email: 'new@example.org',
        metadata: { userId: 'usr_9' },
        tos_acceptance: { service_agreement: 'full' },
      });
      expect(updated).toMatchObject({ email: 'new@example.org', metadata: { userId: 'usr_9' } });
      expect((await stripe.accounts.list({ limit: 1 })).data[0]?.id).toBe(account.id);
      expect(await refused(stripe.accounts.retrieve('acct_none'))).toMatchObject({
        statusCode: 403,
        code: 'account_invalid',
      });
      expect(await refused(stripe.balance.retrieve({}, { stripeAccount: 'acct_none' }))).toMatchObject({
        statusCode: 403,
      });
      const platform = await stripe.accounts.retrieveCurrent();
      expect(platform).toMatchObject({ type: 'standard', charges_enabled: true });
      const own = await stripe.accounts.retrieveCurrent({}, { stripeAccount: account.id });
      expect(own.id).toBe(account.id);
    });
  });

  describe('transfers', () => {
    it('pass on a purchase’s money before it is available, and never more than there is', async () => {
      const { stripe, log } = rig();
      const seller = await verifiedAccount(stripe);
      const paid = await stripe.paymentIntents.create(heldPayment({ transfer_group: 'pur_transfer' }));
      const source = idIn(paid.latest_charge);
      const transfer = { amount: 4_500, currency: 'eur', destination: seller.id };
      expect(await refused(stripe.transfers.create({ ...transfer, source_transaction: source }))).toMatchObject({
        statusCode: 400,
        param: 'source_transaction',
      });
      await stripe.paymentIntents.capture(paid.id);
      expect(await refused(stripe.transfers.create({ ...transfer, amount: 1_000_000 }))).toMatchObject({
        statusCode: 400,
        code: 'balance_insufficient',
      });
      const sent = await stripe.transfers.create({
        ...transfer,
        source_transaction: source,
        transfer_group: 'pur_transfer',
        metadata: { purchaseId: 'pur_transfer' },
        expand: ['balance_transaction', 'destination', 'destination_payment', 'source_transaction'],
      });
      expect(expandedObject<Stripe.BalanceTransaction>(sent.balance_transaction)).toMatchObject({
        amount: -4_500,
        fee: 0,
        status: 'pending',
      });
      expect(expandedObject<Stripe.Charge>(sent.destination_payment)).toMatchObject({
        amount: 4_500,
        source_transfer: sent.id,
      });
      expect(
        await refused(stripe.transfers.create({ ...transfer, amount: 501, source_transaction: source })),
      ).toMatchObject({ statusCode: 400, param: 'amount' });
      expect((await stripe.transfers.list({ transfer_group: 'pur_transfer' })).data.map(({ id }) => id)).toEqual([
        sent.id,
      ]);
      expect((await stripe.transfers.list({ destination: seller.id })).data).toHaveLength(1);
      const held = await stripe.balance.retrieve({}, { stripeAccount: seller.id });
      expect(held.pending).toMatchObject([{ amount: 4_500, currency: 'eur' }]);
      const lines = await log('transferGroup=pur_transfer&kind=transfer');
      expect(lines.map(({ id, amount }) => [id, amount])).toEqual([[sent.id, 4_500]]);
    });

    it('are reversed in parts, and the money comes back from the seller', async () => {
      const { stripe } = rig();
      const seller = await verifiedAccount(stripe);
      const paid = await stripe.paymentIntents.create(heldPayment({ capture_method: 'automatic' }));
      const sent = await stripe.transfers.create({
        amount: 4_000,
        currency: 'eur',
        destination: seller.id,
        source_transaction: idIn(paid.latest_charge),
      });
      expect(sent.transfer_group).toBe(`group_${paid.id}`);
      const back = await stripe.transfers.createReversal(sent.id, {
        amount: 1_000,
        description: 'Partly returned',
        metadata: { step: 'refund' },
        expand: ['balance_transaction', 'transfer'],
      });
      expect(expandedObject<Stripe.Transfer>(back.transfer)).toMatchObject({ amount_reversed: 1_000, reversed: false });
      expect(await refused(stripe.transfers.createReversal(sent.id, { amount: 3_001 }))).toMatchObject({
        param: 'amount',
      });
      const rest = await stripe.transfers.createReversal(sent.id);
      expect(rest.amount).toBe(3_000);
      const after = await stripe.transfers.update(sent.id, { metadata: { reversed: 'yes' }, description: 'Returned' });
      expect(after).toMatchObject({ reversed: true, amount_reversed: 4_000, description: 'Returned' });
      expect(after.reversals.data.map(({ id }) => id)).toEqual([rest.id, back.id]);
      expect((await stripe.transfers.listReversals(sent.id, { limit: 1 })).data[0]?.id).toBe(rest.id);
      expect((await stripe.transfers.retrieveReversal(sent.id, back.id)).metadata).toEqual({ step: 'refund' });
      const changed = await stripe.transfers.updateReversal(sent.id, back.id, { metadata: { seen: 'yes' } });
      expect(changed.metadata).toMatchObject({ seen: 'yes' });
      const [, refund] = (await stripe.refunds.list({}, { stripeAccount: seller.id })).data;
      expect(refund).toMatchObject({ amount: 1_000, charge: sent.destination_payment });
      const held = await stripe.balance.retrieve({}, { stripeAccount: seller.id });
      expect(held.pending).toMatchObject([{ amount: 0 }]);
      expect((await stripe.transfers.retrieve(sent.id)).reversed).toBe(true);
    });
  });

  describe('balance and events', () => {
    it('sums up exactly what is booked', async () => {
      const { stripe } = rig();
      await stripe.paymentIntents.create(heldPayment({ currency: 'gbp', capture_method: 'automatic' }));
      const balance = await stripe.balance.retrieve();
      for (const { currency } of balance.available) {
        const booked = await stripe.balanceTransactions
          .list({ currency, limit: 100, expand: ['data.source'] })
          .autoPagingToArray({ limit: 10_000 });
        const sum = (status: string) =>
          booked.filter((item) => item.status === status).reduce((total, item) => total + item.net, 0);
        expect(balance.available.find((item) => item.currency === currency)?.amount).toBe(sum('available'));
        expect(balance.pending.find((item) => item.currency === currency)?.amount).toBe(sum('pending'));
      }
      const [newest] = (await stripe.balanceTransactions.list({ type: 'charge', limit: 1 })).data;
      expect((await stripe.balanceTransactions.retrieve(newest?.id ?? '')).source).toBe(newest?.source);
      const bySource = await stripe.balanceTransactions.list({ source: idIn(newest?.source) });
      expect(bySource.data.map(({ id }) => id)).toEqual([newest?.id]);
    });

    it('are told in order, signed, and can be fetched again', async () => {
      const { stripe, webhooks, sandbox } = rig();
      const key = `order-${Date.now()}`;
      const intent = await stripe.paymentIntents.create(heldPayment(), { idempotencyKey: key });
      await stripe.paymentIntents.capture(intent.id);
      await webhooks.waitForWebhook(
        ({ body }) => body.includes(intent.id) && body.includes('payment_intent.succeeded'),
      );
      const told = webhooks.received
        .filter(({ body }) => body.includes(intent.id))
        .map(({ body, headers }) =>
          stripe.webhooks.constructEvent(body, headers['stripe-signature'] ?? '', sandbox.stripeWebhookSecret),
        );
      expect(told.map(({ type }) => type)).toEqual([
        'payment_intent.created',
        'charge.succeeded',
        'payment_intent.amount_capturable_updated',
        'charge.captured',
        'payment_intent.succeeded',
      ]);
      expect(told[0]).toMatchObject({ api_version: '2026-08-26.dahlia', request: { idempotency_key: key } });
      const fetched = await stripe.events.retrieve(told[0]?.id ?? '');
      expect(fetched).toMatchObject({ type: 'payment_intent.created', pending_webhooks: 0 });
      const listed = await stripe.events.list({ types: ['charge.captured', 'transfer.created'], limit: 1 });
      expect(listed.data[0]?.id).toBe(told[3]?.id);
      expect((await stripe.events.list({ type: 'payment_intent.succeeded', limit: 1 })).data[0]?.id).toBe(told[4]?.id);
    });
  });
}
