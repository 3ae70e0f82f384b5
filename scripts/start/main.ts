import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf, StartError } from '../stack/problems.ts';
import { startStack } from '../stack/stack.ts';
import type { Progress, Stack } from '../stack/types.ts';
import { demoRecord, playDemo } from './demo-record.ts';
import { readyText } from './ready-text.ts';

export interface MainOptions {
  /** The root of the repository. */
  readonly root: string;
  readonly args: readonly string[];
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

interface Flags {
  readonly demo: boolean;
  readonly reset: boolean;
  readonly ephemeral: boolean;
}

/**
 * Starts everything and keeps it running until it is interrupted.
 * @returns the exit code
 * @throws StartError when something is in the way; nothing is left running then
 */
export async function main({ root, args, signal }: MainOptions): Promise<number> {
  const flags = parseFlags(args);
  const portOffset = parsePortOffset(process.env['PORT_OFFSET']);
  const dataDir = flags.ephemeral ? mkdtempSync(join(tmpdir(), 'wellpact-')) : dataFolder(root);
  try {
    const stack = await startStack({
      root,
      dataDir,
      portOffset,
      reset: flags.reset,
      durability: flags.ephemeral ? 'fast' : 'safe',
      onProgress: print,
      signal,
    });
    try {
      await serve(stack, flags, signal);
    } finally {
      console.log('Stopping …');
      const started = performance.now();
      await stack.stop();
      print({ kind: 'done', what: 'Stopped', ms: performance.now() - started });
    }
    return 0;
  } finally {
    if (flags.ephemeral) rmSync(dataDir, { recursive: true, force: true });
  }
}

async function serve(stack: Stack, flags: Flags, signal: AbortSignal): Promise<void> {
  console.log(`Ready after ${process.uptime().toFixed(1)} s.`);
  const interrupted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const demonstrate = async (): Promise<void> => {
    if (flags.demo && demoRecord(stack.dataDir) === undefined) await tryDemo(stack, signal);
    if (!signal.aborted) console.log(await readyText(stack, demoRecord(stack.dataDir), !flags.ephemeral));
    await interrupted;
  };
  await Promise.race([demonstrate(), interrupted, stack.failed]);
}

async function tryDemo(stack: Stack, signal: AbortSignal): Promise<void> {
  try {
    await playDemo(stack, { signal, onStep: (what, ms) => print({ kind: 'done', what, ms }) });
  } catch (error) {
    if (signal.aborted) return;
    // What runs is worth looking at all the same, so it goes on running.
    console.error(
      `The demo purchase did not get through: ${messageOf(error)}\nThe logs are in ${join(stack.dataDir, 'logs')}. It is tried again at the next start.`,
    );
  }
}

function parseFlags(args: readonly string[]): Flags {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        'no-demo': { type: 'boolean', default: false },
        reset: { type: 'boolean', default: false },
        ephemeral: { type: 'boolean', default: false },
      },
    });
    return { demo: !values['no-demo'], reset: values.reset, ephemeral: values.ephemeral };
  } catch (error) {
    throw new StartError(`${messageOf(error).split('. ')[0]}. What there is: npm start -- --help`);
  }
}

/** `WELLPACT_DATA` puts the data elsewhere: on another disk, or beside that of the same clone. */
function dataFolder(root: string): string {
  const chosen = process.env['WELLPACT_DATA'];
  return chosen === undefined || chosen === '' ? join(root, '.wellpact') : resolve(chosen);
}

function parsePortOffset(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  if (!/^\d{1,5}$/.test(text)) throw new StartError(`PORT_OFFSET is "${text}", but it has to be a whole number.`);
  return Number(text);
}

/** One line for each step, with the time since the start and the time the step took: readable in a log too. */
function print(progress: Progress): void {
  const since = `[${process.uptime().toFixed(1).padStart(5)} s]`;
  console.log(
    progress.kind === 'done'
      ? `${since} ${progress.what} (${(progress.ms / 1000).toFixed(2)} s)`
      : `${since} ${progress.text}`,
  );
}
