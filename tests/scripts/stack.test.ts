import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Ports, portsFor } from '../../platform/ports.ts';
import type { Role } from '../../scripts/stack/roles.ts';
import { startStack } from '../../scripts/stack/stack.ts';
import { declareSearchAttributes } from '../../scripts/stack/temporal-api.ts';
import type { Stack, StackOptions } from '../../scripts/stack/types.ts';
import { processesWith } from '../../scripts/test/leftovers.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { temporaryFolder } from '../setup/run-folder.ts';
import { freePortOffset, ROOT } from '../setup/test-stack.ts';

const TINY_ROLE: Role = {
  name: 'tiny',
  entry: 'tests/scripts/programs/tiny-role.ts',
  ready: { port: 'api', path: '/' },
  ports: ['api'],
  needs: 'database and temporal',
  settings: 'application',
};
const MARKER = 'WELLPACT_STACK_TEST';

let folder: ReturnType<typeof temporaryFolder>;
let portOffset: number;
let ports: Ports;
let notes: string[];
/** Every process of a test carries it. */
let marker: string;
let running: Stack[];

beforeEach(async () => {
  folder = temporaryFolder('a stack');
  portOffset = await freePortOffset();
  ports = portsFor(portOffset);
  notes = [];
  marker = randomUUID();
  process.env[MARKER] = marker;
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map((stack) => stack.stop()));
  delete process.env[MARKER];
  expect(processesWith(MARKER, marker)).toEqual([]);
  folder.remove();
});

async function start(options: Partial<StackOptions> = {}): Promise<Stack> {
  const stack = await startStack({
    root: ROOT,
    dataDir: join(folder.path, 'data'),
    portOffset,
    roles: [TINY_ROLE],
    run: 'source',
    nodeEnv: 'test',
    database: 'embedded',
    durability: 'fast',
    onProgress: (progress) => notes.push(progress.kind === 'note' ? progress.text : progress.what),
    ...options,
  });
  running.push(stack);
  return stack;
}

const withoutTemporal: Partial<StackOptions> = { temporal: false, roles: [] };

describe('a stack', () => {
  it('runs PostgreSQL, Temporal and roles, and keeps its data over a restart', async () => {
    const first = await start();
    expect(await (await fetch(first.urls.api)).json()).toEqual({ current_user: 'wellpact_app' });
    expect(await attributesOf(first)).toMatchObject({ PurchaseState: 2, DeadlineAt: 6 });
    await asOwner(first, 'CREATE TABLE kept (id integer)');
    await withTemporal(first, (client) => client.workflow.start('sleeper', { taskQueue: 'none', workflowId: 'kept' }));
    const secrets = readFileSync(join(first.dataDir, 'secrets.json'), 'utf8');
    await first.stop();

    const second = await start();
    expect(await asOwner(second, 'SELECT count(*) AS rows FROM kept')).toEqual([{ rows: '0' }]);
    const { status } = await withTemporal(second, (client) => client.workflow.getHandle('kept').describe());
    expect(status.name).toBe('RUNNING');
    expect(readFileSync(join(second.dataDir, 'secrets.json'), 'utf8')).toBe(secrets);
  });

  it('brings back whatever dies', async () => {
    const stack = await start();
    for (const name of ['postgres', 'temporal', 'tiny']) {
      const before = stack.pidOf(name);
      stack.kill(name, 'SIGKILL');
      await waitFor(() => ![before, undefined].includes(stack.pidOf(name)), {
        what: `${name} to run again`,
        timeoutMs: 10_000,
      });
    }
    await waitFor(async () => (await fetch(stack.urls.api)).status === 200, {
      what: 'the role to answer again',
      timeoutMs: 20_000,
    });
    expect(await attributesOf(stack)).toMatchObject({ PurchaseState: 2 });
    expect(notes.filter((note) => note.includes('was ended by SIGKILL; starting it again'))).toHaveLength(3);
  });

  it('keeps what it holds from other users', async () => {
    const stack = await start(withoutTemporal);
    expect(statSync(stack.dataDir).mode & 0o777).toBe(0o700);
    expect(statSync(join(stack.dataDir, 'secrets.json')).mode & 0o777).toBe(0o600);
    expect(statSync(join(stack.dataDir, 'postgres')).mode & 0o777).toBe(0o700);
    expect(statSync(stack.logFile('postgres')).mode & 0o777).toBe(0o600);
  });

  it('runs once for each data folder: the second one is told in one line', async () => {
    await start(withoutTemporal);
    const second = start({ ...withoutTemporal, portOffset: await freePortOffset() });
    await expect(second).rejects.toThrow(new RegExp(`^Wellpact already runs .*process ${process.pid}.*Ctrl-C.*$`));
  });

  it('refuses to delete the data of one that runs, and deletes it otherwise', async () => {
    const stack = await start(withoutTemporal);
    await asOwner(stack, 'CREATE TABLE kept (id integer)');
    await expect(start({ ...withoutTemporal, reset: true })).rejects.toThrow('already runs');
    await stack.stop();
    const anew = await start({ ...withoutTemporal, reset: true });
    await expect(asOwner(anew, 'SELECT FROM kept')).rejects.toThrow('does not exist');
  });

  it('names a port that is taken, who wants it and what to do', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(ports.postgres, '127.0.0.1', resolve));
    try {
      await expect(start()).rejects.toThrow(
        `Port ${ports.postgres} (PostgreSQL) is taken. Stop what uses it, or add to all ports: PORT_OFFSET=${portOffset + 100} npm start`,
      );
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
  });

  it('that fails to start says why and leaves nothing running', async () => {
    const broken: Role = {
      ...TINY_ROLE,
      name: 'broken',
      entry: 'tests/scripts/programs/no-such-role.ts',
      ready: { port: 'codec', path: '/' },
      ports: ['codec'],
    };
    await expect(start({ roles: [TINY_ROLE, broken] })).rejects.toThrow(/^broken ended with exit code 1, 5 times/);
    expect(processesWith(MARKER, marker)).toEqual([]);
  });

  it.each([0, 150, 600, 1_200, 2_000])('interrupted after %i ms leaves nothing running', async (ms) => {
    const interruption = new AbortController();
    const starting = start({ signal: interruption.signal });
    const timer = setTimeout(() => interruption.abort(new Error('Ctrl-C')), ms);
    try {
      // On a fast machine it may be up before.
      await starting.then(
        (stack) => stack.stop(),
        (error: Error) => expect(error.message).toBe('Ctrl-C'),
      );
    } finally {
      clearTimeout(timer);
    }
    expect(processesWith(MARKER, marker)).toEqual([]);
  });

  it('starts after its first start was interrupted while the database was being made', async () => {
    mkdirSync(join(folder.path, 'data', 'postgres.new'), { recursive: true });
    mkdirSync(join(folder.path, 'data', 'postgres'), { recursive: true });
    writeFileSync(join(folder.path, 'data', 'postgres', 'half'), '');
    const stack = await start(withoutTemporal);
    expect(await asOwner(stack, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('refuses a search attribute that is there with another type', async () => {
    const stack = await start({ roles: [] });
    const { address, namespace } = stack.temporal;
    await declareSearchAttributes(address, namespace, { PurchaseState: 'Keyword', Weight: 'Double' });
    expect(await attributesOf(stack)).toMatchObject({ Weight: 4 });
    await expect(declareSearchAttributes(address, namespace, { PurchaseState: 'Int' })).rejects.toThrow(
      'has the search attribute PurchaseState as Keyword, but temporal-dev.yml says Int',
    );
  });
});

async function withTemporal<T>(stack: Stack, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: stack.temporal.address });
  try {
    return await work(new Client({ connection, namespace: stack.temporal.namespace }));
  } finally {
    await connection.close();
  }
}

function attributesOf(stack: Stack): Promise<Record<string, number>> {
  return withTemporal(stack, async ({ connection }) => {
    const { namespace } = stack.temporal;
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    return customAttributes;
  });
}

async function asOwner(stack: Stack, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: stack.databases.owner });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
