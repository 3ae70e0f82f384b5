/** The Grafana dashboards, as data. `npm run docs` writes them to ops/grafana/, where Grafana reads them. */

interface Panel {
  readonly title: string;
  /** What it answers. */
  readonly about: string;
  /** Grafana's name of the unit. */
  readonly unit: 'short' | 's' | 'percentunit' | 'reqps' | 'dateTimeFromNow';
  /** `now` shows the last value alone. */
  readonly shows: 'course' | 'now';
  /** Query and legend. */
  readonly queries: readonly (readonly [expr: string, legend: string])[];
}

interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

const course = (
  title: string,
  about: string,
  unit: Panel['unit'],
  ...queries: readonly (readonly [string, string])[]
): Panel => ({ title, about, unit, shows: 'course', queries });

const now = (title: string, about: string, unit: Panel['unit'], expr: string, legend = ''): Panel => ({
  title,
  about,
  unit,
  shows: 'now',
  queries: [[expr, legend]],
});

/** The q-th part of the durations of a histogram. */
const quantile = (q: number, histogram: string, by: string, filter = ''): string =>
  `histogram_quantile(${q}, sum by (le${by === '' ? '' : `, ${by}`}) (rate(${histogram}_bucket${filter}[$__rate_interval])))`;

const rate = (counter: string, by: string, filter = ''): string =>
  `sum by (${by}) (rate(${counter}${filter}[$__rate_interval]))`;

const PROVIDER_CALLS = 'wellpact_provider_call_duration_seconds';
const STEPS = 'wellpact_step_duration_seconds';
const REQUESTS = 'wellpact_http_request_duration_seconds';
const SDK_WAIT = 'temporal_workflow_task_schedule_to_start_latency_seconds';
const SDK_ACTIVITY_WAIT = 'temporal_activity_schedule_to_start_latency_seconds';

const PURCHASES: Dashboard = {
  uid: 'wellpact-purchases',
  title: 'Wellpact · Purchases and money',
  panels: [
    now(
      'Past their time, no case',
      'Purchases that stand still and that nobody looks after.',
      'short',
      'max(wellpact_purchases_overdue{case="none"})',
    ),
    now(
      'Past their time, with a case',
      'Purchases that stand still while staff look at them.',
      'short',
      'max(wellpact_purchases_overdue{case="open"})',
    ),
    now(
      'Late by, at most',
      'For how long the one that is late longest has been.',
      's',
      'max(wellpact_purchase_oldest_overdue_seconds)',
    ),
    now('Transfers blocked', 'Sellers whose money Stripe does not send.', 'short', 'max(wellpact_transfers_blocked)'),
    now(
      'Blocked for, at most',
      'For how long the first of them has waited.',
      's',
      'max(wellpact_transfer_oldest_blocked_seconds)',
    ),
    now('Paused by staff', 'Purchases whose money staff have stopped.', 'short', 'max(wellpact_purchases_paused)'),
    now(
      'Paused for, at most',
      'For how long the first of them has been.',
      's',
      'max(wellpact_purchase_oldest_pause_seconds)',
    ),
    now(
      'Books differ by',
      'Ledger against purchases, all accounts together, in minor units. Anything but 0 is an alarm.',
      'short',
      'sum(max by (account, currency) (abs(wellpact_books_difference_minor_units)))',
    ),
    course('Open purchases', 'Where they stand.', 'short', ['max by (state) (wellpact_purchases)', '{{state}}']),
    course(
      'Money that waits',
      'In minor units: held for delivery, payable to sellers, owed to buyers, advanced for sellers.',
      'short',
      ['max by (account, currency) (wellpact_money_minor_units)', '{{account}} {{currency}}'],
    ),
    course('What happens', 'Events by type, a second.', 'reqps', [
      rate('wellpact_events_published_total', 'type', '{type=~"purchase.*"}'),
      '{{type}}',
    ]),
    course('Open cases', 'What staff have to decide.', 'short', ['max by (kind) (wellpact_cases_open)', '{{kind}}']),
    course('Cases past due', 'What staff should have decided.', 'short', [
      'max by (kind) (wellpact_cases_overdue)',
      '{{kind}}',
    ]),
    course('Wishes that were refused', 'By the code of the answer, a second.', 'reqps', [
      rate('wellpact_http_refusals_total', 'code'),
      '{{code}}',
    ]),
    now(
      'Books last compared',
      'Once an hour.',
      'dateTimeFromNow',
      '1000 * max(wellpact_books_checked_timestamp_seconds)',
    ),
    now(
      'Not compared with Stripe',
      'How old the latest money is that was; a day is usual.',
      's',
      'max(wellpact_reconciliation_behind_seconds)',
    ),
    now(
      'Figures gathered',
      'Every 15 seconds; older ones mean that no relay leads.',
      'dateTimeFromNow',
      '1000 * max(wellpact_figures_gathered_timestamp_seconds)',
    ),
  ],
};

const PROVIDERS: Dashboard = {
  uid: 'wellpact-providers',
  title: 'Wellpact · Providers',
  panels: [
    course('Calls', 'By provider and outcome, a second.', 'reqps', [
      rate(`${PROVIDER_CALLS}_count`, 'provider, outcome'),
      '{{provider}} {{outcome}}',
    ]),
    course('Part that fails', 'Busy, failed or unreachable; a refusal is an answer.', 'percentunit', [
      `${rate(`${PROVIDER_CALLS}_count`, 'provider', '{outcome=~"busy|failed|unreachable|credentials"}')} / ${rate(`${PROVIDER_CALLS}_count`, 'provider')}`,
      '{{provider}}',
    ]),
    course('Time, 95 in 100', 'By provider.', 's', [quantile(0.95, PROVIDER_CALLS, 'provider'), '{{provider}}']),
    course('Time by operation, 95 in 100', 'What is slow.', 's', [
      quantile(0.95, PROVIDER_CALLS, 'provider, operation'),
      '{{provider}} {{operation}}',
    ]),
    course(
      'Steps by where they ran',
      'What goes on at a provider’s task queue was not done at the first, local try.',
      'reqps',
      [rate(`${STEPS}_count`, 'where, outcome'), '{{where}} {{outcome}}'],
    ),
    course('Steps that fail', 'And are tried again.', 'reqps', [
      rate(`${STEPS}_count`, 'step', '{outcome="failed"}'),
      '{{step}}',
    ]),
    course('Time of steps, 95 in 100', 'By step.', 's', [quantile(0.95, STEPS, 'step'), '{{step}}']),
    course('Webhooks that wait', 'Events that should have been told to their flows.', 'short', [
      'max by (provider) (wellpact_webhooks_waiting)',
      '{{provider}}',
    ]),
    course('Webhooks wait for', 'The first of them.', 's', [
      'max by (provider) (wellpact_webhook_oldest_waiting_seconds)',
      '{{provider}}',
    ]),
    course('Notifications', 'What became of them, a second.', 'reqps', [
      rate('wellpact_notifications_settled_total', 'channel, outcome'),
      '{{channel}} {{outcome}}',
    ]),
    course('Notifications that wait', 'Quiet hours included.', 'short', [
      'max by (channel) (wellpact_notifications_waiting)',
      '{{channel}}',
    ]),
    course('Notifications wait for', 'The first of them.', 's', [
      'max by (channel) (wellpact_notification_oldest_seconds)',
      '{{channel}}',
    ]),
  ],
};

const PLATFORM: Dashboard = {
  uid: 'wellpact-platform',
  title: 'Wellpact · Platform',
  panels: [
    course('What answers', 'By process and what it depends on: 1 is good.', 'short', [
      'min by (role, dependency) (wellpact_dependency_up)',
      '{{role}} {{dependency}}',
    ]),
    now('Relays that lead', 'One does.', 'short', 'sum(wellpact_relay_leading)'),
    course('Requests', 'By status, a second.', 'reqps', [rate(`${REQUESTS}_count`, 'status'), '{{status}}']),
    course(
      'Time of requests',
      'Of all routes together.',
      's',
      [quantile(0.5, REQUESTS, ''), '50 in 100'],
      [quantile(0.95, REQUESTS, ''), '95 in 100'],
      [quantile(0.99, REQUESTS, ''), '99 in 100'],
    ),
    course('Time by route, 95 in 100', 'What is slow.', 's', [
      quantile(0.95, REQUESTS, 'method, route'),
      '{{method}} {{route}}',
    ]),
    course('Outbox', 'Events that are not published yet.', 'short', ['max(wellpact_outbox_events_waiting)', 'waiting']),
    course('Outbox waits for', 'The first of them.', 's', ['max(wellpact_outbox_oldest_event_seconds)', 'oldest']),
    course('Jobs of the relay that fail', 'Rounds, a second.', 'reqps', [
      rate('wellpact_relay_job_failures_total', 'job'),
      '{{job}}',
    ]),
    course('Connections to the database', 'Of all processes of a role.', 'short', [
      'sum by (role, use) (wellpact_database_connections)',
      '{{role}} {{use}}',
    ]),
    course(
      'Tasks wait for a worker, 95 in 100',
      'Of workflows, and of steps at a provider’s task queue.',
      's',
      [quantile(0.95, SDK_WAIT, ''), 'workflow tasks'],
      [quantile(0.95, SDK_ACTIVITY_WAIT, 'task_queue'), '{{task_queue}}'],
    ),
    course(
      'Slots of the workers',
      'Free, by what runs in them.',
      'short',
      ['sum by (worker_type) (temporal_worker_task_slots_available)', '{{worker_type}} free'],
      ['sum by (worker_type) (temporal_worker_task_slots_used)', '{{worker_type}} used'],
    ),
    course(
      'Workflows in memory',
      'And how often one was not there.',
      'short',
      ['sum(temporal_sticky_cache_size)', 'in memory'],
      ['sum(rate(temporal_sticky_cache_miss_total[$__rate_interval]))', 'misses a second'],
      ['sum(rate(temporal_sticky_cache_hit_total[$__rate_interval]))', 'hits a second'],
    ),
    course('Workflow tasks that fail', 'As a rule, code that does not fit a history.', 'reqps', [
      rate('temporal_workflow_task_execution_failed_total', 'workflow_type'),
      '{{workflow_type}}',
    ]),
    course('Calls of Temporal that fail', 'By operation, a second.', 'reqps', [
      rate('temporal_request_failure_total', 'operation'),
      '{{operation}}',
    ]),
    course('Polls', 'Workers that ask for tasks.', 'short', [
      'sum by (poller_type) (temporal_num_pollers)',
      '{{poller_type}}',
    ]),
    course('Processor time', 'Of all processes of a role: 1 is one processor.', 'short', [
      'sum by (role) (rate(process_cpu_seconds_total[$__rate_interval]))',
      '{{role}}',
    ]),
    course('Memory', 'Of each process, bytes.', 'short', [
      'max by (role, instance) (process_resident_memory_bytes)',
      '{{role}} {{instance}}',
    ]),
    course('Event loop is late by', 'Of Node.js, 99 in 100.', 's', [
      'max by (role) (nodejs_eventloop_lag_p99_seconds)',
      '{{role}}',
    ]),
  ],
};

export const DASHBOARDS: readonly Dashboard[] = [PURCHASES, PROVIDERS, PLATFORM];

const COLUMNS = 24;
const SIZE = { now: { w: 4, h: 4 }, course: { w: 12, h: 8 } } as const;
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

/** The dashboard as Grafana imports it. */
export function dashboardJson({ uid, title, panels }: Dashboard): string {
  const places = placesOf(panels);
  return JSON.stringify(
    {
      uid,
      title,
      tags: ['wellpact'],
      schemaVersion: 39,
      editable: false,
      refresh: '30s',
      time: { from: 'now-6h', to: 'now' },
      templating: { list: [{ name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Prometheus' }] },
      panels: panels.map((panel, index) => ({
        id: index + 1,
        type: panel.shows === 'now' ? 'stat' : 'timeseries',
        title: panel.title,
        description: panel.about,
        datasource: DATASOURCE,
        gridPos: places[index],
        fieldConfig: { defaults: { unit: panel.unit, ...(panel.shows === 'course' && { min: 0 }) }, overrides: [] },
        targets: panel.queries.map(([expr, legendFormat], query) => ({
          refId: String.fromCharCode('A'.charCodeAt(0) + query),
          datasource: DATASOURCE,
          expr,
          legendFormat,
        })),
      })),
    },
    undefined,
    2,
  );
}

/** From left to right, line by line. */
function placesOf(panels: readonly Panel[]): { x: number; y: number; w: number; h: number }[] {
  let [x, y, lineHeight] = [0, 0, 0];
  return panels.map(({ shows }) => {
    const { w, h } = SIZE[shows];
    if (x + w > COLUMNS || (lineHeight > 0 && lineHeight !== h)) [x, y, lineHeight] = [0, y + lineHeight, 0];
    const place = { x, y, w, h };
    [x, lineHeight] = [x + w, Math.max(lineHeight, h)];
    return place;
  });
}
