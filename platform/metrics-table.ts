/** Every figure of ours, as data: what a process counts, under which name and labels. */

/** The processes that have the figure; `every` of them stands for all three. */
export type MetricRole = 'api' | 'worker' | 'relay';

interface MetricRow {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Each has few values, all of them written in the code: never an id, an address, or what somebody typed. */
  readonly labels: readonly string[];
  readonly roles: readonly MetricRole[];
  /** Of a histogram, seconds. */
  readonly buckets?: readonly number[];
}

const EVERY = ['api', 'worker', 'relay'] as const;
/** The relay that leads gathers these from the database, for all of them. */
const LEADER = ['relay'] as const;
/** From a step that PostgreSQL takes alone to one that a provider keeps waiting until it is given up. */
const DURATIONS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30] as const;

/**
 * `docs/reference/metrics.md` is generated from this table, and the dashboards and alerts in `ops/` are checked against
 * it. Names follow https://prometheus.io/docs/practices/naming: base units, `_total` for what only grows.
 */
export const METRICS = {
  wellpact_purchases: {
    kind: 'gauge',
    help: 'Purchases that have not ended, by state.',
    labels: ['state'],
    roles: LEADER,
  },
  wellpact_purchases_overdue: {
    kind: 'gauge',
    help: 'Purchases that should have moved on by themselves two minutes ago or earlier, by whether a case about them is open (`open`, `none`).',
    labels: ['case'],
    roles: LEADER,
  },
  wellpact_purchase_oldest_overdue_seconds: {
    kind: 'gauge',
    help: 'For how long the purchase that waits longest has been past its time; 0 when none is.',
    labels: [],
    roles: LEADER,
  },
  wellpact_money_minor_units: {
    kind: 'gauge',
    help: 'Money of all purchases that waits: `held` for delivery, `payable` to sellers, `owed_to_buyer` since a refund came back, `advanced` for sellers who owe it. In minor units (cents).',
    labels: ['account', 'currency'],
    roles: LEADER,
  },
  wellpact_transfers_blocked: {
    kind: 'gauge',
    help: "Purchases whose seller's part Stripe refused to transfer, and that wait for another try.",
    labels: [],
    roles: LEADER,
  },
  wellpact_transfer_oldest_blocked_seconds: {
    kind: 'gauge',
    help: 'For how long the purchase that was released first waits for its blocked transfer; 0 when none does.',
    labels: [],
    roles: LEADER,
  },
  wellpact_purchases_paused: {
    kind: 'gauge',
    help: 'Purchases whose money staff have paused.',
    labels: [],
    roles: LEADER,
  },
  wellpact_purchase_oldest_pause_seconds: {
    kind: 'gauge',
    help: 'For how long the purchase that was paused first has been; 0 when none is.',
    labels: [],
    roles: LEADER,
  },
  wellpact_cases_open: {
    kind: 'gauge',
    help: 'Cases that staff have not decided, by kind.',
    labels: ['kind'],
    roles: LEADER,
  },
  wellpact_cases_overdue: {
    kind: 'gauge',
    help: 'Open cases past the time until which somebody should have decided, by kind.',
    labels: ['kind'],
    roles: LEADER,
  },
  wellpact_webhooks_waiting: {
    kind: 'gauge',
    help: 'Events of providers in the inbox whose flow should have been told by now, by provider, counted up to 10,000.',
    labels: ['provider'],
    roles: LEADER,
  },
  wellpact_webhook_oldest_waiting_seconds: {
    kind: 'gauge',
    help: 'For how long the first of them has been due, by provider.',
    labels: ['provider'],
    roles: LEADER,
  },
  wellpact_outbox_events_waiting: {
    kind: 'gauge',
    help: 'Events that are not published yet, counted up to 10,000.',
    labels: [],
    roles: LEADER,
  },
  wellpact_outbox_oldest_event_seconds: {
    kind: 'gauge',
    help: 'Age of the oldest event that is not published yet.',
    labels: [],
    roles: LEADER,
  },
  wellpact_notifications_waiting: {
    kind: 'gauge',
    help: 'Notifications that are not settled yet, by channel, counted up to 10,000.',
    labels: ['channel'],
    roles: LEADER,
  },
  wellpact_notification_oldest_seconds: {
    kind: 'gauge',
    help: 'Age of the oldest notification that is not settled yet, quiet hours included, by channel.',
    labels: ['channel'],
    roles: LEADER,
  },
  wellpact_figures_gathered_timestamp_seconds: {
    kind: 'gauge',
    help: 'When the figures of this relay were gathered from the database, seconds since 1970.',
    labels: [],
    roles: LEADER,
  },
  wellpact_books_difference_minor_units: {
    kind: 'gauge',
    help: 'What the ledger and the rows of the purchases differ by, added up over the purchases, by account and currency, in minor units: 0, always. Checked once an hour.',
    labels: ['account', 'currency'],
    roles: LEADER,
  },
  wellpact_books_checked_timestamp_seconds: {
    kind: 'gauge',
    help: 'When ledger and purchases were last compared, seconds since 1970.',
    labels: [],
    roles: LEADER,
  },
  wellpact_reconciliation_behind_seconds: {
    kind: 'gauge',
    help: 'How old the latest money is that was compared with Stripe: since the end of the period of the last reconciliation that was completed, or since the first purchase when none was; 0 without purchases.',
    labels: [],
    roles: LEADER,
  },
  wellpact_events_published_total: {
    kind: 'counter',
    help: 'Events that were published, by type: `purchase.released` counts releases.',
    labels: ['type'],
    roles: LEADER,
  },
  wellpact_notifications_settled_total: {
    kind: 'counter',
    help: 'What became of notifications, by channel and rule.',
    labels: ['channel', 'name', 'outcome'],
    roles: LEADER,
  },
  wellpact_relay_leading: {
    kind: 'gauge',
    help: '1 in the relay that does the jobs, 0 in those that stand by.',
    labels: [],
    roles: LEADER,
  },
  wellpact_relay_job_failures_total: {
    kind: 'counter',
    help: 'Rounds of a job that failed.',
    labels: ['job'],
    roles: LEADER,
  },
  wellpact_provider_call_duration_seconds: {
    kind: 'histogram',
    help: 'Time a provider took, by operation and outcome: `ok`, or why not, in the words of providers/provider-error.ts. A declined card is `ok`.',
    labels: ['provider', 'operation', 'outcome'],
    roles: EVERY,
    buckets: DURATIONS,
  },
  wellpact_step_duration_seconds: {
    kind: 'histogram',
    help: 'Time a try of a step took, by where it ran (`local`, or the task queue it went on at) and its outcome: `done`, `refused` for good, or `failed` and tried again.',
    labels: ['step', 'where', 'outcome'],
    roles: ['worker'],
    buckets: DURATIONS,
  },
  wellpact_http_request_duration_seconds: {
    kind: 'histogram',
    help: 'Time from the arrival of a request to its answer, by the pattern of its route.',
    labels: ['method', 'route', 'status'],
    roles: ['api'],
    buckets: DURATIONS.filter((seconds) => seconds <= 20),
  },
  wellpact_http_refusals_total: {
    kind: 'counter',
    help: 'Requests that were refused, by the code of the answer: `NOT_ALLOWED_NOW`, `SOLD_OUT`.',
    labels: ['code'],
    roles: ['api'],
  },
  wellpact_dependency_up: {
    kind: 'gauge',
    help: '1 when what the process works with answers, 0 when it does not; asked when figures are fetched.',
    labels: ['dependency'],
    roles: EVERY,
  },
  wellpact_database_connections: {
    kind: 'gauge',
    help: 'Connections to PostgreSQL by use; `waiting` counts callers that wait for one.',
    labels: ['use'],
    roles: EVERY,
  },
} as const satisfies Readonly<Record<string, MetricRow>>;

export type MetricName = keyof typeof METRICS;
export type MetricLabel<Name extends MetricName> = (typeof METRICS)[Name]['labels'][number];
/** The names of one kind. */
export type MetricOf<Kind extends MetricRow['kind']> = {
  [Name in MetricName]: (typeof METRICS)[Name]['kind'] extends Kind ? Name : never;
}[MetricName];

/**
 * What is used of the Temporal SDK's own figures, which each worker serves at a port of its own
 * (https://docs.temporal.io/references/sdk-metrics).
 */
export const SDK_METRICS = {
  temporal_worker_task_slots_available: 'Slots that are free, by `worker_type`: at 0 the worker is full.',
  temporal_worker_task_slots_used: 'Slots in use, by `worker_type`.',
  temporal_workflow_task_schedule_to_start_latency_seconds: 'How long workflow tasks waited for a worker.',
  temporal_activity_schedule_to_start_latency_seconds: 'How long steps at a provider’s task queue waited for a worker.',
  temporal_sticky_cache_size: 'Workflows whose state is kept in memory.',
  temporal_sticky_cache_hit_total: 'Workflow tasks that found their workflow in memory.',
  temporal_sticky_cache_miss_total: 'Workflow tasks for which a history had to be read anew.',
  temporal_workflow_task_execution_failed_total:
    'Workflow tasks that failed, as with code that does not fit a history.',
  temporal_request_failure_total: 'Calls of Temporal that failed, by `operation` and `status_code`.',
  temporal_num_pollers: 'Polls that wait for tasks: 0 when the worker asks for none.',
} as const;
