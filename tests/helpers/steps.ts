/** The steps of purchases as a worker of the stack takes them, by themselves: no workflow hears of them. */
import { MockActivityEnvironment } from '@temporalio/testing';
import type { PurchaseDeps } from '../../activities/purchase.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import { createLogger } from '../../platform/logging.ts';
import { createStripePayments } from '../../providers/stripe.ts';
import { createFixedTaxRates } from '../../providers/tax.ts';
import { loadPolicy } from '../../services/transactions/index.ts';
import { stack } from './stack.ts';

/** The database of the stack. @param applicationName by which its connections are known to PostgreSQL */
export const databaseOfStack = (maxConnections: number, applicationName = 'test'): Database =>
  openDatabase({
    url: stack().databases.app,
    maxConnections,
    applicationName,
    log: createLogger({ role: 'test', level: 'error' }),
  });

/** What the steps work with: this database, and the Stripe of the stack. */
export const purchaseDeps = (database: Database): PurchaseDeps => ({
  database,
  payments: createStripePayments({
    apiKey: stack().env['STRIPE_API_KEY'] ?? '',
    apiUrl: stack().urls.stripe,
    timeoutMs: 5_000,
  }),
  policy: loadPolicy('services/transactions/policy.yml'),
  taxes: createFixedTaxRates(),
});

/** Takes a step as an activity. */
export const asActivity = <Result>(step: () => Promise<Result>): Promise<Result> =>
  new MockActivityEnvironment().run(step);
