import type { SandboxSettings } from '../settings.ts';
import type { Database } from '../store/database.ts';
import { findObject } from '../store/objects.ts';
import { WEBHOOK_ENDPOINT } from '../stripe/webhook-endpoint-kind.ts';
import type { Receiver, Receivers } from './deliveries.ts';
import { onfidoSignature, stripeSignature } from './signatures.ts';

/** The application's two webhook addresses, Stripe's with two endpoints and a secret each, and what was made over the API. */
export function receiversOf(settings: SandboxSettings, { pool }: Database): Receivers {
  const stripe = (secret: string) => stripeReceiver(settings.stripe.webhookUrl, secret);
  return {
    configured: {
      stripe: stripe(settings.stripe.webhookSecret),
      'stripe-connect': stripe(settings.stripe.connectWebhookSecret),
      onfido: {
        url: settings.onfido.webhookUrl,
        headers: (body) => ({
          'content-type': 'application/json',
          'user-agent': 'Onfido-Webhook',
          'x-sha2-signature': onfidoSignature(body, settings.onfido.webhookToken),
        }),
      },
    },
    waiting: async () => {
      const found = await pool.query<{ endpoint: string }>(
        `SELECT DISTINCT endpoint FROM sandbox.deliveries WHERE state = 'pending' AND endpoint LIKE 'we\\_%'`,
      );
      return found.rows.map(({ endpoint }) => endpoint);
    },
    made: async (id) => {
      const found = await findObject(pool, WEBHOOK_ENDPOINT, null, id);
      return found?.body.status === 'enabled' ? stripeReceiver(found.body.url, found.hidden.secret) : undefined;
    },
  };
}

function stripeReceiver(url: string, secret: string): Receiver {
  return {
    url,
    headers: (body) => ({
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
      'stripe-signature': stripeSignature(body, secret, new Date()),
    }),
  };
}
