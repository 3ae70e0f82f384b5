import { z } from 'zod';
import { createFlowSignals } from '../../platform/temporal/signals.ts';
import { readOnfidoEvent } from '../../providers/onfido-webhooks.ts';
import { readStripeEvent } from '../../providers/stripe-webhooks.ts';
import type { ApiDeps } from '../deps.ts';
import { type Route, route } from '../route.ts';
import { receive, refuseUnread } from './receive.ts';

type WebhookDeps = Pick<ApiDeps, 'config' | 'database' | 'temporal'>;

const COMMON = {
  method: 'post',
  tag: 'webhooks',
  policy: { access: 'public' },
  idempotency: { none: 'the provider repeats an event under its own id, and each id counts once' },
  rawBody: true,
  responses: { 200: { description: 'Stored.', schema: z.object({ received: z.literal(true) }) } },
  problems: {
    BAD_SIGNATURE: { status: 401, when: 'the signature is missing, wrong, or too old or new.' },
    NOT_AN_EVENT: { status: 400, when: 'the body is signed, and no event of this provider.' },
  },
} as const;

/** Where the providers send their events. */
export function webhookRoutes({ config, database, temporal }: WebhookDeps): Route[] {
  const signals = createFlowSignals(temporal.client);
  const secrets = { platform: config.STRIPE_WEBHOOK_SECRETS, connect: config.STRIPE_CONNECT_WEBHOOK_SECRETS };
  return [
    route({
      ...COMMON,
      path: '/webhooks/stripe',
      operationId: 'receiveStripeEvent',
      summary: 'Events of Stripe',
      handle: async ({ rawBody, headers, log }) => {
        const hint = readStripeEvent(rawBody, headers['stripe-signature'], secrets);
        refuseUnread(hint);
        const provider = hint.accountId === null ? 'stripe' : 'stripe-connect';
        return receive(database, signals, log, { provider, ...hint, body: rawBody });
      },
    }),
    route({
      ...COMMON,
      path: '/webhooks/onfido',
      operationId: 'receiveOnfidoEvent',
      summary: 'Events of Onfido',
      handle: async ({ rawBody, headers, log }) => {
        const hint = readOnfidoEvent(rawBody, headers['x-sha2-signature'], config.ONFIDO_WEBHOOK_TOKENS);
        refuseUnread(hint);
        const event = {
          provider: 'onfido',
          ...hint,
          accountId: null,
          purchaseId: null,
          paymentId: null,
          body: rawBody,
        } as const;
        return receive(database, signals, log, event);
      },
    }),
  ];
}
