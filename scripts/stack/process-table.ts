import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { startTimeOf } from '../bootstrap/process-identity.mjs';
import { codeOf } from './problems.ts';

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;
/** The signal on which a process ends in an orderly way. */
export type StopSignal = (typeof STOP_SIGNALS)[number];

const recordOfProcess = z.object({
  name: z.string(),
  pid: z.number().int().positive(),
  startTime: z.string(),
  stopSignal: z.enum(STOP_SIGNALS),
});
const recordSchema = z.object({
  processes: z.array(recordOfProcess),
});
type ProcessRecord = z.output<typeof recordOfProcess>;

const ORPHAN_STOP_TIMEOUT_MS = 12_000;

/**
 * The processes of one stack, kept in `run.json` of its data folder, so that the next starter finds those that a killed
 * starter has left behind.
 */
export class ProcessTable {
  private readonly path: string;
  private readonly stopTimeoutMs: number;
  private records: ProcessRecord[] = [];

  constructor(dataDir: string, { stopTimeoutMs = ORPHAN_STOP_TIMEOUT_MS } = {}) {
    this.path = join(dataDir, 'run.json');
    this.stopTimeoutMs = stopTimeoutMs;
  }

  /** Called right after the process was made: what is not written here cannot be found again. */
  add(name: string, pid: number, stopSignal: StopSignal): void {
    const startTime = startTimeOf(pid);
    // It has ended already; there is nothing to find again.
    if (startTime === undefined) return;
    this.records = [...this.records.filter((record) => record.name !== name), { name, pid, startTime, stopSignal }];
    this.write();
  }

  remove(pid: number): void {
    this.records = this.records.filter((record) => record.pid !== pid);
    this.write();
  }

  /** For the end of a starter that had no time to stop anything: no process may outlive it unseen. */
  killAllNow(): void {
    for (const { pid } of this.records) signalGroup(pid, 'SIGKILL');
  }

  /**
   * Ends the processes that a killed starter has left behind. The caller holds the lock of the data folder, so nobody
   * alive owns them. Only a process whose id and start time are both as recorded is touched.
   * @returns the names of those that were still running
   */
  async endOrphans(): Promise<string[]> {
    const orphans = readRecords(this.path).filter((record) => startTimeOf(record.pid) === record.startTime);
    // All at once and without their usual order: every role survives the loss of any other at any moment.
    for (const { pid, stopSignal } of orphans) signalGroup(pid, stopSignal);
    const deadline = Date.now() + this.stopTimeoutMs;
    while (orphans.some(isAlive) && Date.now() < deadline) await sleep(50);
    for (const orphan of orphans.filter(isAlive)) signalGroup(orphan.pid, 'SIGKILL');
    const killDeadline = Date.now() + 2_000;
    while (orphans.some(isAlive) && Date.now() < killDeadline) await sleep(20);
    rmSync(this.path, { force: true });
    return orphans.map((orphan) => orphan.name);
  }

  private write(): void {
    const temporary = `${this.path}.new`;
    writeFileSync(temporary, JSON.stringify({ processes: this.records }, null, 2), { mode: 0o600 });
    renameSync(temporary, this.path);
  }
}

const isAlive = (record: ProcessRecord): boolean => startTimeOf(record.pid) === record.startTime;

function readRecords(path: string): ProcessRecord[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
  return recordSchema.parse(JSON.parse(text)).processes;
}

/** Signals a process and everything it has started: each process of a stack leads a group of its own. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // ESRCH: nobody is left. EPERM: on some systems, the answer for a group of nothing but zombies.
    if (codeOf(error) !== 'ESRCH' && codeOf(error) !== 'EPERM') throw error;
  }
}
