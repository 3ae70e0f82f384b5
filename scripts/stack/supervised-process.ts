import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { orAborted } from './deferred.ts';
import { tailOf } from './logs.ts';
import { messageOf, StartError } from './problems.ts';
import { type ProcessTable, type StopSignal, signalGroup } from './process-table.ts';
import { answersOk, waitUntil } from './waiting.ts';

/** A process that is started, watched, started again when it dies, and stopped. */
export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** What it prints is appended here. */
  readonly logFile: string;
  /** Whether it is ready to work: an address that answers 200 then, or a question of its own. */
  readonly ready: string | (() => Promise<boolean>);
  /** How long it may take to become ready, milliseconds. */
  readonly readyTimeoutMs: number;
  readonly stopSignal: StopSignal;
  /** How long it may take to end after `stopSignal` before it is killed, milliseconds. */
  readonly stopTimeoutMs: number;
  /** What has to be done each time it has become ready, before anybody is told. Must bear being repeated. */
  readonly afterStart?: () => Promise<void>;
}

export interface SupervisorEvents {
  /** One line about a process that died, and what is done about it. */
  readonly onNote: (line: string) => void;
  /** It keeps dying: nothing more is tried. */
  readonly onGivenUp: (error: StartError) => void;
}

/** A process that lives less than this has died at once. */
const SHORT_LIFE_MS = 10_000;
/** This many short lives in a row, and it is given up. */
const MAX_SHORT_LIVES = 5;
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 10_000;
/** Between two looks: often enough to go unnoticed, seldom enough to cost nothing while everything else starts. */
const READY_INTERVAL_MS = 100;
const LOG_LINES_SHOWN = 15;

/** Keeps one process running until it is told to stop. */
export class SupervisedProcess {
  readonly spec: ProcessSpec;
  private readonly table: ProcessTable;
  private readonly events: SupervisorEvents;
  private child: ChildProcess | undefined;
  /** Settles when the process that runs now has ended; never rejects. */
  private ended: Promise<void> = Promise.resolve();
  /** Aborted by stop(): ends the waits between two lives. */
  private readonly stopping = new AbortController();
  private supervision: Promise<void> = Promise.resolve();
  /** Counts the times it became ready. */
  private readyCount = 0;
  private givenUp: StartError | undefined;

  constructor(spec: ProcessSpec, table: ProcessTable, events: SupervisorEvents) {
    this.spec = spec;
    this.table = table;
    this.events = events;
  }

  /** Of the process that runs now. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /**
   * Starts it and resolves once it is ready.
   * @throws StartError when it keeps dying or does not become ready in time
   */
  async start(): Promise<void> {
    this.supervision = this.supervise().catch((error: unknown) =>
      this.giveUp(`${this.spec.name}: ${messageOf(error)}`),
    );
    await this.untilReady(1);
  }

  /** Ends it in an orderly way, or by force when that takes too long. Resolves when it has ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const pid = this.pid;
    if (this.child !== undefined && pid !== undefined) {
      this.child.kill(this.spec.stopSignal);
      const late = new AbortController();
      const kill = sleep(this.spec.stopTimeoutMs, undefined, { signal: late.signal }).then(
        () => signalGroup(pid, 'SIGKILL'),
        () => undefined,
      );
      await this.ended;
      late.abort();
      await kill;
    }
    await this.supervision;
  }

  /** Sends a signal to the process that runs now; it is started again if it dies of it. */
  kill(signal: NodeJS.Signals): void {
    if (this.child === undefined) throw new Error(`${this.spec.name} does not run at the moment.`);
    this.child.kill(signal);
  }

  /** Ends it, in an orderly way unless told, and resolves once the next one is ready. */
  async restart(signal: NodeJS.Signals = this.spec.stopSignal): Promise<void> {
    const next = this.readyCount + 1;
    this.kill(signal);
    await this.untilReady(next);
  }

  /** Resolves once it has become ready `count` times in all. */
  async untilReady(count: number): Promise<void> {
    await waitUntil(
      () => {
        if (this.givenUp !== undefined || this.stopping.signal.aborted) return 'over';
        return this.readyCount >= count;
      },
      // Each life has its own, shorter limit: this one is only the bound of the loop.
      { what: `${this.spec.name} to become ready`, timeoutMs: this.spec.readyTimeoutMs * MAX_SHORT_LIVES + 30_000 },
    );
    if (this.givenUp !== undefined) throw this.givenUp;
    if (this.readyCount < count) throw new StartError(`${this.spec.name} was stopped before it was ready.`);
  }

  private async supervise(): Promise<void> {
    let shortLives = 0;
    while (!this.stopping.signal.aborted) {
      const bornAt = performance.now();
      const { end, hopeless } = await this.live();
      if (this.stopping.signal.aborted) return;
      shortLives = performance.now() - bornAt < SHORT_LIFE_MS ? shortLives + 1 : 1;
      if (hopeless || shortLives >= MAX_SHORT_LIVES) {
        this.giveUp(`${this.spec.name} ${end}${hopeless ? '' : `, ${shortLives} times in a row`}.`);
        return;
      }
      const backoffMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (shortLives - 1));
      this.events.onNote(`${this.spec.name} ${end}; starting it again in ${backoffMs / 1000} s.`);
      await sleep(backoffMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  private giveUp(what: string): void {
    const lines = tailOf(this.spec.logFile, LOG_LINES_SHOWN);
    this.givenUp = new StartError(`${what} The end of ${this.spec.logFile}:\n${lines}`);
    this.events.onGivenUp(this.givenUp);
  }

  /** One life of the process; resolves with how it ended, and whether another one would end in the same way. */
  private async live(): Promise<{ end: string; hopeless: boolean }> {
    const { command, args, cwd, env, logFile } = this.spec;
    const log = openSync(logFile, 'a', 0o600);
    // A group of its own: Ctrl-C in the terminal reaches only the starter, which stops all in order.
    // Its output goes straight to the file, so it neither slows down nor breaks when the starter is gone.
    const child = spawn(command, [...args], { cwd, env, detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    if (child.pid !== undefined) this.table.add(this.spec.name, child.pid, this.spec.stopSignal);
    this.child = child;
    let end = '';
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => {
        end = `could not be started (${error.message})`;
        if (child.pid === undefined) resolve();
      });
      child.once('exit', (code, signal) => {
        end = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
        resolve();
      });
    });
    const life = new AbortController();
    const readiness = this.becomeReady(life.signal);
    await this.ended;
    life.abort();
    this.child = undefined;
    if (child.pid !== undefined) {
      // What it has started itself does not outlive it.
      signalGroup(child.pid, 'SIGKILL');
      this.table.remove(child.pid);
    }
    const unready = await readiness;
    return { end: unready ?? end, hopeless: unready !== undefined };
  }

  /** Waits until this life is ready. One that does not become so in time is killed; resolves with the reason then. */
  private async becomeReady(life: AbortSignal): Promise<string | undefined> {
    const { name, ready, readyTimeoutMs, afterStart } = this.spec;
    try {
      await waitUntil(() => (typeof ready === 'string' ? answersOk(ready) : ready()), {
        what: `${name} to become ready`,
        timeoutMs: readyTimeoutMs,
        intervalMs: READY_INTERVAL_MS,
        signal: life,
      });
      if (afterStart !== undefined) await orAborted(afterStart(), life);
      this.readyCount++;
      return undefined;
    } catch (error) {
      // It has ended: that is the news, not that it did not become ready.
      if (life.aborted) return undefined;
      if (this.pid !== undefined) signalGroup(this.pid, 'SIGKILL');
      return error instanceof StartError ? error.message : `did not become ready (${messageOf(error)})`;
    }
  }
}
