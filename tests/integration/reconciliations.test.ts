/** How reconciliations begin and end when somebody is in a hurry: at once, cancelled, terminated. */
import type { Client } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { endLeftovers } from '../../api/reconciliations/leftovers.ts';
import type { ReconciliationId } from '../../contracts/ids.ts';
import { reconciliationWorkflowId } from '../../contracts/reconciliation.ts';
import { TASK_QUEUES } from '../../contracts/task-queues.ts';
import { newId } from '../../platform/ids.ts';
import { connectTemporal, type Temporal } from '../../platform/temporal/client.ts';
import { temporalProfile } from '../../platform/temporal/profile.ts';
import { endRun, findRun, insertRun, MAX_RUNNING, reserveRun } from '../../services/reconciliations/index.ts';
import { request } from '../helpers/client.ts';
import { type ClonedDatabase, cloneDatabase } from '../helpers/database.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { TEST_PAYLOAD_KEYS } from '../helpers/payload-key.ts';
import { stack } from '../helpers/stack.ts';
import { staffToken } from '../helpers/staff.ts';
import { waitFor } from '../helpers/wait-for.ts';

const HOUR_MS = 60 * 60 * 1_000;

let temporal: Temporal;
let client: Client;
beforeAll(() => {
  const { address, namespace } = stack().temporal;
  const profile = temporalProfile({ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace });
  if (!('connection' in profile)) throw new Error(JSON.stringify(profile));
  temporal = connectTemporal({ temporal: profile, PAYLOAD_KEYS: [...TEST_PAYLOAD_KEYS] });
  client = temporal.client;
});
afterAll(() => temporal.close());

const asked = () => {
  const id = newId('rec');
  return { id, workflowId: reconciliationWorkflowId(id), requestedBy: 'usr_0' };
};

/** Begun, but not for some time: it can be stopped before it has done anything. */
const begun = (id: ReconciliationId, startDelay: '1 second' | '1 hour') =>
  client.workflow.start('reconciliation', {
    workflowId: reconciliationWorkflowId(id),
    taskQueue: TASK_QUEUES.workflows,
    args: [{ id, requestedBy: 'usr_0' }],
    startDelay,
  });

describe('in a database of its own', () => {
  let clone: ClonedDatabase;
  beforeEach(async () => {
    clone = await cloneDatabase();
  });
  afterEach(() => clone.drop());

  const stateOf = async (id: ReconciliationId) => (await findRun(clone.database, id))?.state;
  const reserved = async () => (await reserveRun(clone.database, asked(), {}, 0)).id;

  test('of ten that are asked for at once as many begin as may run', async () => {
    const ten = Array.from({ length: 10 }, asked);
    const taken = await Promise.allSettled(ten.map((one) => reserveRun(clone.database, one, {}, 0)));
    const refused = taken.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(10 - MAX_RUNNING);
    for (const one of refused) expect(one).toMatchObject({ reason: { code: 'RECONCILIATIONS_RUNNING', status: 409 } });
    const [first] = taken.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    if (first === undefined) throw new Error('none was taken');
    // Asked for again it is the same one, though no place is left.
    expect(await reserveRun(clone.database, { ...first, requestedBy: 'usr_0' }, {}, 0)).toEqual(first);
    await endRun(clone.database, first.id, 'completed');
    expect(await stateOf(await reserved())).toBe('running');
  });

  test('one that was terminated ends when another is asked for; what runs, or is about to, goes on', async () => {
    const [terminated, running, aboutTo] = [await reserved(), await reserved(), await reserved()];
    await (await begun(terminated, '1 hour')).terminate('a test');
    const handle = await begun(running, '1 hour');
    await expect(reserved()).rejects.toMatchObject({ code: 'RECONCILIATIONS_RUNNING' });
    await endLeftovers(clone.database, client);
    expect(await Promise.all([terminated, running, aboutTo].map(stateOf))).toEqual(['failed', 'running', 'running']);
    await handle.terminate('the test is over');
    expect(await stateOf(await reserved())).toBe('running');
  });

  test('one whose workflow never began ends after a while', async () => {
    const id = await reserved();
    await clone.database.query(
      `UPDATE reconciliations.runs SET started_at = now() - interval '5 minutes' WHERE id = $1`,
      [id],
    );
    await endLeftovers(clone.database, client);
    expect(await stateOf(id)).toBe('failed');
  });

  test('nothing is compared that has not settled', async () => {
    for (const fromMs of [Date.now() + HOUR_MS, Date.now() - HOUR_MS / 2]) {
      const refused = reserveRun(clone.database, asked(), { fromMs }, HOUR_MS);
      await expect(refused).rejects.toMatchObject({ status: 422, code: 'NOTHING_SETTLED' });
    }
    const { fromAt } = await reserveRun(clone.database, asked(), { fromMs: Date.now() - 2 * HOUR_MS }, HOUR_MS);
    expect(fromAt.getTime()).toBeLessThan(Date.now() - HOUR_MS);
  });
});

test('one that is cancelled has ended as failed', async () => {
  const one = asked();
  await withDatabase((database) =>
    insertRun(database, { ...one, fromAt: new Date(0), untilAt: new Date(1_000), settledAt: new Date(1_000) }),
  );
  const handle = await begun(one.id, '1 second');
  await handle.cancel();
  await expect(handle.result()).rejects.toThrow();
  expect((await handle.describe()).status.name).toBe('CANCELLED');
  const run = await withDatabase((database) => findRun(database, one.id));
  expect(run).toMatchObject({ state: 'failed', endedAt: expect.any(Date) });
});

test('over HTTP: a time to come is refused, and those that were terminated are in nobody’s way', async () => {
  const token = (await staffToken('finance')).accessToken;
  const post = (body: object) => request<{ id: string }>('POST', '/v1/admin/reconciliations', { token, body });
  const from = new Date(Date.now() + HOUR_MS).toISOString();
  expect(await post({ from })).toMatchObject({ status: 422, body: { code: 'NOTHING_SETTLED' } });
  const dead = Array.from({ length: MAX_RUNNING }, asked);
  for (const one of dead) {
    await withDatabase((database) =>
      insertRun(database, { ...one, fromAt: new Date(0), untilAt: new Date(1_000), settledAt: new Date(1_000) }),
    );
    await (await begun(one.id, '1 hour')).terminate('a test');
  }
  const begunOne = await post({});
  expect(begunOne, JSON.stringify(begunOne.body)).toMatchObject({ status: 202 });
  await waitFor(
    async () => {
      const path = `/v1/admin/reconciliations/${begunOne.body.id}`;
      return (await request<{ state: string }>('GET', path, { token })).body.state === 'completed';
    },
    { what: 'it to end', timeoutMs: 30_000 },
  );
});
