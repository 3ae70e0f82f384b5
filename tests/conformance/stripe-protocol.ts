import pg from 'pg';
import { Stripe } from 'stripe';
import { describe, expect, it } from 'vitest';
import { waitFor } from '../helpers/wait-for.ts';
import { heldPayment, type Rig, refused } from './rig.ts';

/** What holds for every request: keys, versions, parameters, expansion, idempotency, webhooks that fail. */
export function describeProtocol(rig: () => Rig): void {
  describe('requests that Stripe refuses', () => {
    it('names what is wrong, with Stripe’s own codes', async () => {
      const { stripe } = rig();
      const create = (more: object) =>
        refused(
          stripe.paymentIntents.create({ amount: 1_000, currency: 'eur', payment_method_types: ['card'], ...more }),
        );
      expect(await create({ amount: 49 })).toMatchObject({
        statusCode: 400,
        code: 'amount_too_small',
        param: 'amount',
      });
      expect(await create({ amount: 100_000_000 })).toMatchObject({ code: 'amount_too_large' });
      expect(await create({ amount: 0 })).toMatchObject({ code: 'parameter_invalid_integer' });
      expect(await create({ amount: 12.5 })).toMatchObject({ code: 'parameter_invalid_integer' });
      expect(await create({ currency: 'xxx' })).toMatchObject({ param: 'currency' });
      expect(await create({ amount: undefined })).toMatchObject({ code: 'parameter_missing', param: 'amount' });
      expect(await create({ description: '' })).toMatchObject({
        code: 'parameter_invalid_empty',
        param: 'description',
      });
      expect(await create({ colour: 'red' })).toMatchObject({ code: 'parameter_unknown', param: 'colour' });
      expect(await create({ automatic_payment_methods: { colour: 1 } })).toMatchObject({
        code: 'parameter_unknown',
        param: 'automatic_payment_methods[colour]',
      });
      expect(await create({ capture_method: 'later' })).toMatchObject({ param: 'capture_method' });
      expect(await create({ payment_method: 'pm_none' })).toMatchObject({
        code: 'resource_missing',
        param: 'payment_method',
      });
      expect(await create({ metadata: { ['k'.repeat(41)]: 'v' } })).toMatchObject({ param: 'metadata' });
      expect(await create({ expand: ['colour'] })).toMatchObject({ param: 'expand' });
      expect(
        await create({ expand: ['latest_charge.payment_intent.latest_charge.payment_intent.latest_charge'] }),
      ).toMatchObject({ code: 'property_expansion_max_depth' });
      const unmodelled = await create({ on_behalf_of: 'acct_1' });
      expect(unmodelled.message).toContain('does not model');
      const redirecting = await refused(
        stripe.paymentIntents.create({ amount: 1_000, currency: 'eur', confirm: true, payment_method: 'pm_card_visa' }),
      );
      expect(redirecting.message).toContain('return_url');
    });

    it('answers 404 for what is not there and 401 for a wrong key', async () => {
      const { stripe, stripeTraffic } = rig();
      expect(await refused(stripe.paymentIntents.retrieve('pi_none'))).toMatchObject({
        statusCode: 404,
        code: 'resource_missing',
        param: 'intent',
        message: "No such payment_intent: 'pi_none'",
      });
      expect(await refused(stripe.charges.list({ starting_after: 'ch_none' }))).toMatchObject({ statusCode: 400 });
      expect(await refused(stripe.products.create({ name: 'A class' }))).toMatchObject({ statusCode: 404 });
      const stranger = new Stripe('sk_test_wrong', { host: '127.0.0.1', port: stripeTraffic.port, protocol: 'http' });
      const error = await refused(stranger.balance.retrieve());
      expect(error).toBeInstanceOf(Stripe.errors.StripeAuthenticationError);
      expect(error.requestId).toMatch(/^req_/);
      const bare = await fetch(`http://127.0.0.1:${stripeTraffic.port}/v1/balance`);
      expect(bare.status).toBe(401);
      expect(await refused(stripe.balance.retrieve({}, { apiVersion: '2020-08-27' }))).toMatchObject({
        statusCode: 400,
      });
    });
  });

  describe('idempotency keys', () => {
    it('give the saved answer again, a refusal too, and refuse other parameters', async () => {
      const { stripe, log } = rig();
      const options = { idempotencyKey: `once-${Date.now()}` };
      const first = await stripe.paymentIntents.create(heldPayment({ transfer_group: 'pur_once' }), options);
      const again = await stripe.paymentIntents.create(heldPayment({ transfer_group: 'pur_once' }), options);
      expect(again.id).toBe(first.id);
      expect(first.lastResponse.headers['idempotent-replayed']).toBeUndefined();
      expect(again.lastResponse.headers['idempotent-replayed']).toBe('true');
      expect(again.lastResponse.headers['original-request']).toBe(first.lastResponse.requestId);
      expect(await log('transferGroup=pur_once&kind=authorise')).toHaveLength(1);
      const other = await refused(stripe.paymentIntents.create(heldPayment({ amount: 1 }), options));
      expect(other.statusCode).toBe(400);
      const differs = await refused(stripe.paymentIntents.create(heldPayment({ amount: 6_000 }), options));
      expect(differs).toBeInstanceOf(Stripe.errors.StripeIdempotencyError);
      const elsewhere = await refused(stripe.refunds.create({ payment_intent: first.id }, options));
      expect(elsewhere).toBeInstanceOf(Stripe.errors.StripeIdempotencyError);

      const declining = { idempotencyKey: `declined-${Date.now()}` };
      const bad = heldPayment({ payment_method: 'pm_card_visa_chargeDeclined' });
      const declined = await refused(stripe.paymentIntents.create(bad, declining));
      const declinedAgain = await refused(stripe.paymentIntents.create(bad, declining));
      expect(declinedAgain.payment_intent?.id).toBe(declined.payment_intent?.id);
    });

    it('do not keep the refusal of malformed parameters', async () => {
      const { stripe } = rig();
      const options = { idempotencyKey: `fixed-${Date.now()}` };
      const malformed = { amount: 1_000, currency: 'eur', colour: 'red' } as Stripe.PaymentIntentCreateParams;
      expect((await refused(stripe.paymentIntents.create(malformed, options))).code).toBe('parameter_unknown');
      expect((await stripe.paymentIntents.create(heldPayment(), options)).status).toBe('requires_capture');
    });

    it('twenty equal requests at once make one payment; the others are told that it runs, or get its answer', async () => {
      const { stripe, log } = rig();
      const options = { idempotencyKey: `burst-${Date.now()}` };
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, () =>
          stripe.paymentIntents.create(heldPayment({ transfer_group: 'pur_burst' }), options).then(
            ({ id }) => id,
            (error: unknown) => (error instanceof Stripe.errors.StripeError ? error.statusCode : error),
          ),
        ),
      );
      const ids = new Set(outcomes.filter((outcome) => typeof outcome === 'string'));
      expect(ids.size).toBe(1);
      expect(outcomes.every((outcome) => outcome === 409 || typeof outcome === 'string')).toBe(true);
      expect(await log('transferGroup=pur_burst&kind=payment_intent')).toHaveLength(1);
    });

    it('answer 409 while the first request runs, and its answer afterwards', async () => {
      const { stripe, sandbox } = rig();
      const { id } = await stripe.paymentIntents.create(heldPayment());
      const options = { idempotencyKey: `running-${Date.now()}` };
      const client = new pg.Client({ connectionString: sandbox.databaseUrl });
      await client.connect();
      try {
        await client.query('BEGIN');
        await client.query('SELECT 1 FROM sandbox.objects WHERE id = $1 FOR UPDATE', [id]);
        const running = stripe.paymentIntents.capture(id, {}, options);
        await waitFor(
          async () => {
            const waiting = await client.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
            return waiting.rowCount === 1;
          },
          { what: 'the first request to wait for the object', timeoutMs: 4_000 },
        );
        expect((await refused(stripe.paymentIntents.capture(id, {}, options))).statusCode).toBe(409);
        await client.query('COMMIT');
        expect((await running).status).toBe('succeeded');
      } finally {
        await client.end();
      }
      const replayed = await stripe.paymentIntents.capture(id, {}, options);
      expect(replayed.lastResponse.headers['idempotent-replayed']).toBe('true');
    });
  });

  describe('races', () => {
    it('of captures and cancellations of one payment end one way', async () => {
      const { stripe, log } = rig();
      const { id } = await stripe.paymentIntents.create(heldPayment());
      const attempts = Array.from({ length: 12 }, (_, at) =>
        at % 2 === 0 ? stripe.paymentIntents.capture(id) : stripe.paymentIntents.cancel(id),
      );
      const outcomes = await Promise.allSettled(attempts);
      expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
      const moves = (await log(`id=${id}`)).filter(({ kind }) => kind === 'capture' || kind === 'cancel');
      expect(moves).toHaveLength(1);
    });
  });

  describe('webhooks and state', () => {
    it('are sent again after a failure and after the sandbox was killed', async () => {
      const { stripe, sandbox, webhooks } = rig();
      const { id } = await stripe.paymentIntents.create(heldPayment());
      await webhooks.waitForWebhook(({ body }) => body.includes(id) && body.includes('amount_capturable_updated'));
      webhooks.failNext(2);
      await stripe.paymentIntents.capture(id);
      await sandbox.restart('SIGKILL');
      await webhooks.waitForWebhook(({ body }) => body.includes(id) && body.includes('charge.captured'));
      await webhooks.waitForWebhook(({ body }) => body.includes(id) && body.includes('payment_intent.succeeded'));
      expect((await stripe.paymentIntents.retrieve(id)).status).toBe('succeeded');
    });
  });
}
