import type { Stripe } from 'stripe';
import type { ResourceKind } from '../stripe-api/operation.ts';

export interface WebhookEndpointHidden {
  /** Signs what is sent there; shown once, when the endpoint is made. */
  readonly secret: string;
  /** It gets the events of connected accounts, and not the platform's own. */
  readonly connect: boolean;
}

export const WEBHOOK_ENDPOINT: ResourceKind<Stripe.WebhookEndpoint, WebhookEndpointHidden> = {
  name: 'webhook_endpoint',
  noun: 'webhook endpoint',
  expandable: {},
};
