import type { SandboxSettings } from '../settings.ts';
import type { Receivers } from './deliveries.ts';
import { onfidoSignature, stripeSignature } from './signatures.ts';

/** The application's two webhook addresses; Stripe's has two endpoints with a secret each. */
export function receiversOf(settings: SandboxSettings): Receivers {
  const stripe = (secret: string) => ({
    url: settings.stripe.webhookUrl,
    headers: (body: string) => ({
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
      'stripe-signature': stripeSignature(body, secret, new Date()),
    }),
  });
  return {
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
  };
}
