/** What operators see of a process: whether it is ready, how it ends, how a database and a namespace come to be. */
import { execFile, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { TASK_QUEUES } from '../../contracts/task-queues.ts';
import { isListening } from '../../scripts/stack/ports.ts';
import { ROLES, type Role } from '../../scripts/stack/roles.ts';
import { startBalancer } from '../helpers/balancer.ts';
import { request } from '../helpers/client.ts';
import { type Replica, startReplica } from '../helpers/replicas.ts';
import { stack } from '../helpers/stack.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { ROOT } from '../setup/test-stack.ts';

const role = (name: string): Role => {
  const found = ROLES.find((candidate) => candidate.name === name);
  if (found === undefined) throw new RangeError(name);
  return found;
};

interface Ready {
  readonly status: number;
  readonly body: { readonly checks?: Readonly<Record<string, string>> };
}
const readiness = (replica: Replica): Promise<Ready> =>
  request('GET', '/readyz', { base: `http://127.0.0.1:${replica.port}` });

describe('the API that is told to stop', () => {
  test('says so first, serves on for DRAIN_SECONDS, closes each connection, and ends with 0', async () => {
    const api = await startReplica(role('api'), { DRAIN_SECONDS: '2' });
    expect(await readiness(api)).toMatchObject({ status: 200, body: { checks: { running: 'ok', migrations: 'ok' } } });
    const ended = api.stop();
    await waitFor(async () => (await readiness(api)).status === 503, { what: '503', timeoutMs: 1_500, intervalMs: 20 });
    expect((await readiness(api)).body.checks).toMatchObject({ running: 'failing', database: 'ok' });
    const response = await fetch(`http://127.0.0.1:${api.port}/healthz`);
    expect([response.status, response.headers.get('connection')]).toEqual([200, 'close']);
    expect(await ended).toBe(0);
    await expect(readiness(api)).rejects.toThrow();
  });
});

describe('a worker', () => {
  test.each(Object.values(TASK_QUEUES))('that serves %s alone is ready, and ends with 0', async (queue) => {
    const worker = await startReplica(role('worker'), {}, ['--task-queues', queue]);
    expect(await readiness(worker)).toMatchObject({ status: 200, body: { checks: { workers: 'ok' } } });
    expect(await worker.stop()).toBe(0);
  });
});

test('a process in front of a database that is not migrated is not ready', async () => {
  const { superuser, app, owner } = stack().databases;
  const name = `unmigrated_${randomBytes(4).toString('hex')}`;
  await asSuperuser(superuser, async (client) => {
    await client.query(`CREATE DATABASE ${name} OWNER wellpact_owner`);
  });
  const [appUrl, ownerUrl] = [app, owner].map((url) => withPath(url, name));
  const starting = startReplica(role('api'), { DATABASE_URL: appUrl ?? '' });
  const relaying = startReplica(role('relay'), { DATABASE_URL: appUrl ?? '' });
  // It would be ready within this time, if it did not look.
  expect(await Promise.race([starting, relaying, sleep(6_000, 'not ready')])).toBe('not ready');
  // A worker would get work whether or not it is ready: it ends before it asks for any.
  const worker = await run('workers/main.ts', { ...stack().env, DATABASE_URL: appUrl ?? '' });
  expect([worker.code, worker.out]).toEqual([1, expect.stringMatching(/migrations are missing.*npm run migrate/)]);
  expect(worker.out).not.toContain('the worker is ready');
  const { code, out } = await migrate({ DATABASE_URL: appUrl ?? '', MIGRATION_DATABASE_URL: ownerUrl ?? '' });
  expect([code, out]).toEqual([0, expect.stringMatching(/^Migrated: 0001_platform, /)]);
  expect(await (await starting).stop()).toBe(0);
  expect(await (await relaying).stop()).toBe(0);
}, 120_000);

test('the API is ready while Temporal is away, says so, and serves what does not need it', async () => {
  const api = await startReplica(role('api'), { TEMPORAL_ADDRESS: '127.0.0.1:1' });
  expect(await readiness(api)).toMatchObject({
    status: 200,
    body: { checks: { temporal: 'failing', database: 'ok' } },
  });
  const base = `http://127.0.0.1:${api.port}`;
  expect(await request('GET', '/v1/listings/lst_0199c1a2b3c47d5e8f60718293a4b5c6', { base })).toMatchObject({
    status: 404,
  });
  expect(await api.stop()).toBe(0);
});

/** What an operator gives: outside services in live mode. Nobody is called by a process that only starts. */
const LIVE = {
  NODE_ENV: 'production',
  PAYLOAD_KEYS: `k1:${randomBytes(32).toString('base64')}`,
  PUBLIC_URL: 'https://api.wellpact.test',
  TEMPORAL_UI_URL: 'https://temporal.wellpact.test',
  STRIPE_API_KEY: 'rk_live_1',
  STRIPE_API_URL: '',
  ONFIDO_API_TOKEN: 'api_live.1',
  ONFIDO_API_URL: '',
  FCM_API_URL: '',
  FCM_CREDENTIALS: JSON.stringify({
    project_id: 'wellpact',
    client_email: 'push@wellpact.test',
    private_key: generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    }).privateKey,
    token_uri: 'https://oauth2.googleapis.com/token',
  }),
  OBJECT_STORE: 'https://s3.wellpact.test/evidence',
  VIRUS_SCANNER: 'tcp://clamd.wellpact.test:3310',
  SMTP_URL: 'smtps://user:password@mail.wellpact.test',
  MAIL_FROM: 'Wellpact <no-reply@wellpact.test>',
};

test.each(['api', 'worker', 'relay'])(
  '%s in production mode, with settings of outside services, is ready',
  async (name) => {
    const replica = await startReplica(role(name), LIVE);
    expect(await readiness(replica)).toMatchObject({ status: 200 });
    expect(await replica.stop()).toBe(0);
  },
);

test('migrate makes roles, database, namespace and search attributes, also twice at once', async () => {
  const { superuser } = stack().databases;
  const name = `made_${randomBytes(4).toString('hex')}`;
  const url = (user: string): string => {
    const result = new URL(withPath(superuser, name));
    [result.username, result.password] = [`${name}_${user}`, 'p@ss/word'];
    return result.href;
  };
  const settings = {
    ADMIN_DATABASE_URL: superuser,
    MIGRATION_DATABASE_URL: url('owner'),
    DATABASE_URL: url('app'),
    TEMPORAL_ADDRESS: stack().temporal.address,
    TEMPORAL_NAMESPACE: name,
  };
  expect(await migrate(settings, '--create', '--temporal')).toMatchObject({ code: 0, problem: '' });
  const again = await Promise.all([migrate(settings, '--temporal'), migrate(settings, '--create', '--temporal')]);
  for (const { code, out } of again) expect([code, out]).toEqual([0, expect.stringContaining('is up to date')]);
  const worker = await startReplica(role('worker'), settings);
  const api = await startReplica(role('api'), settings);
  expect(await Promise.all([worker.stop(), api.stop()])).toEqual([0, 0]);
}, 120_000);

test('migrate waits for a Temporal that does not answer yet, and says so', async () => {
  const { app, owner } = stack().databases;
  const { address, namespace } = stack().temporal;
  const balancer = await startBalancer(0, isListening);
  const settings = { DATABASE_URL: app, MIGRATION_DATABASE_URL: owner, TEMPORAL_NAMESPACE: namespace };
  const child = spawn(process.execPath, ['--import', 'tsx', 'migrations/main.ts', '--temporal'], {
    cwd: ROOT,
    env: { ...process.env, ...settings, TEMPORAL_ADDRESS: `127.0.0.1:${balancer.port}` },
  });
  const ended = once(child, 'exit');
  let said = '';
  child.stderr.on('data', (text) => {
    said += String(text);
  });
  await waitFor(() => said.includes('waiting for it'), { what: 'migrate to say that it waits', timeoutMs: 40_000 });
  balancer.add(Number(address.split(':')[1]));
  expect(await ended).toEqual([0, null]);
  await balancer.close();
}, 90_000);

test('migrate gives up a lock that somebody holds, and says to run it again', async () => {
  const { app, owner } = stack().databases;
  await asSuperuser(withPath(stack().databases.superuser, new URL(owner).pathname.slice(1)), async (client) => {
    await client.query('BEGIN; LOCK TABLE public.knex_migrations');
    const { code, problem } = await migrate({ DATABASE_URL: app, MIGRATION_DATABASE_URL: owner });
    expect([code, problem]).toEqual([1, expect.stringMatching(/waited 5s for a lock .* run it again\.\n$/)]);
  });
});

test('migrate says what PostgreSQL says, without the address', async () => {
  const wrong = new URL(stack().databases.owner);
  wrong.password = 'not-this-one';
  const { code, out, problem } = await migrate({ DATABASE_URL: wrong.href, MIGRATION_DATABASE_URL: wrong.href });
  expect([code, out]).toEqual([1, '']);
  expect(problem).toMatch(/password authentication failed/);
  expect(problem).not.toContain('not-this-one');
});

const migrate = (env: Record<string, string>, ...args: string[]) => run('migrations/main.ts', env, ...args);

/** A process of which is expected that it ends by itself. */
function run(entry: string, env: Record<string, string>, ...args: string[]) {
  return new Promise<{ code: number; out: string; problem: string }>((resolve) => {
    const command = ['--import', 'tsx', entry, ...args];
    const options = { cwd: ROOT, env: { ...process.env, ...env }, timeout: 60_000 };
    execFile(process.execPath, command, options, (error, out, problem) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, problem });
    });
  });
}

function withPath(url: string, database: string): string {
  const result = new URL(url);
  result.pathname = `/${database}`;
  return result.href;
}

async function asSuperuser(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
