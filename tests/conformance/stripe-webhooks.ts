import type { Stripe } from 'stripe';
import { describe, expect, it } from 'vitest';
import { waitFor } from '../helpers/wait-for.ts';
import { heldPayment, type Rig, refused, verifiedAccount } from './rig.ts';

/** Webhook endpoints made over the API, beside the two of the settings. */
export function describeWebhookEndpoints(rig: () => Rig): void {
  const MADE = '/webhooks/stripe/made';
  const arrived = (id: string) =>
    rig().webhooks.received.filter(({ path, body }) => path === MADE && body.includes(id));

  describe('webhook endpoints', () => {
    it('get the events they ask for, signed with a secret of their own, until they are gone', async () => {
      const { stripe, webhooks } = rig();
      const made = await stripe.webhookEndpoints.create({
        url: `${webhooks.url}${MADE}`,
        enabled_events: ['payment_intent.created', 'charge.captured'],
        description: 'A second listener',
        metadata: { a: '1' },
      });
      const secret = made.secret ?? '';
      expect(secret).toMatch(/^whsec_/);
      expect(await stripe.webhookEndpoints.retrieve(made.id)).not.toHaveProperty('secret');
      expect((await stripe.webhookEndpoints.list({ limit: 1 })).data[0]?.id).toBe(made.id);
      const held = await stripe.paymentIntents.create(heldPayment());
      await stripe.paymentIntents.capture(held.id);
      await waitFor(() => arrived(held.id).length === 2, { what: 'both events', timeoutMs: 20_000 });
      const events = arrived(held.id).map(({ body, headers }) =>
        stripe.webhooks.constructEvent(body, headers['stripe-signature'] ?? '', secret),
      );
      // Each is sent on its own: which one comes first is nobody's promise.
      expect(events.map(({ type }) => type).toSorted()).toEqual(['charge.captured', 'payment_intent.created']);
      const here = () =>
        webhooks.received.filter(({ path, body }) => path === '/webhooks/stripe' && body.includes(held.id));
      await waitFor(() => here().length >= 5, { what: 'all events at the first listener', timeoutMs: 20_000 });
      expect(here()).toHaveLength(5);

      await stripe.webhookEndpoints.update(made.id, { disabled: true });
      const unheard = await stripe.paymentIntents.create(heldPayment());
      await stripe.webhookEndpoints.update(made.id, { disabled: false, enabled_events: ['*'], metadata: { b: '2' } });
      const heard = await stripe.paymentIntents.create(heldPayment());
      await waitFor(() => arrived(heard.id).length === 3, { what: 'all events', timeoutMs: 20_000 });
      expect(arrived(unheard.id)).toEqual([]);
      expect(await stripe.webhookEndpoints.del(made.id)).toMatchObject({ id: made.id, deleted: true });
      expect((await refused(stripe.webhookEndpoints.retrieve(made.id))).statusCode).toBe(404);
    });

    it('listen to connected accounts when they are asked to, and outlive a failure and a restart', async () => {
      const { stripe, webhooks, sandbox } = rig();
      const made = await stripe.webhookEndpoints.create({
        url: `${webhooks.url}${MADE}`,
        connect: true,
        enabled_events: ['account.updated'],
      });
      webhooks.failNext(1);
      const account = await verifiedAccount(stripe);
      await sandbox.restart('SIGKILL');
      await waitFor(() => arrived(account.id).length === 1, { what: 'the event', timeoutMs: 10_000 });
      const event = JSON.parse(arrived(account.id)[0]?.body ?? '') as Stripe.Event;
      expect(event).toMatchObject({ account: account.id, type: 'account.updated' });
      await stripe.webhookEndpoints.del(made.id);
    });

    it('refuses what nobody could send', async () => {
      const { stripe } = rig();
      const create = (more: object) =>
        refused(stripe.webhookEndpoints.create({ url: 'https://app.example', enabled_events: ['*'], ...more }));
      expect(await create({ url: 'ftp://app.example' })).toMatchObject({ code: 'url_invalid' });
      expect(await create({ enabled_events: ['everything!'] })).toMatchObject({ param: 'enabled_events' });
      expect(await create({ api_version: '2020-08-27' })).toMatchObject({ param: 'api_version' });
    });
  });
}
