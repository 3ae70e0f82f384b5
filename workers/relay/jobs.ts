import { setTimeout as sleep } from 'node:timers/promises';
import type { Database, Queryable } from '../../platform/database.ts';
import type { Logger } from '../../platform/logging.ts';
import type { Metrics } from '../../platform/metrics.ts';

/** Something that one relay at a time does over and over. */
export interface Job {
  readonly name: string;
  /** How long to wait when there was nothing to do. */
  readonly idleMs: number;
  /**
   * One bounded round.
   * @param leader the connection that holds the lock: what is read through it is read while this relay leads
   * @returns true when there may be more to do at once
   */
  readonly run: (leader: Queryable, signal: AbortSignal) => Promise<boolean>;
}

export interface JobRunner {
  /** `leading`: does the jobs; `standby`: another relay does; `connecting`: has no database. */
  readonly state: () => 'leading' | 'standby' | 'connecting';
  /** Ends the current rounds and gives the lock away; resolves when that is done. */
  stop(): Promise<void>;
}

export interface JobRunnerOptions {
  readonly database: Database;
  readonly jobs: readonly Job[];
  /** Rejects when the database is not one that the jobs can work on. */
  readonly fits: (database: Queryable) => Promise<void>;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** The session-level advisory lock that the leading relay holds. The number means nothing; it is only ours. */
const LOCK_ID = 7_305_819_264_001;
const STANDBY_MS = 1_000;
const RECONNECT_MS = 1_000;
const MAX_FAILURE_PAUSE_MS = 30_000;

/**
 * Runs the jobs in one relay at a time. The lock lives as long as its connection: a relay that dies or loses the database
 * loses the lead with it, and one that stands by takes over within seconds.
 */
export function startJobs(options: JobRunnerOptions): JobRunner {
  const stopping = new AbortController();
  let state: ReturnType<JobRunner['state']> = 'connecting';
  const setState = (next: typeof state): void => {
    if (next !== state) options.log.info('the relay changed its part', { from: state, to: next });
    state = next;
  };
  options.metrics.gauge('wellpact_relay_leading', (leading) => leading.set(state === 'leading' ? 1 : 0));
  const failures = options.metrics.counter('wellpact_relay_job_failures_total');
  const running = contend(options, stopping.signal, setState, (job) => failures.inc({ job }));
  return {
    state: () => state,
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

type SetState = (state: 'leading' | 'standby' | 'connecting') => void;

/** Tries for the lead until told to stop. */
async function contend(
  options: JobRunnerOptions,
  stopping: AbortSignal,
  setState: SetState,
  countFailure: (job: string) => void,
): Promise<void> {
  while (!stopping.aborted) {
    try {
      await leadOnce(options, stopping, setState, countFailure);
    } catch (error) {
      options.log.warn('the relay cannot use the database and tries again', { error });
      await pause(RECONNECT_MS, stopping);
    }
    setState('connecting');
  }
}

/** One connection: waits for the lock, then does the jobs, until the connection breaks or the process stops. */
async function leadOnce(
  { database, fits, jobs, log }: JobRunnerOptions,
  stopping: AbortSignal,
  setState: SetState,
  countFailure: (job: string) => void,
): Promise<void> {
  const client = await database.connect();
  const lost = new AbortController();
  client.once('end', () => lost.abort());
  try {
    // The connection is made for waiting without end; what the relay asks of it is to be answered soon.
    await client.query(`SET statement_timeout = '10s'`);
    await fits(client);
    const over = AbortSignal.any([stopping, lost.signal]);
    while (!over.aborted) {
      const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [LOCK_ID]);
      if (rows[0]?.locked === true) break;
      setState('standby');
      await pause(STANDBY_MS, over);
    }
    if (over.aborted) return;
    setState('leading');
    const leader: Queryable = { query: (query, values) => client.query(query, values) };
    await Promise.all(jobs.map((job) => repeat(job, leader, over, log, () => countFailure(job.name))));
  } finally {
    await client.end();
  }
}

/** Does one job until `over`. A round that fails is tried again after a pause that grows with each failure in a row. */
async function repeat(
  job: Job,
  leader: Queryable,
  over: AbortSignal,
  log: Logger,
  countFailure: () => void,
): Promise<void> {
  let failuresInARow = 0;
  while (!over.aborted) {
    try {
      const more = await job.run(leader, over);
      failuresInARow = 0;
      if (!more) await pause(job.idleMs, over);
    } catch (error) {
      if (over.aborted) return;
      failuresInARow += 1;
      countFailure();
      log.error('a round of a job failed', { job: job.name, failuresInARow, error });
      await pause(Math.min(job.idleMs * 2 ** failuresInARow, MAX_FAILURE_PAUSE_MS), over);
    }
  }
}

/** Resolves after `ms`, or as soon as the signal aborts. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await sleep(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
