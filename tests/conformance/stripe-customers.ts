import { Stripe } from 'stripe';
import { describe, expect, it } from 'vitest';
import { heldPayment, idIn, type Rig, refused } from './rig.ts';

/** Customers, what they pay with later, and searches. */
export function describeCustomers(rig: () => Rig): void {
  describe('customers', () => {
    it('are made, changed, listed, and forgotten for good', async () => {
      const { stripe, webhooks } = rig();
      const email = `erika-${Date.now()}@example.org`;
      const customer = await stripe.customers.create({
        email,
        name: 'Erika Muster',
        address: { city: 'Ulm', country: 'DE', line1: 'Weg 1', postal_code: '89073' },
        preferred_locales: ['de'],
        metadata: { userId: 'usr_1' },
        payment_method: 'pm_card_visa',
      });
      expect(customer).toMatchObject({ email, address: { city: 'Ulm', line2: null }, metadata: { userId: 'usr_1' } });
      const changed = await stripe.customers.update(customer.id, { name: '', phone: '+49 731 1', address: '' });
      expect(changed).toMatchObject({ email, name: null, phone: '+49 731 1', address: null });
      expect((await stripe.customers.list({ email })).data.map(({ id }) => id)).toEqual([customer.id]);
      const [card] = (await stripe.customers.listPaymentMethods(customer.id, { type: 'card' })).data;
      expect(card).toMatchObject({ customer: customer.id });

      expect(await stripe.customers.del(customer.id)).toEqual(
        expect.objectContaining({ id: customer.id, deleted: true }),
      );
      expect(await stripe.customers.retrieve(customer.id)).not.toHaveProperty('email');
      expect((await stripe.customers.list({ email })).data).toEqual([]);
      expect((await refused(stripe.customers.update(customer.id, { name: 'x' }))).code).toBe('resource_missing');
      const payment = heldPayment({ payment_method: card?.id ?? '' });
      expect((await refused(stripe.paymentIntents.create(payment))).message).toContain('detached');
      await webhooks.waitForWebhook(({ body }) => body.includes(customer.id) && body.includes('customer.deleted'));
    });

    it('pay with what they kept, and nobody else does', async () => {
      const { stripe } = rig();
      const [erika, otto] = [
        await stripe.customers.create({ name: 'E' }),
        await stripe.customers.create({ name: 'O' }),
      ];
      const card = await stripe.paymentMethods.attach('pm_card_visa', { customer: erika.id });
      expect((await refused(stripe.paymentMethods.attach(card.id, { customer: otto.id }))).statusCode).toBe(400);
      const declined = stripe.paymentMethods.attach('pm_card_visa_chargeDeclined', { customer: erika.id });
      expect(await refused(declined)).toMatchObject({ statusCode: 402, code: 'card_declined' });
      const later = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: otto.id });
      const updated = await stripe.paymentMethods.update(card.id, { allow_redisplay: 'always', metadata: { a: '1' } });
      expect(updated).toMatchObject({ allow_redisplay: 'always', metadata: { a: '1' } });

      const pay = (more: Partial<Stripe.PaymentIntentCreateParams>) =>
        stripe.paymentIntents.create(heldPayment({ payment_method: card.id, ...more }));
      expect((await refused(pay({}))).message).toContain('belongs to a Customer');
      expect((await refused(pay({ customer: otto.id }))).message).toContain('another customer');
      expect((await refused(pay({ customer: 'cus_none' }))).code).toBe('resource_missing');
      const paid = await pay({ customer: erika.id, off_session: true, expand: ['customer', 'latest_charge'] });
      expect(paid).toMatchObject({ customer: { id: erika.id }, latest_charge: { customer: erika.id } });
      expect((await pay({ customer: otto.id, payment_method: later.id }).catch(({ code }) => code)) as unknown).toBe(
        'card_declined',
      );
      expect((await stripe.paymentIntents.list({ customer: erika.id })).data.map(({ id }) => id)).toEqual([paid.id]);
      expect((await stripe.charges.list({ customer: erika.id })).data.map(({ id }) => id)).toEqual([
        idIn(paid.latest_charge),
      ]);

      const kept = await pay({ customer: erika.id, payment_method: 'pm_card_amex', setup_future_usage: 'off_session' });
      const cards = await stripe.paymentMethods.list({ customer: erika.id, type: 'card', expand: ['data.customer'] });
      expect(cards.data.map(({ id }) => id)).toEqual([idIn(kept.payment_method), card.id]);
      expect((await stripe.paymentMethods.detach(card.id)).customer).toBeNull();
      expect((await refused(stripe.paymentMethods.detach(card.id))).statusCode).toBe(400);
      expect((await refused(stripe.paymentMethods.attach(card.id, { customer: erika.id }))).message).toContain(
        'detached',
      );
    });
  });

  describe('setup intents', () => {
    it('keep a card for later', async () => {
      const { stripe, log } = rig();
      const { id: customer } = await stripe.customers.create({ name: 'E' });
      const setup = await stripe.setupIntents.create({ customer, payment_method_types: ['card'], description: 'Keep' });
      expect(setup).toMatchObject({ status: 'requires_payment_method', usage: 'off_session' });
      const chosen = await stripe.setupIntents.update(setup.id, {
        payment_method: 'pm_card_visa',
        metadata: { a: '1' },
      });
      expect(chosen).toMatchObject({ status: 'requires_confirmation', metadata: { a: '1' } });
      const done = await stripe.setupIntents.confirm(setup.id, { expand: ['payment_method'] });
      expect(done).toMatchObject({ status: 'succeeded', payment_method: { customer } });
      expect((await refused(stripe.setupIntents.confirm(setup.id))).code).toBe('setup_intent_unexpected_state');
      expect((await stripe.setupIntents.list({ customer })).data.map(({ id }) => id)).toEqual([setup.id]);
      expect(await log(`id=${setup.id}`)).toMatchObject([{ kind: 'setup_intent' }, { kind: 'setup' }]);
      const other = await stripe.setupIntents.create({ customer });
      const canceled = await stripe.setupIntents.cancel(other.id, { cancellation_reason: 'abandoned' });
      expect(canceled).toMatchObject({ status: 'canceled', cancellation_reason: 'abandoned' });
    });

    it('are declined, and ask the buyer’s bank, on its page', async () => {
      const { stripe, stripeTraffic } = rig();
      const { id: customer } = await stripe.customers.create({ name: 'E' });
      const create = (token: string) =>
        stripe.setupIntents.create({
          customer,
          payment_method: token,
          payment_method_types: ['card'],
          confirm: true,
          return_url: 'https://app.example/return',
        });
      const declined = await refused(create('pm_card_visa_chargeDeclined'));
      expect(declined).toMatchObject({ statusCode: 402, code: 'card_declined' });
      expect(declined.setup_intent).toMatchObject({
        status: 'requires_payment_method',
        last_setup_error: { code: 'card_declined' },
      });
      const waiting = await create('pm_card_authenticationRequired');
      expect(waiting.status).toBe('requires_action');
      const url = waiting.next_action?.redirect_to_url?.url ?? '';
      expect(await (await fetch(url)).text()).toContain('kept for later payments');
      await fetch(url, { method: 'POST', body: new URLSearchParams({ outcome: 'fail' }) });
      const app = new Stripe('pk_test_anybody', {
        host: '127.0.0.1',
        port: stripeTraffic.port,
        protocol: 'http',
        maxNetworkRetries: 0,
      });
      const secret = { client_secret: waiting.client_secret ?? '' };
      expect(await refused(app.setupIntents.retrieve(waiting.id))).toMatchObject({ param: 'client_secret' });
      const failed = await app.setupIntents.retrieve(waiting.id, secret);
      expect(failed).toMatchObject({
        status: 'requires_payment_method',
        last_setup_error: { code: 'setup_intent_authentication_failure' },
      });
      expect(failed).not.toHaveProperty('customer');
      // Stripe.js sends the client secret, which the types of the server's SDK do not have.
      const again: Stripe.SetupIntentConfirmParams & { client_secret: string } = {
        ...secret,
        payment_method: 'pm_card_authenticationRequired',
      };
      const asked = await app.setupIntents.confirm(waiting.id, again);
      const page = String((asked.next_action?.use_stripe_sdk as { stripe_js?: string } | undefined)?.stripe_js);
      await fetch(page, { method: 'POST' });
      expect((await stripe.setupIntents.retrieve(waiting.id)).status).toBe('succeeded');
      expect((await stripe.customers.listPaymentMethods(customer)).data).toHaveLength(1);
    });
  });

  describe('searches', () => {
    it('find by metadata and state, page by page', async () => {
      const { stripe } = rig();
      const run = `run-${Date.now()}`;
      const made: string[] = [];
      for (let count = 0; count < 3; count += 1) {
        const { id } = await stripe.paymentIntents.create(heldPayment({ metadata: { run, count: String(count) } }));
        made.unshift(id);
      }
      await stripe.paymentIntents.cancel(made[1] ?? '');
      const query = `metadata['run']:'${run}'`;
      const first = await stripe.paymentIntents.search({ query, limit: 2 });
      expect(first.data.map(({ id }) => id)).toEqual(made.slice(0, 2));
      expect(first).toMatchObject({ object: 'search_result', has_more: true });
      const second = await stripe.paymentIntents.search({ query, limit: 2, page: first.next_page ?? '' });
      expect(second.data.map(({ id }) => id)).toEqual(made.slice(2));
      expect(second).toMatchObject({ has_more: false, next_page: null });
      const held = await stripe.paymentIntents.search({
        query: `${query} AND status:'requires_capture' AND amount>=5000`,
        expand: ['data.latest_charge'],
      });
      expect(held.data.map(({ id }) => id)).toEqual([made[0], made[2]]);
      const charges = await stripe.charges.search({ query: `${query} AND refunded:'true'` });
      expect(charges.data.map((charge) => charge.payment_intent)).toEqual([made[1]]);
      const { id } = await stripe.customers.create({ email: `${run}@example.org`, metadata: { run } });
      expect((await stripe.customers.search({ query: `email~'${run}'` })).data.map((found) => found.id)).toEqual([id]);
      expect(await refused(stripe.paymentIntents.search({ query: "colour:'red'" }))).toMatchObject({ param: 'query' });
      expect(await refused(stripe.paymentIntents.search({ query, page: 'x' }))).toMatchObject({ param: 'page' });
    });
  });
}
