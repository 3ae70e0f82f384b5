import type { Knex } from 'knex';
import { platform } from './0001_platform.ts';
import { users } from './0002_users.ts';
import { marketplace } from './0003_marketplace.ts';
import { api } from './0004_api.ts';
import { ledger } from './0005_ledger.ts';
import { transactions } from './0006_transactions.ts';
import { onboardings } from './0007_onboardings.ts';
import { webhooks } from './0008_webhooks.ts';
import { purchasePaths } from './0009_purchase_paths.ts';
import { cases } from './0011_cases.ts';
import { onboardingOutcomes } from './0012_onboarding_outcomes.ts';
import { messaging } from './0013_messaging.ts';
import { quietHours } from './0014_quiet_hours.ts';
import { bookings } from './0016_bookings.ts';
import { refundCaps } from './0017_refund_caps.ts';
import { purchaseSearch } from './0020_purchase_search.ts';
import { figures } from './0021_figures.ts';
import { outboxTrace } from './0022_outbox_trace.ts';
import { staffOrders, staffOrdersChecked } from './0090_staff_orders.ts';
import { ledgerOrigins, ledgerReferences } from './0100_ledger_origins.ts';
import { ledgerSinceSnapshot, ledgerSnapshots } from './0102_ledger_snapshots.ts';
import { reconciliations } from './0104_reconciliations.ts';
import { ledgerChecks } from './0105_ledger_checks.ts';
import { receivables, receivablesChecked } from './0110_receivables.ts';
import { refunds, refundsChecked } from './0112_refunds.ts';
import { disputes } from './0120_disputes.ts';
import { evidence } from './0121_evidence.ts';
import { chargebacks } from './0130_chargebacks.ts';
import { sellerBooks } from './0140_seller_books.ts';
import { payouts } from './0141_payouts.ts';
import { invoices } from './0142_invoices.ts';
import { archives } from './0150_archives.ts';
import { webhookDeliveries } from './0151_webhook_deliveries.ts';
import { evidenceReminders } from './0152_evidence_reminders.ts';
import { discounts } from './0161_discounts.ts';
import { refusedSteps, refusedStepsIndexed } from './0181_refused_steps.ts';
import { chargebackFunds } from './0191_chargeback_funds.ts';
import { ledgerQuickChecks } from './0212_ledger_quick_checks.ts';
import { suspense, suspenseChecked } from './0220_suspense.ts';

/** One numbered step of the database's history. Never edited once it has landed: a change is a new migration. */
export interface Migration {
  /** `0001_platform`: its number and what it is about; also its file's name. */
  readonly name: string;
  /** Statements that PostgreSQL takes outside a transaction alone, one a call; all of it has to be safe to run again. */
  readonly withoutTransaction?: true;
  /** @param appRole the database role of api, worker and relay, to which the migration grants what they need */
  up(knex: Knex, appRole: string): Promise<void>;
}

/** In the order in which they run. */
export const migrations: readonly Migration[] = [
  platform,
  users,
  marketplace,
  api,
  ledger,
  transactions,
  onboardings,
  webhooks,
  purchasePaths,
  cases,
  onboardingOutcomes,
  messaging,
  quietHours,
  bookings,
  refundCaps,
  purchaseSearch,
  figures,
  outboxTrace,
  staffOrders,
  staffOrdersChecked,
  ledgerOrigins,
  ledgerReferences,
  ledgerSnapshots,
  ledgerSinceSnapshot,
  reconciliations,
  ledgerChecks,
  receivables,
  receivablesChecked,
  refunds,
  refundsChecked,
  disputes,
  evidence,
  chargebacks,
  sellerBooks,
  payouts,
  invoices,
  archives,
  webhookDeliveries,
  evidenceReminders,
  discounts,
  refusedSteps,
  refusedStepsIndexed,
  chargebackFunds,
  ledgerQuickChecks,
  suspense,
  suspenseChecked,
];
