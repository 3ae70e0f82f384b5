import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createMetrics } from '../../platform/metrics.ts';
import { requireMigrations } from '../../platform/migrations-applied.ts';
import { emit } from '../../platform/outbox.ts';
import { createEmbeddedEventBus, type PublishedEvent } from '../../providers/event-bus.ts';
import { type Job, startJobs } from '../../workers/relay/jobs.ts';
import { LOUD_AFTER_ATTEMPTS, outboxJob, retryDelayMs } from '../../workers/relay/outbox-job.ts';
import { type ClonedDatabase, cloneDatabase } from '../helpers/database.ts';
import { recordingLogger } from '../helpers/recording-log.ts';
import { waitFor } from '../helpers/wait-for.ts';

let clone: ClonedDatabase;

beforeAll(async () => {
  clone = await cloneDatabase();
});

beforeEach(async () => {
  await clone.database.query('UPDATE outbox.events SET published_at = now() WHERE published_at IS NULL');
});

afterAll(() => clone.drop());

const write = (key: string, n: number) =>
  clone.database.transaction((tx) => emit(tx, { type: 'listing.created', key, data: { n } }));

const stillWaiting = async (): Promise<number> =>
  (await clone.database.query('SELECT FROM outbox.events WHERE published_at IS NULL')).rowCount ?? 0;

/** A relay's outbox job whose only subscriber is the test. */
function relayTo(subscriber: (event: PublishedEvent) => Promise<void>) {
  const log = recordingLogger();
  const bus = createEmbeddedEventBus();
  bus.subscribe('test', subscriber);
  const job = outboxJob({ database: clone.database, bus, log, metrics: createMetrics('relay') });
  const round = () => job.run(clone.database, new AbortController().signal);
  return { log, job, round };
}

describe('the outbox', () => {
  it('is published once, each key in the order in which it was written', async () => {
    const seen: PublishedEvent[] = [];
    const { round } = relayTo(async (event) => void seen.push(event));
    const keys = Array.from({ length: 12 }, () => randomUUID());
    for (let n = 0; n < 5; n++) for (const key of keys) await write(key, n);
    expect(await round()).toBe(false);
    await round();
    expect(seen).toHaveLength(60);
    for (const key of keys) {
      expect(seen.filter((event) => event.key === key).map(({ data }) => data['n'])).toEqual([0, 1, 2, 3, 4]);
    }
    expect(await stillWaiting()).toBe(0);
  });

  it('goes on with other keys while one fails, and keeps that one in order', async () => {
    const [bad, good] = [randomUUID(), randomUUID()];
    let broken = true;
    const seen: string[] = [];
    const { round, log } = relayTo(async ({ key, data }) => {
      if (key === bad && broken) throw new Error('no');
      seen.push(`${key === bad ? 'bad' : 'good'} ${String(data['n'])}`);
    });
    await write(bad, 1);
    await write(bad, 2);
    await write(good, 1);
    await round();
    await write(good, 2);
    await round();
    expect(seen).toEqual(['good 1', 'good 2']);
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);

    broken = false;
    await clone.database.query('UPDATE outbox.events SET retry_at = now() WHERE retry_at IS NOT NULL');
    await round();
    expect(seen.slice(2)).toEqual(['bad 1', 'bad 2']);
    expect(await stillWaiting()).toBe(0);
  });

  it('never drops an event that keeps failing, and gets loud about it', async () => {
    const { round, log } = relayTo(() => Promise.reject(new Error('no')));
    await write(randomUUID(), 1);
    for (let attempt = 1; attempt <= LOUD_AFTER_ATTEMPTS; attempt++) {
      await round();
      await clone.database.query('UPDATE outbox.events SET retry_at = now() WHERE retry_at IS NOT NULL');
    }
    expect(await stillWaiting()).toBe(1);
    const failures = log.lines.filter(({ fields }) => fields['type'] === 'listing.created');
    expect(failures.map(({ level }) => level)).toEqual([
      ...Array.from({ length: LOUD_AFTER_ATTEMPTS - 1 }, () => 'warn'),
      'error',
    ]);
  });

  it('waits longer after each failure, up to five minutes', () => {
    expect([1, 2, 3, 4].map(retryDelayMs)).toEqual([500, 1_000, 2_000, 4_000]);
    expect(retryDelayMs(1_000)).toBe(300_000);
  });
});

describe('the lead', () => {
  const runner = (job: Job) =>
    startJobs({
      database: clone.database,
      fits: requireMigrations,
      jobs: [job],
      log: recordingLogger(),
      metrics: createMetrics('relay'),
    });

  it('has one relay at a time, and passes on when its connection breaks or it stops', async () => {
    const turns: string[] = [];
    const jobOf = (name: string): Job => ({
      name,
      idleMs: 10,
      run: async (leader) => {
        await leader.query('SELECT 1');
        turns.push(name);
        return false;
      },
    });
    const relays = [runner(jobOf('first')), runner(jobOf('second'))];
    const leading = () => relays.filter((relay) => relay.state() === 'leading');
    await waitFor(async () => leading().length === 1, { what: 'a leading relay', timeoutMs: 5_000 });
    await waitFor(async () => turns.length > 5, { what: 'some rounds', timeoutMs: 5_000 });
    expect(new Set(turns).size).toBe(1);
    await waitFor(async () => relays.some((relay) => relay.state() === 'standby'), {
      what: 'one to stand by',
      timeoutMs: 5_000,
    });

    turns.length = 0;
    await clone.database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database =
         (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    await waitFor(async () => turns.length > 5 && leading().length === 1, { what: 'a new leader', timeoutMs: 10_000 });

    const [leader] = leading();
    await leader?.stop();
    turns.length = 0;
    await waitFor(async () => turns.length > 5, { what: 'the other one to lead', timeoutMs: 10_000 });
    expect(new Set(turns).size).toBe(1);
    await Promise.all(relays.map((relay) => relay.stop()));
  });

  it('does a job again after a round that failed', async () => {
    let rounds = 0;
    const relay = runner({
      name: 'shaky',
      idleMs: 5,
      run: async () => {
        rounds += 1;
        if (rounds % 2 === 1) throw new Error('no');
        return false;
      },
    });
    await waitFor(async () => rounds >= 4, { what: 'four rounds', timeoutMs: 10_000 });
    await relay.stop();
  });
});
