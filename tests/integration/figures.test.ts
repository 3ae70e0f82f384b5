/** What operators are shown: counted from a database of its own, and as the running processes serve it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PurchaseId } from '../../contracts/ids.ts';
import { newId } from '../../platform/ids.ts';
import { createMetrics, type Metrics } from '../../platform/metrics.ts';
import { METRICS, SDK_METRICS } from '../../platform/metrics-table.ts';
import { portsFor } from '../../platform/ports.ts';
import { openCase } from '../../services/cases/index.ts';
import { endRun, insertRun } from '../../services/reconciliations/index.ts';
import { post } from '../../services/transactions/index.ts';
import { putEvent } from '../../services/webhooks/index.ts';
import { booksJob } from '../../workers/relay/books-job.ts';
import { figuresJob } from '../../workers/relay/figures-job.ts';
import { request } from '../helpers/client.ts';
import { type ClonedDatabase, cloneDatabase } from '../helpers/database.ts';
import { figure } from '../helpers/figures.ts';
import { verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, publishedListing, reached } from '../helpers/purchases.ts';
import { recordingLogger } from '../helpers/recording-log.ts';
import { stack } from '../helpers/stack.ts';
import { waitFor } from '../helpers/wait-for.ts';

describe('gathered from the database', () => {
  let clone: ClonedDatabase;
  beforeAll(async () => {
    clone = await cloneDatabase();
  });
  afterAll(() => clone.drop());

  /** A purchase as it stands, with so much held and payable. */
  async function stored(
    state: string,
    more: { lateSeconds?: number; held?: number; payable?: number; transfer?: string },
  ) {
    const id = newId('pur');
    const { lateSeconds, held = 0, payable = 0, transfer = 'none' } = more;
    await clone.database.query(
      `INSERT INTO transactions.purchases (id, buyer_id, seller_id, listing_id, quantity, currency, terms,
         accepted_disclaimers, state, state_since, deadline_at, payment_status, transfer_status, captured, held, payable,
         created_at, updated_at)
       VALUES ($1, 'usr_b', 'usr_s', 'lst_1', 1, 'EUR', '{}', '{}', $2, now() - interval '1 hour',
         now() - make_interval(secs => $3), 'succeeded', $4, $5::bigint + $6::bigint, $5, $6, now(), now())`,
      [id, state, lateSeconds ?? null, transfer, held, payable],
    );
    return id;
  }

  async function gathered(): Promise<string> {
    const metrics = createMetrics('relay');
    await figuresJob({ database: clone.database, metrics }).run(clone.database, new AbortController().signal);
    return (await metrics.render()).text;
  }

  it('nothing is said as 0, not left out', async () => {
    const text = await gathered();
    expect(figure(text, 'wellpact_purchases', { state: 'held' })).toBe(0);
    expect(figure(text, 'wellpact_purchases_overdue', { case: 'none' })).toBe(0);
    expect(figure(text, 'wellpact_purchase_oldest_overdue_seconds')).toBe(0);
    expect(figure(text, 'wellpact_purchases_paused')).toBe(0);
    expect(figure(text, 'wellpact_purchase_oldest_pause_seconds')).toBe(0);
    expect(figure(text, 'wellpact_cases_open', { kind: 'refund_failed' })).toBe(0);
    expect(figure(text, 'wellpact_webhooks_waiting', { provider: 'stripe' })).toBe(0);
    expect(figure(text, 'wellpact_reconciliation_behind_seconds')).toBe(0);
  });

  it('how old the money is that was compared with Stripe', async () => {
    const behind = async (): Promise<number> =>
      figure(await gathered(), 'wellpact_reconciliation_behind_seconds') ?? Number.NaN;
    const within = (seconds: number) => ({ least: seconds, most: seconds + 60 });
    const isWithin = (value: number, { least, most }: { least: number; most: number }): boolean =>
      value >= least && value <= most;
    const id = await stored('completed', {});
    await clone.database.query(
      `UPDATE transactions.purchases SET created_at = now() - interval '2 days' WHERE id = $1`,
      [id],
    );
    expect(isWithin(await behind(), within(172_800))).toBe(true);

    const run = { id: newId('rec'), workflowId: 'reconciliation/one', requestedBy: null, fromAt: new Date(0) };
    const hourAgo = new Date(Date.now() - 3_600_000);
    await insertRun(clone.database, { ...run, untilAt: hourAgo, settledAt: hourAgo });
    // One that has not ended has compared nothing.
    expect(isWithin(await behind(), within(172_800))).toBe(true);
    await endRun(clone.database, run.id, 'completed');
    expect(isWithin(await behind(), within(3_600))).toBe(true);
    // One of this morning alone says nothing about what lies between.
    const later = {
      ...run,
      id: newId('rec'),
      workflowId: 'reconciliation/two',
      fromAt: new Date(Date.now() - 600_000),
    };
    const now = new Date();
    await insertRun(clone.database, { ...later, untilAt: now, settledAt: now });
    await endRun(clone.database, later.id, 'completed');
    expect(isWithin(await behind(), within(3_600))).toBe(true);
    const between = { ...run, id: newId('rec'), workflowId: 'reconciliation/three', fromAt: hourAgo };
    await insertRun(clone.database, { ...between, untilAt: later.fromAt, settledAt: now });
    await endRun(clone.database, between.id, 'completed');
    expect(isWithin(await behind(), within(0))).toBe(true);
  });

  it('purchases that are late, money that waits, transfers that are blocked, cases, webhooks', async () => {
    await stored('held', { held: 2_500, lateSeconds: 600 });
    const known = await stored('held', { held: 1_000, lateSeconds: 300 });
    await stored('delivered', { held: 500, lateSeconds: 10 });
    await stored('released', { payable: 900, lateSeconds: 5_000, transfer: 'blocked' });
    await stored('completed', {});
    const dueAt = new Date(Date.now() - 1_000);
    await clone.database.transaction((tx) =>
      openCase(tx, { kind: 'compliance_hold', subjectType: 'purchase', subjectId: known, dueAt, details: {} }),
    );
    const of = { accountId: null, objectId: null, purchaseId: null, paymentId: null, body: Buffer.from('{}') };
    await putEvent(clone.database, { provider: 'stripe', eventId: 'evt_1', eventType: 'refund.failed', ...of });

    const text = await gathered();
    expect(figure(text, 'wellpact_purchases', { state: 'held' })).toBe(2);
    expect(figure(text, 'wellpact_purchases', { state: 'completed' })).toBeUndefined();
    expect(figure(text, 'wellpact_purchases_overdue', { case: 'none' })).toBe(1);
    expect(figure(text, 'wellpact_purchases_overdue', { case: 'open' })).toBe(1);
    expect(figure(text, 'wellpact_purchase_oldest_overdue_seconds')).toBeCloseTo(600, -1);
    expect(figure(text, 'wellpact_money_minor_units', { account: 'held', currency: 'EUR' })).toBe(4_000);
    expect(figure(text, 'wellpact_money_minor_units', { account: 'payable', currency: 'EUR' })).toBe(900);
    expect(figure(text, 'wellpact_money_minor_units', { account: 'owed_to_buyer', currency: 'EUR' })).toBe(0);
    expect(figure(text, 'wellpact_transfers_blocked')).toBe(1);
    expect(figure(text, 'wellpact_transfer_oldest_blocked_seconds')).toBeCloseTo(3_600, -2);
    expect(figure(text, 'wellpact_cases_open', { kind: 'compliance_hold' })).toBe(1);
    expect(figure(text, 'wellpact_cases_overdue', { kind: 'compliance_hold' })).toBe(1);
    expect(figure(text, 'wellpact_webhooks_waiting', { provider: 'stripe' })).toBe(1);
    // The case that was opened is an event.
    expect(figure(text, 'wellpact_outbox_events_waiting')).toBe(1);
  });

  it('of what a pause has cut in two nothing is late, and the pause itself is seen', async () => {
    const other = await cloneDatabase();
    const late = async (pause: object | null, at: string): Promise<void> => {
      await other.database.query(
        `INSERT INTO transactions.purchases (id, buyer_id, seller_id, listing_id, quantity, currency, terms,
           accepted_disclaimers, state, state_since, payment_status, captured, held, unfinished, pause, created_at, updated_at)
         VALUES ($1, 'usr_b', 'usr_s', 'lst_1', 1, 'EUR', '{}', '{}', 'held', now(), 'succeeded', 100, 100,
           '{"event":"cancel"}', $2, now(), now() - $3::interval)`,
        [newId('pur'), pause === null ? null : JSON.stringify(pause), at],
      );
    };
    try {
      await late({ sinceMs: Date.now() - 5_000_000, by: 'usr_x', verified: true }, '2 hours');
      await late({ sinceMs: Date.now() - 1_000_000, by: 'usr_x', verified: true }, '3 hours');
      await late(null, '1 hour');
      const metrics = createMetrics('relay');
      await figuresJob({ database: other.database, metrics }).run(other.database, new AbortController().signal);
      const { text } = await metrics.render();
      expect(figure(text, 'wellpact_purchases_overdue', { case: 'none' })).toBe(1);
      expect(figure(text, 'wellpact_purchase_oldest_overdue_seconds')).toBeCloseTo(3_600, -2);
      expect(figure(text, 'wellpact_purchases_paused')).toBe(2);
      expect(figure(text, 'wellpact_purchase_oldest_pause_seconds')).toBeCloseTo(5_000, -2);
    } finally {
      await other.drop();
    }
  });

  it('a purchase whose row and ledger differ is found, and named by account, not by id', async () => {
    const metrics: Metrics = createMetrics('relay');
    const log = recordingLogger();
    const job = booksJob({ database: clone.database, metrics, log });
    const check = async (): Promise<string> => {
      await job.run(clone.database, new AbortController().signal);
      return (await metrics.render()).text;
    };
    const difference = (text: string, account: string) =>
      figure(text, 'wellpact_books_difference_minor_units', { account, currency: 'EUR' });

    // The rows above were written without a ledger.
    const before = await check();
    expect(difference(before, 'held')).toBe(4_000);
    expect(difference(before, 'payable')).toBe(900);
    expect(difference(before, 'captured')).toBe(4_900);
    expect(log.lines.some(({ level }) => level === 'error')).toBe(true);

    /** Writes for a purchase what its row says, and so much more as held. */
    const mend = (row: { id: PurchaseId; captured: number; held: number; payable: number }, more = 0) =>
      clone.database.transaction((tx) =>
        post(tx, {
          source: row.id,
          step: 'mend',
          ordinal: more,
          currency: 'EUR',
          purchaseId: row.id,
          cause: 'test',
          entries: [
            { account: 'captured' as const, amount: row.captured + more },
            { account: 'held' as const, amount: -row.held - more },
            { account: 'payable' as const, amount: -row.payable },
          ].filter(({ amount }) => amount !== 0),
        }),
      );
    const { rows } = await clone.database.query<{ id: PurchaseId; captured: number; held: number; payable: number }>(
      'SELECT id, captured, held, payable FROM transactions.purchases WHERE captured <> 0 ORDER BY id',
    );
    for (const row of rows) await mend(row);
    const after = await check();
    for (const account of ['captured', 'held', 'payable', 'refunded']) expect(difference(after, account)).toBe(0);

    // What is too much here and missing there comes to nothing in all, and is wrong all the same.
    const [one, other] = rows;
    if (one === undefined || other === undefined) throw new Error('two purchases are needed');
    await mend({ ...one, captured: 0, held: 0, payable: 0 }, 500);
    await mend({ ...other, captured: 0, held: 0, payable: 0 }, -500);
    expect(difference(await check(), 'held')).toBe(1_000);
  });
});

describe('of the running processes', () => {
  const metricsOf = async (port: 'api' | 'workerOperations' | 'relayOperations' | 'workerTemporalMetrics') => {
    const base = `http://127.0.0.1:${portsFor(stack().portOffset)[port]}`;
    return (await request<string>('GET', '/metrics', { base })).body;
  };

  it('a purchase shows in all of them', async () => {
    const [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
    const { body } = await buy(buyer, await publishedListing(seller));
    await act(seller, body.id, 'accept');
    expect((await act(seller, body.id, 'accept')).status).toBe(409);
    await reached(buyer, body.id, 'held');

    const worker = await metricsOf('workerOperations');
    const done = (step: string) =>
      figure(worker, 'wellpact_step_duration_seconds_count', { step, where: 'local', outcome: 'done' });
    expect(done('openPurchase')).toBeGreaterThan(0);
    expect(done('capturePayment')).toBeGreaterThan(0);
    const called = { provider: 'stripe', operation: 'capturePayment', outcome: 'ok' };
    expect(figure(worker, 'wellpact_provider_call_duration_seconds_count', called)).toBeGreaterThan(0);
    const api = await metricsOf('api');
    expect(figure(api, 'wellpact_http_refusals_total', { code: 'NOT_ALLOWED_NOW' })).toBeGreaterThan(0);
    for (const text of [api, worker]) {
      expect(figure(text, 'wellpact_dependency_up', { dependency: 'temporal' })).toBe(1);
      expect(text).not.toContain(body.id);
      expect(text).not.toContain(buyer.id);
    }
    await waitFor(
      async () => figure(await metricsOf('relayOperations'), 'wellpact_purchases', { state: 'held' }) !== undefined,
      {
        what: 'the relay to have gathered figures',
        timeoutMs: 20_000,
      },
    );
    const relay = await metricsOf('relayOperations');
    expect(figure(relay, 'wellpact_events_published_total', { type: 'user.signed_up' })).toBeGreaterThan(0);
    expect(figure(relay, 'wellpact_provider_call_duration_seconds_count', { provider: 'smtp' })).toBeGreaterThan(0);
  });

  it('the Temporal SDK serves its own, under the names that we use', async () => {
    const text = await metricsOf('workerTemporalMetrics');
    const served = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    const seldom = [
      'temporal_workflow_task_execution_failed_total',
      'temporal_sticky_cache_miss_total',
      'temporal_request_failure_total',
    ];
    const missing = Object.keys(SDK_METRICS).filter((name) => !served.has(name) && !seldom.includes(name));
    expect(missing).toEqual([]);
  });

  it('is nothing that the table does not name', async () => {
    const texts = await Promise.all((['api', 'workerOperations', 'relayOperations'] as const).map(metricsOf));
    const names = texts.flatMap((text) => [...text.matchAll(/^# TYPE (wellpact_\S+)/gm)].map(([, name]) => name ?? ''));
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !(name in METRICS))).toEqual([]);
  });
});
