/** What is counted: processor time of processes and their children, and transactions of databases. */
import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';

/** `/proc` counts in hundredths of a second on every platform that Node runs on. */
const TICKS_PER_SECOND = 100;

interface ProcessTimes {
  readonly pid: number;
  readonly parent: number;
  /** Seconds of its own, and of children that have ended. */
  readonly own: number;
  readonly ended: number;
}

/**
 * Processor time, in seconds, that these processes and everything below them have used so far.
 * @throws Error where there is no `/proc`
 */
export function cpuSeconds(pids: readonly number[]): number {
  const all = processTimes();
  const below = new Set(pids);
  // Parents have smaller or, after a wrap, larger ids: until nothing new is found.
  for (let found = -1; found !== below.size; ) {
    found = below.size;
    for (const { pid, parent } of all) if (below.has(parent)) below.add(pid);
  }
  return all
    .filter(({ pid }) => below.has(pid))
    .reduce((seconds, { pid, own, ended }) => seconds + own + (pids.includes(pid) ? ended : 0), 0);
}

function processTimes(): ProcessTimes[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = statOf(name);
      if (stat === undefined) return [];
      // The second field is the command in parentheses, and may hold anything.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const [user, system, endedUser, endedSystem] = fields
        .slice(11, 15)
        .map((ticks) => Number(ticks) / TICKS_PER_SECOND);
      const own = (user ?? 0) + (system ?? 0);
      return [{ pid: Number(name), parent: Number(fields[1]), own, ended: (endedUser ?? 0) + (endedSystem ?? 0) }];
    });
}

function statOf(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}

/** Counts the transactions of some databases of one PostgreSQL. */
export interface TransactionCounter {
  /** Committed and rolled back so far, in all of them. */
  count(): Promise<number>;
  close(): Promise<void>;
}

/** PostgreSQL publishes what a backend has counted when it is idle, at most once a second. */
export const STATISTICS_DELAY_MS = 1_200;

export async function transactionCounter(
  superuserUrl: string,
  databases: readonly string[],
): Promise<TransactionCounter> {
  const client = new pg.Client({ connectionString: superuserUrl });
  await client.connect();
  return {
    count: async () => {
      const { rows } = await client.query<{ count: string }>(
        `SELECT sum(xact_commit + xact_rollback)::text AS count FROM pg_stat_database WHERE datname = ANY($1)`,
        [databases],
      );
      return Number(rows[0]?.count ?? 0);
    },
    close: () => client.end(),
  };
}
