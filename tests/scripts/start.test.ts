import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { orThrow } from '../../client/index.ts';
import { portsFor } from '../../platform/ports.ts';
import { publishListing, reaches, readPurchase } from '../../scripts/demo.ts';
import { becomeVerified, join as joinAsMember, type Person, quietly } from '../../scripts/demo-people.ts';
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
  return begin(process.execPath, [join(ROOT, 'scripts', 'start.mjs'), ...args], env);
}

function begin(command: string, args: readonly string[], env: Record<string, string>): Run {
  const child = spawn(command, args, {
    cwd: ROOT,
    env: {
      ...process.env,
      PORT_OFFSET: String(portOffset),
      WELLPACT_DATA: join(folder.path, 'data'),
      TMPDIR: join(folder.path, 'tmp'),
      [MARKER]: marker,
      ...env,
    },
    // As in a terminal: a process group of its own.
    detached: true,
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
    [[], { PORT_OFFSET: '60000' }, /^PORT_OFFSET=60000 must be a whole number from 0 to \d+\.\n$/],
    [[], { PORT_OFFSET: '3000' }, /^PORT_OFFSET=3000 would put api on port 6000, .* such as 3100\.\n$/],
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

  it('keeps a purchase over Ctrl-C and over the death of the starter, and leaves nothing running', async () => {
    const first = npmStart(['--no-demo']);
    await first.says('Ready after');
    const { seller, buyer, purchase } = await heldPurchase();
    const second = npmStart(['--no-demo'], { PORT_OFFSET: String(await freePortOffset()) });
    expect(await second.exit).toBe(1);
    expect(second.output()).toMatch(/^Wellpact already runs with the data in .*\n$/);
    first.child.kill('SIGINT');
    expect(await first.exit).toBe(0);
    expect(processesWith(MARKER, marker)).toEqual([]);

    const killed = npmStart(['--no-demo']);
    await killed.says('Ready after');
    expect(await readPurchase(buyer.client, purchase)).toMatchObject({ state: 'held' });
    await orThrow(seller.client.POST('/v1/purchases/{id}/deliver', { params: { path: { id: purchase } } }));
    killed.child.kill('SIGKILL');
    await killed.exit;
    expect(processesWith(MARKER, marker).length).toBeGreaterThan(5);

    const third = npmStart(['--no-demo']);
    await third.says('Ready after');
    expect(third.output()).toMatch(/Ended what an earlier start had left behind: .*worker/);
    await orThrow(buyer.client.POST('/v1/purchases/{id}/confirm', { params: { path: { id: purchase } } }));
    const { money } = await reaches(buyer, purchase, 'released');
    expect(money).toMatchObject({ held: 0, payable: 0, transferred: 2160, fees: 240 });
    expect(await transfersOf(purchase)).toHaveLength(1);
    third.child.kill('SIGTERM');
    expect(await third.exit).toBe(0);
  });

  it.each([
    ['Ctrl-C in the terminal of npm', (pid: number) => process.kill(-pid, 'SIGINT')],
    ['npm being told to end', (pid: number) => process.kill(pid, 'SIGTERM')],
  ])('%s ends all', async (_how, end) => {
    const run = begin('npm', ['start', '--', '--ephemeral', '--no-demo'], {});
    await run.says('Temporal is ready');
    end(run.child.pid ?? 0);
    await waitFor(() => processesWith(MARKER, marker).length === 0, { what: 'all to end', timeoutMs: 20_000 });
    expect(leftInTmp()).toEqual([]);
  });

  it.each([100, 700, 1_500, 3_000])('interrupted after %i ms ends with nothing left', async (ms) => {
    const run = npmStart(['--ephemeral', '--no-demo']);
    const timer = setTimeout(() => run.child.kill('SIGINT'), ms);
    const code = await run.exit;
    clearTimeout(timer);
    // Before its first line runs, the system itself ends it.
    expect([130, null, 0], run.output()).toContain(code);
    expect(processesWith(MARKER, marker)).toEqual([]);
    expect(leftInTmp()).toEqual([]);
  });

  // From here on PostgreSQL is stopped under connections of the starter itself.
  it('interrupted while the databases are made ends with nothing left', async () => {
    const run = npmStart(['--ephemeral', '--no-demo']);
    await run.says('PostgreSQL is ready');
    run.child.kill('SIGINT');
    expect(await run.exit, run.output()).toBe(130);
    expect(processesWith(MARKER, marker)).toEqual([]);
    expect(leftInTmp()).toEqual([]);
  });
});

function leftInTmp(): string[] {
  return readdirSync(join(folder.path, 'tmp')).filter((name) => name.startsWith('wellpact-'));
}

async function heldPurchase(): Promise<{ seller: Person; buyer: Person; purchase: string }> {
  const ports = portsFor(portOffset);
  const places = { api: `http://127.0.0.1:${ports.api}`, mail: `http://127.0.0.1:${ports.mail}` };
  const seller = await joinAsMember('Seller', places, quietly);
  await becomeVerified(seller, places, quietly);
  const listingId = await publishListing(seller, quietly);
  const buyer = await joinAsMember('Buyer', places, quietly);
  const body = { listingId, paymentMethod: 'pm_card_visa', acceptedDisclaimers: [] };
  const { id } = await orThrow(buyer.client.POST('/v1/purchases', { body }));
  await reaches(buyer, id, 'authorised');
  await orThrow(seller.client.POST('/v1/purchases/{id}/accept', { params: { path: { id } } }));
  await reaches(buyer, id, 'held');
  return { seller, buyer, purchase: id };
}

async function transfersOf(purchase: string): Promise<string[]> {
  const log = await fetch(`http://127.0.0.1:${portsFor(portOffset).sandboxControl}/_control/log?kind=transfer`);
  return (await log.text()).split('\n').filter((line) => line.includes(purchase));
}
