import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIdempotencyKeeper, type Repeatable } from '../../api/idempotency/idempotency.ts';
import { deleteOldRecords } from '../../api/idempotency/store.ts';
import type { Reply } from '../../api/route.ts';
import { openDatabase } from '../../platform/database.ts';
import { conflict, Problem, unavailable } from '../../platform/errors.ts';
import { createLogger } from '../../platform/logging.ts';
import { portsFor } from '../../platform/ports.ts';
import { request } from '../helpers/client.ts';
import { type ClonedDatabase, cloneDatabase } from '../helpers/database.ts';
import { stack } from '../helpers/stack.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { freePortOffset, ROOT } from '../setup/test-stack.ts';

const FIELD_KEY = Buffer.alloc(32, 7);
const WAIT_MS = 300;
const log = createLogger({ role: 'test', level: 'error' });

let clone: ClonedDatabase;

beforeAll(async () => {
  clone = await cloneDatabase();
});

afterAll(() => clone.drop());

const keeper = () => createIdempotencyKeeper(clone.database, FIELD_KEY, WAIT_MS);

const repeatable = (more: Partial<Repeatable> = {}): Repeatable => ({
  scope: 'usr_1',
  operation: 'doSomething',
  key: randomUUID(),
  content: { body: { amount: 5 } },
  mode: 'replay',
  ...more,
});

const done = (body: unknown): Reply => ({ status: 201, body, headers: { Location: '/v1/things/1' } });

/** A handler that ends when the test says so. */
function slow() {
  let finish: (reply: Reply) => void = () => undefined;
  const reply = new Promise<Reply>((resolve) => {
    finish = resolve;
  });
  return { run: () => reply, finish: (value: Reply) => finish(value) };
}

const expireClaims = () => clone.database.query('UPDATE api.idempotency_records SET claimed_until = now()');

describe('a repeat', () => {
  it('gets the first answer, with its headers, and runs nothing', async () => {
    const call = repeatable();
    const first = await keeper().answer(call, log, async (uuid) => done({ uuid }));
    const second = await keeper().answer(call, log, () => Promise.reject(new Error('ran twice')));
    expect(second).toEqual({ reply: first.reply, replayed: true });
    expect(first.replayed).toBe(false);
  });

  it('gets the first refusal', async () => {
    const call = repeatable();
    const refuse = () => Promise.reject(conflict('SOLD_OUT', 'Gone.', { available: 0 }));
    const first = await keeper().answer(call, log, refuse);
    const second = await keeper().answer(call, log, async () => done({}));
    expect(first.reply).toBeInstanceOf(Problem);
    expect(second.reply).toMatchObject({ status: 409, code: 'SOLD_OUT', detail: 'Gone.', extra: { available: 0 } });
    expect(second.replayed).toBe(true);
  });

  it.each([
    ['an accident', new Error('broken')],
    ['503', unavailable('Away.', 2)],
    ['401', new Problem(401, 'UNAUTHENTICATED', 'Who?')],
    ['429', new Problem(429, 'TOO_MANY_REQUESTS', 'Slow down.')],
    ['a refusal that asks to be repeated', new Problem(409, 'BUSY', 'Wait.', { headers: { 'Retry-After': '1' } })],
  ])('runs again after %s, at once and with the same id', async (_what, error) => {
    const call = repeatable();
    const seen: string[] = [];
    const failing = keeper().answer(call, log, (uuid) => {
      seen.push(uuid);
      return Promise.reject(error);
    });
    await failing.catch((reason: unknown) => expect(reason).toBe(error));
    const second = await keeper().answer(call, log, async (uuid) => {
      seen.push(uuid);
      return done({});
    });
    expect(second.reply).toMatchObject({ status: 201 });
    expect(seen[0]).toBe(seen[1]);
  });

  it('with other content is refused', async () => {
    const call = repeatable();
    await keeper().answer(call, log, async () => done({}));
    const other = { ...call, content: { body: { amount: 6 } } };
    await expect(keeper().answer(other, log, async () => done({}))).rejects.toMatchObject({
      status: 422,
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
  });

  it('with its members in another order is the same', async () => {
    const key = randomUUID();
    await keeper().answer(repeatable({ key, content: { a: 1, b: 2 } }), log, async () => done({}));
    const again = await keeper().answer(repeatable({ key, content: { b: 2, a: 1 } }), log, async () => done({}));
    expect(again.replayed).toBe(true);
  });

  it('by another caller or of another route is another request', async () => {
    const call = repeatable();
    await keeper().answer(call, log, async () => done({}));
    for (const other of [{ scope: 'usr_2' }, { operation: 'doAnother' }]) {
      const answer = await keeper().answer({ ...call, ...other }, log, async () => done({ other }));
      expect(answer.replayed).toBe(false);
    }
  });
});

describe('while the first call runs, a repeat', () => {
  it('waits for its answer', async () => {
    const call = repeatable();
    const first = slow();
    const running = keeper().answer(call, log, first.run);
    const repeats = Array.from({ length: 10 }, () =>
      keeper().answer(call, log, () => Promise.reject(new Error('ran twice'))),
    );
    // The claim is made before the handler runs; the repeats are all waiting once it is there.
    await expect.poll(async () => (await countOf(call)) === 1).toBe(true);
    first.finish(done({ once: true }));
    for (const repeat of await Promise.all(repeats)) expect(repeat.reply).toMatchObject({ body: { once: true } });
    expect((await running).replayed).toBe(false);
  });

  it('is told after a bounded wait to come back', async () => {
    const call = repeatable();
    const first = slow();
    const running = keeper().answer(call, log, first.run);
    await expect.poll(() => countOf(call)).toBe(1);
    const repeat = await keeper().answer(call, log, async () => done({}));
    expect(repeat.reply).toMatchObject({ status: 503, headers: { 'Retry-After': '2' } });
    first.finish(done({}));
    await running;
  });

  it('goes ahead with the same id where calls converge, and all get the answer that was stored first', async () => {
    const call = repeatable({ mode: 'converge' });
    const first = slow();
    let id = '';
    const running = keeper().answer(call, log, (uuid) => {
      id = uuid;
      return first.run();
    });
    await expect.poll(() => countOf(call)).toBe(1);
    const repeat = await keeper().answer(call, log, async (uuid) => done({ uuid, by: 'repeat' }));
    expect(repeat.reply).toMatchObject({ body: { uuid: id, by: 'repeat' } });
    first.finish(done({ uuid: id, by: 'first' }));
    expect((await running).reply).toMatchObject({ body: { by: 'repeat' } });
  });
});

describe('after a crash', () => {
  it('a repeat takes over with the same id once the claim has run out', async () => {
    const call = repeatable();
    const dead = slow();
    let id = '';
    const crashed = keeper().answer(call, log, (uuid) => {
      id = uuid;
      return dead.run();
    });
    await expect.poll(() => id !== '').toBe(true);
    await expireClaims();
    const repeats = await Promise.all(
      Array.from({ length: 5 }, () => keeper().answer(call, log, async (uuid) => done({ uuid }))),
    );
    for (const repeat of repeats) expect(repeat.reply).toMatchObject({ body: { uuid: id } });
    expect(repeats.filter(({ replayed }) => !replayed)).toHaveLength(1);
    dead.finish(done({ uuid: 'too late' }));
    expect((await crashed).reply).toMatchObject({ body: { uuid: id } });
  });

  it('whoever was taken for dead does not end the claim of their successor', async () => {
    const call = repeatable();
    const [late, successor] = [slow(), slow()];
    const first = keeper().answer(call, log, () => late.run().then(() => Promise.reject(new Error('too late'))));
    await expect.poll(() => countOf(call)).toBe(1);
    await expireClaims();
    const second = keeper().answer(call, log, successor.run);
    await expect.poll(() => claimedOf(call)).toBe(true);
    late.finish(done({}));
    await expect(first).rejects.toThrow('too late');
    expect(await claimedOf(call)).toBe(true);
    successor.finish(done({ by: 'successor' }));
    expect((await second).reply).toMatchObject({ body: { by: 'successor' } });
  });

  it('a repeat of what is made elsewhere is told where, without waiting for ever', async () => {
    const call = repeatable();
    const unfinished: Reply = { status: 202, headers: { Location: '/v1/things/7' }, final: false };
    await keeper().answer(call, log, async () => unfinished);
    const again = slow();
    const running = keeper().answer(call, log, again.run);
    await expect.poll(async () => (await claimedOf(call)) === true).toBe(true);
    const repeat = await keeper().answer(call, log, async () => done({}));
    expect(repeat.reply).toMatchObject({ status: 202, headers: { Location: '/v1/things/7' } });
    again.finish(done({}));
    await running;
  });
});

describe('what is stored', () => {
  it('can be read neither in the answer nor in the request', async () => {
    const call = repeatable({ key: `key-${randomUUID()}`, content: { password: 'hunter2hunter2' } });
    await keeper().answer(call, log, async () => done({ secret: 'pi_1_secret_2' }));
    const { rows } = await clone.database.query<{ row: string }>(
      `SELECT record::text || encode(answer, 'escape') AS row FROM api.idempotency_records AS record`,
    );
    const dump = rows.map(({ row }) => row).join('\n');
    for (const clear of ['hunter2', 'pi_1_secret', call.key]) expect(dump).not.toContain(clear);
  });

  it('is bound to its place: an answer moved to another record is not given', async () => {
    const [from, to] = [repeatable(), repeatable()];
    await keeper().answer(from, log, async () => done({ from: true }));
    await keeper().answer(to, log, async () => done({ to: true }));
    await clone.database.query(
      'UPDATE api.idempotency_records SET answer = (SELECT max(answer) FROM api.idempotency_records)',
    );
    const moved = await Promise.allSettled([from, to].map((call) => keeper().answer(call, log, async () => done({}))));
    expect(moved.map(({ status }) => status)).toContain('rejected');
  });

  it('is deleted after its time, a bounded number at once', async () => {
    await clone.database.query('DELETE FROM api.idempotency_records');
    for (let n = 0; n < 4; n++) await keeper().answer(repeatable(), log, async () => done({}));
    expect(await deleteOldRecords(clone.database, 10)).toBe(0);
    await clone.database.query(`UPDATE api.idempotency_records SET created_at = now() - interval '49 hours'`);
    expect(await deleteOldRecords(clone.database, 3)).toBe(3);
    expect(await deleteOldRecords(clone.database, 3)).toBe(1);
  });
});

describe('over HTTP', () => {
  const signUp = (idempotencyKey: string, more: Record<string, unknown> = {}, base = stack().urls.api) =>
    request<{ id: string; code: string }>('POST', '/v1/users', {
      idempotencyKey,
      base,
      body: {
        email: `${idempotencyKey.slice(0, 36)}@example.com`,
        password: 'correct horse battery',
        displayName: 'Ann',
        birthDate: '1990-05-01',
        country: 'DE',
        acceptedTerms: true,
        ...more,
      },
    });

  it('twenty equal calls at once make one account', async () => {
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => signUp(key)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 201));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')).toHaveLength(19);
  });

  it('answers outlive a replica that is killed, and what it had begun is finished once', async () => {
    const replica = await startReplica();
    try {
      const key = randomUUID();
      const before = await signUp(key, {}, replica.base);
      expect(before.status).toBe(201);
      const keys = Array.from({ length: 10 }, () => randomUUID());
      const cut = keys.map((each) => signUp(each, {}, replica.base));
      const begun = Promise.race(cut);
      await begun;
      replica.kill();
      const outcomes = await Promise.allSettled(cut);
      expect(outcomes.map(({ status }) => status)).toContain('rejected');

      const after = await signUp(key);
      expect(after).toMatchObject({ status: 201, body: before.body });
      expect(after.headers.get('idempotency-replayed')).toBe('true');
      expect((await signUp(key, { displayName: 'Ben' })).body.code).toBe('IDEMPOTENCY_KEY_REUSED');

      // A dead replica's claims run out after half a minute; here they do at once.
      const { database, close } = openStackDatabase();
      await database.query('UPDATE api.idempotency_records SET claimed_until = now() WHERE answer IS NULL');
      const repeats = await Promise.all(keys.map((each) => signUp(each)));
      expect(repeats.map(({ status }) => status)).toEqual(keys.map(() => 201));
      const { rowCount } = await database.query('SELECT FROM users.accounts WHERE email = ANY($1)', [
        keys.map((each) => `${each}@example.com`),
      ]);
      expect(rowCount).toBe(keys.length);
      await close();
    } finally {
      replica.kill();
    }
  });

  it.each([['x'.repeat(256)], ['schlüssel']])('refuses the key %s', async (key) => {
    const { status, body } = await request<{ code: string }>('POST', '/v1/users', {
      idempotencyKey: null,
      headers: { 'idempotency-key': Buffer.from(key, 'utf8').toString('latin1') },
      body: {
        email: `${randomUUID()}@example.com`,
        password: 'correct horse battery',
        displayName: 'Ann',
        birthDate: '1990-05-01',
        country: 'DE',
        acceptedTerms: true,
      },
    });
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'INVALID_IDEMPOTENCY_KEY' });
  });
});

/** Another process of the API beside the stack's own, on the same database. */
async function startReplica(): Promise<{ base: string; kill: () => void }> {
  const portOffset = await freePortOffset();
  const child = spawn(process.execPath, ['--import', 'tsx', 'api/main.ts'], {
    cwd: ROOT,
    env: { ...process.env, ...stack().env, PORT_OFFSET: String(portOffset) },
    stdio: 'ignore',
  });
  const base = `http://127.0.0.1:${portsFor(portOffset).api}`;
  await waitFor(async () => (await request('GET', '/healthz', { base })).status === 200, {
    what: 'another replica of the API',
    timeoutMs: 30_000,
  });
  return { base, kill: () => void child.kill('SIGKILL') };
}

function openStackDatabase() {
  const database = openDatabase({ url: stack().databases.app, maxConnections: 2, applicationName: 'test', log });
  return { database, close: () => database.close() };
}

async function countOf({ scope, operation, key }: Repeatable): Promise<number> {
  const { rowCount } = await clone.database.query(
    `SELECT FROM api.idempotency_records WHERE scope = $1 AND operation = $2 AND key_hash = sha256($3)`,
    [scope, operation, Buffer.from(key)],
  );
  return rowCount ?? 0;
}

async function claimedOf({ scope, operation, key }: Repeatable): Promise<boolean | undefined> {
  const { rows } = await clone.database.query<{ claimed: boolean }>(
    `SELECT claimed_until > now() AS claimed FROM api.idempotency_records
     WHERE scope = $1 AND operation = $2 AND key_hash = sha256($3)`,
    [scope, operation, Buffer.from(key)],
  );
  return rows[0]?.claimed;
}
