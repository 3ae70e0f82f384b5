import type { Stripe } from 'stripe';
import { findObject } from '../store/objects.ts';
import { newStripeId } from '../stripe-api/ids.ts';
import {
  anyKind,
  type Call,
  CREATED_PARAMETER,
  LIST_PARAMETERS,
  operation,
  type Resource,
  type ResourceKind,
} from '../stripe-api/operation.ts';
import { text } from '../stripe-api/parameters.ts';
import { add, findByPath, listed, record, shown } from '../stripe-api/resources.ts';
import type { StoredCharge } from './charges.ts';
import { CHARGE } from './charges.ts';
import { emit } from './events.ts';

const FRAUD_WARNING: ResourceKind<Stripe.Radar.EarlyFraudWarning> = {
  name: 'radar.early_fraud_warning',
  noun: 'early fraud warning',
  expandable: { charge: ['charge'], payment_intent: ['payment_intent'] },
  // Nothing is left to be done once the payment was refunded or disputed.
  present: async (call, { body, owner }) => {
    const charge = await findObject(call.tx, CHARGE, owner, body.charge as string);
    return { ...body, actionable: charge?.body.refunded === false && !charge.body.disputed };
  },
};

/** The buyer's bank reports a payment as fraudulent: a warning, no dispute. */
export async function warnOfFraud(call: Call, { body: charge }: StoredCharge): Promise<void> {
  const warning: Stripe.Radar.EarlyFraudWarning = {
    id: newStripeId('issfr'),
    object: 'radar.early_fraud_warning',
    actionable: true,
    charge: charge.id,
    created: call.now,
    fraud_type: 'misc',
    livemode: false,
    ...(charge.payment_intent !== null && { payment_intent: charge.payment_intent }),
  };
  await add(call, FRAUD_WARNING, warning, {});
  await emit(call, 'radar.early_fraud_warning.created', warning);
  const { amount_captured: amount, currency, transfer_group: transferGroup } = charge;
  await record(call, { kind: 'fraud_warning', id: warning.id, amount, currency, transferGroup });
}

export const fraudWarnings: Resource = {
  kinds: [anyKind(FRAUD_WARNING)],
  operations: [
    operation({
      method: 'GET',
      path: '/v1/radar/early_fraud_warnings/{early_fraud_warning}',
      returns: { kind: 'radar.early_fraud_warning', list: false },
      parameters: {},
      handle: async (call, _values, path) => ({
        answer: await shown(call, FRAUD_WARNING, await findByPath(call, FRAUD_WARNING, path, 'early_fraud_warning')),
      }),
    }),
    operation({
      method: 'GET',
      path: '/v1/radar/early_fraud_warnings',
      returns: { kind: 'radar.early_fraud_warning', list: true },
      parameters: { ...LIST_PARAMETERS, ...CREATED_PARAMETER, charge: text(), payment_intent: text() },
      handle: async (call, values) => {
        const { charge, payment_intent } = values;
        const url = '/v1/radar/early_fraud_warnings';
        return { answer: await listed(call, FRAUD_WARNING, values, url, { charge, payment_intent }) };
      },
    }),
  ],
};
