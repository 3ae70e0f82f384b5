import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { portOffsetProblem, portsFor } from '../../platform/ports.ts';
import { isFree } from '../../scripts/stack/ports.ts';
import { messageOf } from '../../scripts/stack/problems.ts';
import { startStack } from '../../scripts/stack/stack.ts';
import type { Stack, StackOptions } from '../../scripts/stack/types.ts';
import { TEST_PAYLOAD_KEYS } from '../helpers/payload-key.ts';
import { temporaryFolder } from './run-folder.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Below the ports that systems hand out for outgoing connections (Linux: from 32,768), above what people choose. */
const OFFSETS = { from: 1_000, to: 20_000 };
const MAX_ATTEMPTS = 10;

/** An offset whose ports can be used, and are all free at the moment. */
export async function freePortOffset(): Promise<number> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const offset = randomInt(OFFSETS.from, OFFSETS.to);
    if (portOffsetProblem(offset) !== undefined) continue;
    const free = await Promise.all(Object.values(portsFor(offset)).map(isFree));
    if (free.every(Boolean)) return offset;
  }
  throw new Error(`No free block of ports was found in ${MAX_ATTEMPTS} attempts.`);
}

export interface TestStack {
  readonly stack: Stack;
  /** Stops it and removes its data. */
  readonly stop: () => Promise<void>;
}

/** A stack of its own for tests, on free ports, with data that is thrown away. */
export async function startTestStack(options: Partial<StackOptions> = {}): Promise<TestStack> {
  const folder = temporaryFolder('stack');
  const notes: string[] = [];
  try {
    const stack = await startStack({
      root: ROOT,
      dataDir: join(folder.path, 'data'),
      portOffset: await freePortOffset(),
      nodeEnv: 'test',
      database: 'embedded',
      durability: 'fast',
      onProgress: (progress) => notes.push(progress.kind === 'note' ? progress.text : progress.what),
      ...options,
      env: { PAYLOAD_KEYS: TEST_PAYLOAD_KEYS.join(','), ...options.env },
    });
    return {
      stack,
      stop: async () => {
        await stack.stop();
        folder.remove();
      },
    };
  } catch (error) {
    throw new Error(`The stack did not start: ${messageOf(error)}\nBefore that: ${notes.join('; ')}`, { cause: error });
  }
}
