import type { Stripe } from 'stripe';
import type { ResourceKind } from '../stripe-api/operation.ts';

export interface CustomerHidden {
  /** Deleted customers are in no list any more. */
  readonly concealedUntil?: number;
}

export const CUSTOMER: ResourceKind<Stripe.Customer, CustomerHidden> = {
  name: 'customer',
  noun: 'customer',
  expandable: {},
};
