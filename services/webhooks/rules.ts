/** Which events of the providers concern which flow. Pure. */

export type Provider = 'stripe' | 'stripe-connect' | 'onfido';

/** What an event can be about: a buyer's payment, a seller's account, a seller's identity check. */
export type Concern = 'payment' | 'account' | 'identity';

/** The events that a flow waits for. All others are stored, and that is all. */
const CONCERNS: Readonly<Record<Provider, Readonly<Record<string, Concern>>>> = {
  stripe: {
    'payment_intent.amount_capturable_updated': 'payment',
    'payment_intent.payment_failed': 'payment',
  },
  'stripe-connect': {
    'account.updated': 'account',
    'capability.updated': 'account',
  },
  onfido: {
    'workflow_run.completed': 'identity',
  },
};

/** What an event is about, or undefined when no flow waits for it. */
export function concernOf(provider: Provider, eventType: string): Concern | undefined {
  return CONCERNS[provider][eventType];
}
