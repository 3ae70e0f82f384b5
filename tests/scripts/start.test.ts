import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { portsFor } from '../../platform/ports.ts';
import { processesWith } from '../../scripts/test/leftovers.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { temporaryFolder } from '../setup/run-folder.ts';
import { freePortOffset, ROOT } from '../setup/test-stack.ts';

const MARKER = 'WELLPACT_START_TEST';

let folder: ReturnType<typeof temporaryFolder>;
let portOffset: number;
/** Every process of a test carries it. */
let marker: string;

beforeEach(async () => {
  folder = temporaryFolder('npm start');
  mkdirSync(join(folder.path, 'tmp'));
  portOffset = await freePortOffset();
  marker = randomUUID();
});
afterEach(async () => {
  for (const { pid } of processesWith(MARKER, marker)) process.kill(pid, 'SIGKILL');
  await waitFor(() => processesWith(MARKER, marker).length === 0, { what: 'processes to end', timeoutMs: 5_000 });
  folder.remove();
});

interface Run {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  output(): string;
  /** Resolves once it has printed this. */
  says(text: string): Promise<void>;
  readonly exit: Promise<number | null>;
}

function npmStart(args: readonly string[], env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [join(ROOT, 'scripts', 'start.mjs'), ...args], {
    cwd: folder.path,
    env: {
      ...process.env,
      PORT_OFFSET: String(portOffset),
      WELLPACT_DATA: join(folder.path, 'data'),
      TMPDIR: join(folder.path, 'tmp'),
      [MARKER]: marker,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    output += String(chunk);
  });
  const exit = once(child, 'close').then(([code]) => code as number | null);
  return {
    child,
    output: () => output,
    exit,
    says: async (text) => {
      const over = exit.then(() => {
        if (!output.includes(text)) throw new Error(`It ended without saying "${text}":\n${output}`);
      });
      await Promise.race([over, waitFor(() => output.includes(text), { what: `"${text}"`, timeoutMs: 60_000 })]);
    },
  };
}

describe('npm start', () => {
  it('tells what there is without starting anything', async () => {
    const run = npmStart(['--help']);
    expect(await run.exit).toBe(0);
    for (const word of ['--no-demo', '--reset', '--ephemeral', 'PORT_OFFSET']) expect(run.output()).toContain(word);
    expect(existsSync(join(folder.path, 'data'))).toBe(false);
  });

  it.each([
    [['--no-dem'], {}, /^Unknown option '--no-dem'\. What there is: npm start -- --help\n$/],
    [[], { PORT_OFFSET: 'x' }, /^PORT_OFFSET is "x", but it has to be a whole number\.\n$/],
    [[], { PORT_OFFSET: '60000' }, /^PORT_OFFSET must be a whole number from 0 to \d+, not "60000"\n$/],
    [[], { TEMPORAL_CLI: '/nowhere' }, /TEMPORAL_CLI is "\/nowhere"/],
    [
      [],
      { DATABASE_URL: 'postgres://127.0.0.1/x' },
      /^To use your own PostgreSQL, set MIGRATION_DATABASE_URL and SANDBOX/,
    ],
  ])('given %j and %j says what is wrong in one line', async (args, env, message) => {
    const run = npmStart(args, env);
    expect(await run.exit).toBe(1);
    expect(run.output()).toMatch(message);
    expect(processesWith(MARKER, marker)).toEqual([]);
  });

  it('runs until Ctrl-C, refuses a second one meanwhile, and leaves nothing running', async () => {
    const first = npmStart(['--no-demo']);
    await first.says('Ready after');
    const { api } = portsFor(portOffset);
    expect((await fetch(`http://127.0.0.1:${api}/readyz`)).status).toBe(200);

    const second = npmStart(['--no-demo'], { PORT_OFFSET: String(await freePortOffset()) });
    expect(await second.exit).toBe(1);
    expect(second.output()).toMatch(/^Wellpact already runs with the data in .*\n$/);

    first.child.kill('SIGINT');
    expect(await first.exit).toBe(0);
    expect(processesWith(MARKER, marker)).toEqual([]);
  });

  it('ends what a killed starter has left behind, and then starts', async () => {
    const killed = npmStart(['--no-demo']);
    await killed.says('Ready after');
    killed.child.kill('SIGKILL');
    await killed.exit;
    expect(processesWith(MARKER, marker).length).toBeGreaterThan(5);

    const next = npmStart(['--no-demo']);
    await next.says('Ready after');
    expect(next.output()).toMatch(/Ended what an earlier start had left behind: .*worker/);
    next.child.kill('SIGTERM');
    expect(await next.exit).toBe(0);
  });

  it.each([100, 700, 1_500, 3_000])('interrupted after %i ms ends with nothing left', async (ms) => {
    const run = npmStart(['--ephemeral', '--no-demo']);
    const timer = setTimeout(() => run.child.kill('SIGINT'), ms);
    const code = await run.exit;
    clearTimeout(timer);
    // Before its first line runs, the system itself ends it.
    expect([130, null, 0]).toContain(code);
    expect(processesWith(MARKER, marker)).toEqual([]);
    expect(readdirSync(join(folder.path, 'tmp')).filter((name) => name.startsWith('wellpact-'))).toEqual([]);
  });
});
