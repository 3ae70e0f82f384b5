import { PURCHASE_STATES } from '../../contracts/purchase.ts';
import type { Database } from '../../platform/database.ts';
import type { Metrics } from '../../platform/metrics.ts';
import { outboxBacklog } from '../../platform/outbox.ts';
import { countWithOpenCase, openCaseFigures } from '../../services/cases/index.ts';
import { CASE_KINDS } from '../../services/cases/rules.ts';
import { notificationBacklog } from '../../services/messaging/index.ts';
import { CHANNELS } from '../../services/messaging/rules.ts';
import { comparedUntil } from '../../services/reconciliations/index.ts';
import { firstPurchaseAt, overdueFigures, purchaseFigures } from '../../services/transactions/index.ts';
import { isFinal } from '../../services/transactions/rules.ts';
import { PROVIDERS, webhookBacklog } from '../../services/webhooks/index.ts';
import type { Job } from './jobs.ts';
import { GRACE_SECONDS } from './overdue-job.ts';
import { type Figures, showFigures, single } from './shown-figures.ts';

const EVERY_MS = 15_000;
/** Some rounds may fail before the figures are taken back. */
const FRESH_FOR_MS = 4 * EVERY_MS;
/** A count stops here, so that the figures cost the same however long something was away. */
const COUNTED_AT_MOST = 10_000;

const OPEN_STATES = PURCHASE_STATES.filter((state) => !isFinal(state));

const GATHERED = [
  'wellpact_purchases',
  'wellpact_purchases_overdue',
  'wellpact_purchase_oldest_overdue_seconds',
  'wellpact_money_minor_units',
  'wellpact_transfers_blocked',
  'wellpact_transfer_oldest_blocked_seconds',
  'wellpact_purchases_paused',
  'wellpact_purchase_oldest_pause_seconds',
  'wellpact_cases_open',
  'wellpact_cases_overdue',
  'wellpact_webhooks_waiting',
  'wellpact_webhook_oldest_waiting_seconds',
  'wellpact_outbox_events_waiting',
  'wellpact_outbox_oldest_event_seconds',
  'wellpact_notifications_waiting',
  'wellpact_notification_oldest_seconds',
  'wellpact_reconciliation_behind_seconds',
  'wellpact_figures_gathered_timestamp_seconds',
] as const;

/** Gathers from the database what operators watch: once for all replicas, and not whenever somebody fetches it. */
export function figuresJob({ database, metrics }: { database: Database; metrics: Metrics }): Job {
  const show = showFigures(metrics, GATHERED, FRESH_FOR_MS);
  return {
    name: 'figures',
    idleMs: EVERY_MS,
    // Not through the leader's connection: the outbox would wait behind it.
    run: async () => {
      show(await gather(database));
      return false;
    },
  };
}

async function gather(database: Database): Promise<Figures<(typeof GATHERED)[number]>> {
  // One after another: figures never take more than one connection.
  const purchases = await purchaseFigures(database);
  const open = new Map(purchases.open.map(({ state, count }) => [state, count]));
  const overdue = await overdueFigures(database, GRACE_SECONDS, COUNTED_AT_MOST);
  const withCase = overdue.ids.length === 0 ? 0 : await countWithOpenCase(database, overdue.ids);
  const cases = new Map((await openCaseFigures(database)).map((row) => [row.kind, row]));
  const webhooks = new Map((await webhookBacklog(database, COUNTED_AT_MOST)).map((row) => [row.provider, row]));
  const outbox = await outboxBacklog(database, COUNTED_AT_MOST);
  const notifications = await inTurn(CHANNELS, async (channel) => ({
    labels: { channel },
    ...(await notificationBacklog(database, channel, COUNTED_AT_MOST)),
  }));
  return {
    wellpact_purchases: OPEN_STATES.map((state) => ({ labels: { state }, value: open.get(state) ?? 0 })),
    wellpact_purchases_overdue: [
      { labels: { case: 'none' }, value: overdue.ids.length - withCase },
      { labels: { case: 'open' }, value: withCase },
    ],
    wellpact_purchase_oldest_overdue_seconds: single(overdue.oldestSeconds),
    wellpact_money_minor_units: purchases.money.map(({ account, currency, amount }) => ({
      labels: { account, currency },
      value: amount,
    })),
    wellpact_transfers_blocked: single(purchases.blocked.count),
    wellpact_transfer_oldest_blocked_seconds: single(purchases.blocked.oldestSeconds),
    wellpact_purchases_paused: single(purchases.paused.count),
    wellpact_purchase_oldest_pause_seconds: single(purchases.paused.oldestSeconds),
    wellpact_cases_open: CASE_KINDS.map((kind) => ({ labels: { kind }, value: cases.get(kind)?.open ?? 0 })),
    wellpact_cases_overdue: CASE_KINDS.map((kind) => ({ labels: { kind }, value: cases.get(kind)?.overdue ?? 0 })),
    wellpact_webhooks_waiting: PROVIDERS.map((provider) => ({
      labels: { provider },
      value: webhooks.get(provider)?.waiting ?? 0,
    })),
    wellpact_webhook_oldest_waiting_seconds: PROVIDERS.map((provider) => ({
      labels: { provider },
      value: webhooks.get(provider)?.oldestSeconds ?? 0,
    })),
    wellpact_outbox_events_waiting: single(outbox.waiting),
    wellpact_outbox_oldest_event_seconds: single(outbox.oldestSeconds),
    wellpact_notifications_waiting: notifications.map(({ labels, waiting }) => ({ labels, value: waiting })),
    wellpact_notification_oldest_seconds: notifications.map(({ labels, oldestSeconds }) => ({
      labels,
      value: oldestSeconds,
    })),
    wellpact_reconciliation_behind_seconds: single(await reconciliationBehindSeconds(database)),
    wellpact_figures_gathered_timestamp_seconds: single(Date.now() / 1_000),
  };
}

/** Where nothing was compared yet, since there is something to compare. */
async function reconciliationBehindSeconds(database: Database): Promise<number> {
  const since = (await comparedUntil(database)) ?? (await firstPurchaseAt(database));
  return since === undefined ? 0 : Math.max(0, (Date.now() - since.getTime()) / 1_000);
}

async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}
