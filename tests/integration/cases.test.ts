/** Cases: opened by flows, listed and decided by staff. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../platform/database.ts';
import { newId } from '../../platform/ids.ts';
import { createLogger } from '../../platform/logging.ts';
import { closeCase, escalateCase, findCase, openCase } from '../../services/cases/index.ts';
import { request } from '../helpers/client.ts';
import { verifiedBuyer } from '../helpers/people.ts';
import { stack } from '../helpers/stack.ts';
import { staffToken } from '../helpers/staff.ts';

interface CaseBody {
  readonly id: string;
  readonly state: string;
  readonly code: string;
  readonly decision: string | null;
  readonly decidedBy: string | null;
}

let database: Database;
let finance: { readonly id: string; readonly accessToken: string };
beforeAll(async () => {
  const log = createLogger({ role: 'test', level: 'error' });
  database = openDatabase({ url: stack().databases.app, maxConnections: 2, applicationName: 'test', log });
  finance = await staffToken('finance');
});
afterAll(() => database.close());

const dueAt = new Date('2030-01-01T00:00:00Z');
const blocked = (subjectId: string) =>
  database.transaction((tx) =>
    openCase(tx, { kind: 'transfer_blocked', subjectType: 'purchase', subjectId, dueAt, details: {} }),
  );

async function trailOf(id: string): Promise<string[]> {
  const { rows } = await database.query<{ action: string; actor: string }>(
    `SELECT action, actor FROM audit.entries WHERE subject_type = 'case' AND subject_id = $1 ORDER BY seq`,
    [id],
  );
  return rows.map(({ action, actor }) => `${action} ${actor}`);
}

test('a case is open once for each kind and subject, and can be opened again after it was closed', async () => {
  const subjectId = newId('pur');
  const first = await blocked(subjectId);
  expect((await blocked(subjectId)).id).toBe(first.id);
  await database.transaction((tx) => escalateCase(tx, 'transfer_blocked', subjectId));
  await database.transaction((tx) => escalateCase(tx, 'transfer_blocked', subjectId));
  const decision = { decision: 'sent', actor: { type: 'system', id: 'test' } } as const;
  const closed = await database.transaction((tx) => closeCase(tx, 'transfer_blocked', subjectId, decision));
  expect(closed).toMatchObject({ id: first.id, state: 'closed', decision: 'sent', decidedBy: 'system:test' });
  expect(await database.transaction((tx) => closeCase(tx, 'transfer_blocked', subjectId, decision))).toBeUndefined();
  expect((await blocked(subjectId)).id).not.toBe(first.id);
  expect(await trailOf(first.id)).toEqual([
    'case.opened system:cases',
    'case.escalated system:cases',
    'case.closed system:test',
  ]);
});

describe('staff', () => {
  const decide = (id: string, body: unknown, token = finance.accessToken) =>
    request<CaseBody>('POST', `/v1/admin/cases/${id}/decision`, { token, body });

  test('decide a case once; what happened stands in the audit trail', async () => {
    const { id } = await blocked(newId('pur'));
    expect(await decide(id, { decision: 'approve', reason: 'x' })).toMatchObject({
      status: 422,
      body: { code: 'DECISION_NOT_POSSIBLE' },
    });
    const ruling = { decision: 'resolved', reason: 'The account was mended.' };
    const decided = await decide(id, ruling);
    expect(decided).toMatchObject({
      status: 200,
      body: { state: 'closed', decision: 'resolved', decidedBy: `staff:${finance.id}`, decisions: [] },
    });
    expect((await decide(id, ruling)).status).toBe(200);
    const other = await staffToken('admin');
    expect(await decide(id, ruling, other.accessToken)).toMatchObject({ status: 409, body: { code: 'CASE_CLOSED' } });
    expect(await trailOf(id)).toEqual(['case.opened system:cases', `case.closed staff:${finance.id}`]);
  });

  test('cannot put away the case of paused money while it is paused', async () => {
    const subjectId = newId('pur');
    const hold = { kind: 'hold_limit', subjectType: 'purchase', subjectId, dueAt, details: {} } as const;
    const { id } = await database.transaction((tx) => openCase(tx, hold));
    const refused = await decide(id, { decision: 'resolved', reason: 'Seen.' });
    expect(refused).toMatchObject({ status: 409, body: { code: 'NOT_DECIDED_BY_HAND' } });
    expect(JSON.stringify(refused.body)).toMatch(/let the money go first/);
    expect(await findCase(database, id)).toMatchObject({ state: 'open', decidedBy: null });
    const read = await request<{ decisions: string[] }>('GET', `/v1/admin/cases/${id}`, { token: finance.accessToken });
    expect(read.body.decisions).toEqual([]);
  });

  test('list their own kinds, page by page', async () => {
    const subjectId = newId('pur');
    const { id } = await blocked(subjectId);
    const found = await request<{ data: CaseBody[] }>('GET', `/v1/admin/cases?state=open&subjectId=${subjectId}`, {
      token: finance.accessToken,
    });
    expect(found.body.data.map((one) => one.id)).toEqual([id]);
    await blocked(newId('pur'));
    const page = (cursor: string) =>
      request<{ data: CaseBody[]; nextCursor: string | null }>('GET', `/v1/admin/cases?limit=1${cursor}`, {
        token: finance.accessToken,
      });
    const first = await page('');
    const second = await page(`&cursor=${first.body.nextCursor}`);
    expect(second.body.data).toHaveLength(1);
    expect(second.body.data[0]?.id).not.toBe(first.body.data[0]?.id);
    const compliance = await staffToken('compliance');
    const token = compliance.accessToken;
    expect((await request('GET', `/v1/admin/cases/${id}`, { token })).status).toBe(404);
    expect((await decide(id, { decision: 'resolved', reason: 'x' }, token)).status).toBe(404);
    expect((await findCase(database, id))?.state).toBe('open');
  });

  test('only they: members get 403, nobody signed in 401, wrong input 400', async () => {
    const { id } = await blocked(newId('pur'));
    const { accessToken: token } = await verifiedBuyer();
    expect((await request('GET', '/v1/admin/cases', { token })).status).toBe(403);
    expect((await decide(id, { decision: 'resolved', reason: 'x' }, token)).status).toBe(403);
    expect((await request('GET', '/v1/admin/cases')).status).toBe(401);
    for (const body of [
      {},
      { decision: 'resolved' },
      { decision: 'burn', reason: 'x' },
      { decision: 7, reason: 'x' },
    ]) {
      expect((await decide(id, body)).status).toBe(400);
    }
    expect((await request('GET', '/v1/admin/cases?cursor=x', { token: finance.accessToken })).status).toBe(400);
    expect((await findCase(database, id))?.state).toBe('open');
  });
});
