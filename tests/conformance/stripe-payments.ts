import { Stripe } from 'stripe';
import { describe, expect, it } from 'vitest';
import { expandedObject, heldPayment, idIn, type Rig, refused } from './rig.ts';

/** Payments: intents, their charges, payment methods and refunds. */
export function describePayments(rig: () => Rig): void {
  describe('payment intents', () => {
    it('authorises, shows until when it can be captured, and captures once', async () => {
      const { stripe, log } = rig();
      const created = await stripe.paymentIntents.create(
        heldPayment({ transfer_group: 'pur_held', metadata: { purchaseId: 'pur_held' }, expand: ['latest_charge'] }),
      );
      expect(created).toMatchObject({ status: 'requires_capture', amount_capturable: 5_000, amount_received: 0 });
      const charge = expandedObject<Stripe.Charge>(created.latest_charge);
      expect(charge).toMatchObject({ captured: false, transfer_group: 'pur_held', balance_transaction: null });
      expect(charge.payment_method_details?.card?.capture_before).toBe(charge.created + 7 * 24 * 60 * 60);

      const captured = await stripe.paymentIntents.capture(created.id, {
        expand: ['latest_charge.balance_transaction'],
      });
      expect(captured).toMatchObject({ status: 'succeeded', amount_capturable: 0, amount_received: 5_000 });
      const booked = expandedObject<Stripe.BalanceTransaction>(
        expandedObject<Stripe.Charge>(captured.latest_charge).balance_transaction,
      );
      expect(booked).toMatchObject({ amount: 5_000, fee: 100, net: 4_900, status: 'pending', type: 'charge' });

      const again = await refused(stripe.paymentIntents.capture(created.id));
      expect(again).toMatchObject({ statusCode: 400, code: 'payment_intent_unexpected_state' });
      expect(again.payment_intent?.status).toBe('succeeded');
      const lines = await log('transferGroup=pur_held');
      expect(lines.map(({ kind, amount }) => [kind, amount])).toEqual([
        ['payment_intent', 5_000],
        ['authorise', 5_000],
        ['capture', 5_000],
      ]);
    });

    it('captures a part and releases the rest', async () => {
      const { stripe } = rig();
      const { id } = await stripe.paymentIntents.create(heldPayment());
      const tooMuch = await refused(stripe.paymentIntents.capture(id, { amount_to_capture: 5_001 }));
      expect(tooMuch).toMatchObject({ code: 'amount_too_large', param: 'amount_to_capture' });
      const captured = await stripe.paymentIntents.capture(id, {
        amount_to_capture: 2_000,
        metadata: { part: 'yes' },
        expand: ['latest_charge'],
      });
      expect(captured).toMatchObject({ amount: 5_000, amount_received: 2_000, metadata: { part: 'yes' } });
      expect(captured.latest_charge).toMatchObject({ amount_captured: 2_000, amount_refunded: 3_000, refunded: false });
    });

    it('takes the money at once when asked to, with any test card that is good', async () => {
      const { stripe } = rig();
      for (const method of ['pm_card_mastercard', 'pm_card_visa_debit', 'pm_card_bypassPending']) {
        const paid = await stripe.paymentIntents.create({
          amount: 900,
          currency: 'EUR',
          confirm: true,
          payment_method: method,
          automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
          description: 'Order',
          expand: ['payment_method', 'latest_charge.balance_transaction'],
        });
        expect(paid).toMatchObject({ status: 'succeeded', currency: 'eur', amount_received: 900 });
        expect(expandedObject<Stripe.PaymentMethod>(paid.payment_method).id).toMatch(/^pm_1/);
      }
    });

    it('cancels before capture and releases the authorisation', async () => {
      const { stripe, log } = rig();
      const held = await stripe.paymentIntents.create(heldPayment());
      const canceled = await stripe.paymentIntents.cancel(held.id, {
        cancellation_reason: 'requested_by_customer',
        expand: ['latest_charge'],
      });
      expect(canceled).toMatchObject({ status: 'canceled', cancellation_reason: 'requested_by_customer' });
      expect(canceled.latest_charge).toMatchObject({ captured: false, refunded: true, amount_refunded: 5_000 });
      const again = await refused(stripe.paymentIntents.cancel(held.id));
      expect(again).toMatchObject({ statusCode: 400, code: 'payment_intent_unexpected_state' });
      expect(await log(`id=${held.id}&kind=cancel`)).toHaveLength(1);
      expect(await log(`id=${held.id}&kind=capture`)).toHaveLength(0);
    });

    it('changes what may still be changed', async () => {
      const { stripe } = rig();
      const open = await stripe.paymentIntents.create({
        amount: 1_000,
        currency: 'eur',
        payment_method_types: ['card'],
        metadata: { a: '1', b: '2' },
      });
      expect(open.status).toBe('requires_payment_method');
      const changed = await stripe.paymentIntents.update(open.id, {
        amount: 1_200,
        payment_method: 'pm_card_visa',
        transfer_group: 'group',
        metadata: { a: '', c: '3' },
      });
      expect(changed).toMatchObject({ amount: 1_200, status: 'requires_confirmation', metadata: { b: '2', c: '3' } });
      expect(changed.metadata).not.toHaveProperty('a');
      const confirmed = await stripe.paymentIntents.confirm(open.id);
      expect(confirmed.status).toBe('succeeded');
      expect(await refused(stripe.paymentIntents.update(open.id, { amount: 1_300 }))).toMatchObject({
        code: 'payment_intent_unexpected_state',
        param: 'amount',
      });
      expect((await stripe.paymentIntents.update(open.id, { metadata: '' })).metadata).toEqual({});
    });

    it('lists by pages in both directions', async () => {
      const { stripe } = rig();
      const made: string[] = [];
      for (let count = 0; count < 3; count += 1) {
        const { id } = await stripe.paymentIntents.create({
          amount: 700,
          currency: 'usd',
          payment_method_types: ['card'],
        });
        made.unshift(id);
      }
      const first = await stripe.paymentIntents.list({ limit: 2 });
      expect(first.data.map(({ id }) => id)).toEqual(made.slice(0, 2));
      expect(first.has_more).toBe(true);
      const second = await stripe.paymentIntents.list({ limit: 1, starting_after: made[1] ?? '' });
      expect(second.data[0]?.id).toBe(made[2]);
      const back = await stripe.paymentIntents.list({ ending_before: made[2] ?? '' });
      expect(back.data.map(({ id }) => id)).toEqual(made.slice(0, 2));
      expect(back.has_more).toBe(false);
      const recent = await stripe.paymentIntents.list({ created: { gte: first.data[0]?.created ?? 0 }, limit: 1 });
      expect(recent.data).toHaveLength(1);
    });
  });

  describeAuthentication(rig);

  describe('declined cards', () => {
    it.each([
      ['pm_card_visa_chargeDeclined', 'card_declined', 'generic_decline'],
      ['pm_card_visa_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
      ['pm_card_chargeDeclinedExpiredCard', 'expired_card', 'expired_card'],
      ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc', 'incorrect_cvc'],
      ['pm_card_chargeDeclinedProcessingError', 'processing_error', 'processing_error'],
    ])('%s: 402 with the intent, which waits for another card', async (method, code, decline) => {
      const { stripe } = rig();
      const error = await refused(stripe.paymentIntents.create(heldPayment({ payment_method: method })));
      expect(error).toBeInstanceOf(Stripe.errors.StripeCardError);
      expect(error).toMatchObject({ statusCode: 402, code, decline_code: decline });
      const intent = error.payment_intent;
      expect(intent).toMatchObject({ status: 'requires_payment_method', payment_method: null });
      expect(intent?.last_payment_error).toMatchObject({ code, type: 'card_error' });
      const charge = await stripe.charges.retrieve(idIn(intent?.latest_charge), { expand: ['payment_intent'] });
      expect(charge).toMatchObject({ status: 'failed', paid: false, failure_code: code });
      const paid = await stripe.paymentIntents.confirm(intent?.id ?? '', {
        payment_method: 'pm_card_visa',
        return_url: 'https://app.example/return',
      });
      expect(paid).toMatchObject({ status: 'requires_capture', last_payment_error: null });
    });
  });

  describe('charges, payment methods and refunds', () => {
    it('finds a purchase again by its group and its intent', async () => {
      const { stripe } = rig();
      const intent = await stripe.paymentIntents.create(heldPayment({ transfer_group: 'pur_found' }));
      const byGroup = await stripe.charges.list({ transfer_group: 'pur_found' });
      const byIntent = await stripe.charges.list({ payment_intent: intent.id, expand: ['data.payment_intent'] });
      expect(byGroup.data.map(({ id }) => id)).toEqual([intent.latest_charge]);
      expect(byIntent.data.map(({ id }) => id)).toEqual([intent.latest_charge]);
      expect(expandedObject<Stripe.PaymentIntent>(byIntent.data[0]?.payment_intent).id).toBe(intent.id);
    });

    it('knows the payment methods of the test tokens', async () => {
      const { stripe } = rig();
      const visa = await stripe.paymentMethods.retrieve('pm_card_visa');
      expect(visa.card).toMatchObject({ brand: 'visa', last4: '4242' });
      expect((await stripe.paymentMethods.retrieve(visa.id)).id).toBe(visa.id);
      expect(await refused(stripe.paymentMethods.retrieve('pm_none'))).toMatchObject({ statusCode: 404 });
    });

    it('refunds in parts until nothing is left', async () => {
      const { stripe, log } = rig();
      const held = await stripe.paymentIntents.create(heldPayment({ transfer_group: 'pur_refund' }));
      expect(await refused(stripe.refunds.create({ charge: idIn(held.latest_charge) }))).toMatchObject({
        statusCode: 400,
      });
      await stripe.paymentIntents.capture(held.id);
      const part = await stripe.refunds.create({
        payment_intent: held.id,
        amount: 1_500,
        reason: 'requested_by_customer',
        metadata: { purchaseId: 'pur_refund' },
        expand: ['balance_transaction', 'charge', 'payment_intent'],
      });
      expect(part).toMatchObject({ status: 'succeeded', amount: 1_500 });
      expect(expandedObject<Stripe.BalanceTransaction>(part.balance_transaction)).toMatchObject({
        net: -1_500,
        type: 'refund',
      });
      expect(part.charge).toMatchObject({ amount_refunded: 1_500, refunded: false });
      const tooMuch = await refused(stripe.refunds.create({ payment_intent: held.id, amount: 3_501 }));
      expect(tooMuch).toMatchObject({ statusCode: 400, param: 'amount' });
      const rest = await stripe.refunds.create({ charge: idIn(held.latest_charge) });
      expect(rest.amount).toBe(3_500);
      expect(await refused(stripe.refunds.create({ payment_intent: held.id }))).toMatchObject({
        code: 'charge_already_refunded',
      });
      const listed = await stripe.refunds.list({ payment_intent: held.id });
      expect(listed.data.map(({ id }) => id)).toEqual([rest.id, part.id]);
      expect((await stripe.refunds.retrieve(part.id)).metadata).toEqual({ purchaseId: 'pur_refund' });
      expect((await stripe.refunds.update(part.id, { metadata: { seen: 'yes' } })).metadata).toMatchObject({
        seen: 'yes',
      });
      const lines = await log('transferGroup=pur_refund&kind=refund');
      expect(lines.map(({ amount }) => amount)).toEqual([1_500, 3_500]);
    });
  });
}

function describeAuthentication(rig: () => Rig): void {
  describe('3-D Secure', () => {
    it.each([
      ['complete', 'requires_capture', 'amount_capturable_updated'],
      ['fail', 'requires_payment_method', 'payment_failed'],
    ])('stops for the buyer; %s leads to %s', async (outcome, status, event) => {
      const { stripe, webhooks } = rig();
      const waiting = await stripe.paymentIntents.create(
        heldPayment({ payment_method: 'pm_card_authenticationRequired' }),
      );
      expect(waiting).toMatchObject({ status: 'requires_action', latest_charge: null });
      const url = waiting.next_action?.redirect_to_url?.url ?? '';
      expect(await (await fetch(url)).text()).toContain('€50.00');
      const answer = await fetch(url, { method: 'POST', body: new URLSearchParams({ outcome }) });
      expect(answer.status).toBe(200);
      expect((await stripe.paymentIntents.retrieve(waiting.id)).status).toBe(status);
      const told = await webhooks.waitForWebhook(
        ({ body }) => body.includes(waiting.id) && body.includes(`payment_intent.${event}`),
      );
      expect(told.path).toBe('/webhooks/stripe');
    });

    it('fails instead when nobody is there to authenticate', async () => {
      const { stripe } = rig();
      const error = await refused(
        stripe.paymentIntents.create(
          heldPayment({ payment_method: 'pm_card_authenticationRequired', error_on_requires_action: true }),
        ),
      );
      expect(error).toMatchObject({ statusCode: 402, code: 'authentication_required' });
      expect(error.payment_intent?.status).toBe('requires_payment_method');
    });

    it('lets the app confirm with a publishable key and the client secret, and see no more than it may', async () => {
      const { stripe, stripeTraffic } = rig();
      const intent = await stripe.paymentIntents.create({
        amount: 2_500,
        currency: 'eur',
        capture_method: 'manual',
        payment_method_types: ['card'],
        metadata: { purchaseId: 'pur_app' },
      });
      const app = new Stripe('pk_test_anybody', {
        host: '127.0.0.1',
        port: stripeTraffic.port,
        protocol: 'http',
        maxNetworkRetries: 0,
      });
      const secret = intent.client_secret ?? '';
      expect(await refused(app.paymentIntents.retrieve(intent.id))).toMatchObject({ statusCode: 400 });
      expect(await refused(confirmInApp(app, intent.id, { client_secret: `${secret}x` }))).toMatchObject({
        param: 'client_secret',
      });
      const declined = await refused(
        confirmInApp(app, intent.id, { client_secret: secret, payment_method: 'pm_card_visa_chargeDeclined' }),
      );
      expect(declined.payment_intent).not.toHaveProperty('metadata');
      const confirmed = await confirmInApp(app, intent.id, {
        client_secret: secret,
        payment_method: 'pm_card_visa',
      });
      expect(confirmed.status).toBe('requires_capture');
      expect(confirmed).not.toHaveProperty('metadata');
      expect((await app.paymentIntents.retrieve(intent.id, { client_secret: secret })).status).toBe('requires_capture');
      expect(await refused(app.paymentIntents.capture(intent.id))).toMatchObject({
        statusCode: 403,
        code: 'secret_key_required',
      });
    });
  });
}

/** Stripe.js sends the client secret, which the types of the server's SDK do not have. */
function confirmInApp(
  app: Stripe,
  id: string,
  params: { client_secret: string; payment_method?: string },
): Promise<Stripe.PaymentIntent> {
  return app.paymentIntents.confirm(id, params);
}
