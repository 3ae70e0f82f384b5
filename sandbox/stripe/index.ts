import type { AnyKind, Operation, Resource } from '../stripe-api/operation.ts';
import { accountLinks } from './account-links.ts';
import { accounts } from './accounts.ts';
import { balance } from './balance.ts';
import { balanceTransactions } from './balance-transactions.ts';
import { charges } from './charges.ts';
import { customers } from './customers.ts';
import { disputes } from './disputes.ts';
import { events } from './events.ts';
import { files } from './files.ts';
import { fraudWarnings } from './fraud-warnings.ts';
import { paymentIntents } from './payment-intents.ts';
import { paymentMethods } from './payment-methods.ts';
import { payouts } from './payouts.ts';
import { refunds } from './refunds.ts';
import { setupIntents } from './setup-intents.ts';
import { transferReversals } from './transfer-reversals.ts';
import { transfers } from './transfers.ts';
import { webhookEndpoints } from './webhook-endpoints.ts';

/** Everything of Stripe that the sandbox carries. A further object is a further file and a line here. */
const RESOURCES: readonly Resource[] = [
  accounts,
  accountLinks,
  customers,
  paymentIntents,
  paymentMethods,
  setupIntents,
  charges,
  refunds,
  transfers,
  transferReversals,
  disputes,
  files,
  fraudWarnings,
  payouts,
  balance,
  balanceTransactions,
  events,
  webhookEndpoints,
];

export const STRIPE_KINDS: ReadonlyMap<string, AnyKind> = new Map(
  RESOURCES.flatMap((resource) => resource.kinds.map((kind) => [kind.name, kind])),
);

export const STRIPE_OPERATIONS: readonly Operation[] = RESOURCES.flatMap((resource) => resource.operations);
