/** What staff do about a purchase through the API: notes, stopping its money, letting it go. */
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { PurchaseId } from '../../contracts/ids.ts';
import { purchaseWorkflowId } from '../../contracts/purchase.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { request } from '../helpers/client.ts';
import { recordHistory } from '../helpers/histories.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, publishedListing, reached, read, sandboxLog } from '../helpers/purchases.ts';
import { order, type StandsBody, staffToken } from '../helpers/staff.ts';

interface Staff {
  readonly id: string;
  readonly accessToken: string;
}

let seller: Person;
let buyer: Person;
let support: Staff;
let finance: Staff;

beforeAll(async () => {
  [seller, buyer, support, finance] = await Promise.all([
    verifiedSeller(),
    verifiedBuyer(),
    staffToken('support'),
    staffToken('finance'),
  ]);
});

async function bought(...actions: readonly ('accept' | 'deliver')[]): Promise<PurchaseId> {
  const { body } = await buy(buyer, await publishedListing(seller));
  for (const action of actions) expect((await act(seller, body.id, action)).status).toBe(200);
  return body.id as PurchaseId;
}

const REASON = { reason: 'The seller is being looked at.' };
const pause = (id: string, by = support, key?: string) => order(by, id, 'pause', REASON, key);
const resume = (id: string, by = finance) => order(by, id, 'resume', { reason: 'All is well.' });

/** The audit trail and the events of a purchase that staff have caused. */
const traces = (id: string) =>
  withDatabase(async (database) => {
    const audit = await database.query<{ actor: string; action: string; change: string }>(
      `SELECT actor, action, change FROM audit.entries
        WHERE subject_id = $1 AND actor LIKE '%staff:%' ORDER BY seq`,
      [id],
    );
    const events = await database.query<{ type: string; data: unknown }>(
      `SELECT type, data FROM outbox.events WHERE key = $1 AND type ~ 'staff|money' ORDER BY id`,
      [id],
    );
    return { audit: audit.rows, events: events.rows };
  });

test('paused money does not move until it is let go, and then as if nothing had been', async () => {
  const id = await bought('accept', 'deliver');
  const before = await reached(buyer, id, 'delivered');
  const paused = await pause(id);
  expect(paused).toMatchObject({
    status: 200,
    body: { state: 'delivered', holds: ['staff_pause'], pause: { by: support.id, verified: true } },
  });

  const seen = (await read(buyer, id)).body;
  expect(seen.holds).toEqual(['staff_pause']);
  // A dispute moves no money.
  expect(seen.next).toMatchObject({ waitsFor: 'platform', actions: ['open_dispute'] });
  const why = await request<StandsBody>('GET', `/v1/purchases/${id}/why`, { token: buyer.accessToken });
  expect(why.body.summary).toMatch(/Staff have paused the money/);
  // Until the limit up to which money may be held, nothing happens by itself; then nothing moves, either.
  expect(why.body.automatic).toMatchObject({ becomes: 'delivered', says: expect.stringMatching(/finance is asked/) });

  for (const [who, action] of [
    [buyer, 'confirm'],
    [seller, 'refunds'],
  ] as const) {
    const { status, body } = await request<StandsBody>('POST', `/v1/purchases/${id}/${action}`, {
      token: who.accessToken,
      ...(action === 'refunds' && { body: {} }),
    });
    expect({ action, status, code: body.code }).toEqual({ action, status: 409, code: 'MONEY_PAUSED' });
    expect(body.detail).toMatch(/staff have paused the money/);
  }
  expect((await sandboxLog({ transferGroup: id })).map(({ kind }) => kind)).toEqual([
    'payment_intent',
    'authorise',
    'capture',
  ]);

  expect(await resume(id)).toMatchObject({ status: 200, body: { holds: [], pause: null } });
  const after = (await read(buyer, id)).body;
  expect(Date.parse(after.deadlines['inspectUntil'] ?? '')).toBeGreaterThan(
    Date.parse(before.deadlines['inspectUntil'] ?? ''),
  );
  expect((await act(buyer, id, 'confirm')).status).toBe(200);
  await expectEqualBooks(await reached(buyer, id, 'released'));
  await recordHistory('purchase-paused-and-resumed', purchaseWorkflowId(id));

  const { audit, events } = await traces(id);
  expect(audit.map(({ actor, action }) => [actor, action])).toEqual([
    [`staff:${support.id}`, 'purchase.money_paused'],
    [`staff:${finance.id}`, 'purchase.money_resumed'],
  ]);
  expect(audit.map(({ change }) => (JSON.parse(change) as { verified: boolean }).verified)).toEqual([true, true]);
  expect(events.map(({ type }) => type)).toEqual(['purchase.money_paused', 'purchase.money_resumed']);
  const written = JSON.stringify([audit, events]);
  for (const words of [REASON.reason, 'All is well.']) expect(written).not.toContain(words);
});

test('before anything is captured, what moves no money is still possible', async () => {
  const [accepted, cancelled] = [await bought(), await bought()];
  await Promise.all([pause(accepted), pause(cancelled)]);
  expect(await act(seller, accepted, 'accept')).toMatchObject({ status: 409, body: { code: 'MONEY_PAUSED' } });
  expect((await read(seller, accepted)).body.next).toMatchObject({
    actions: ['decline'],
    automatic: { becomes: 'declined' },
  });
  expect((await act(buyer, cancelled, 'cancel')).body).toMatchObject({ state: 'cancelled', holds: [] });
  await resume(accepted);
  expect((await act(seller, accepted, 'accept')).body).toMatchObject({ state: 'held' });
});

test('a delivery is noted while money is paused, and its window opens when it is let go', async () => {
  const id = await bought('accept');
  await pause(id);
  expect((await act(seller, id, 'deliver')).body).toMatchObject({ state: 'delivered', holds: ['staff_pause'] });
  expect(await act(buyer, id, 'cancel')).toMatchObject({ status: 409 });
  await resume(id);
  expect(Object.keys((await read(buyer, id)).body.deadlines)).toEqual(['inspectUntil']);
});

describe('who may do what, and how often', () => {
  test('support pauses, and only finance lets go', async () => {
    const id = await bought('accept');
    expect((await pause(id)).status).toBe(200);
    expect((await resume(id, support)).status).toBe(403);
    expect((await resume(id, finance)).status).toBe(200);
  });

  test('a pause is one pause: repeated, raced, or asked for by somebody else', async () => {
    const id = await bought('accept');
    const key = randomUUID();
    const answers = await Promise.all([1, 2, 3, 4].map(() => pause(id, support, key)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await pause(id, finance)).toMatchObject({ status: 409, body: { code: 'ALREADY_PAUSED' } });
    expect((await traces(id)).audit).toHaveLength(1);
    await resume(id);
    expect(await resume(id)).toMatchObject({ status: 409, body: { code: 'NOT_PAUSED' } });
  });

  test('nothing of it on a purchase that has ended, or that is none', async () => {
    const id = await bought();
    await act(seller, id, 'decline');
    const allowed = { buyer: [], seller: [] };
    expect(await pause(id)).toMatchObject({ status: 409, body: { code: 'NOT_ALLOWED_NOW', allowed } });
    expect((await pause(`pur_${'0'.repeat(32)}`)).status).toBe(404);
  });
});

describe('notes', () => {
  test('are kept for staff alone, and change nothing', async () => {
    const id = await bought('accept');
    const before = (await read(buyer, id)).body;
    const note = 'The buyer called:\nthe parcel is late.';
    expect((await order(support, id, 'notes', { note })).status).toBe(200);
    const notes = await request<{ data: unknown[] }>('GET', `/v1/admin/purchases/${id}/notes`, {
      token: finance.accessToken,
    });
    expect(notes.body.data).toMatchObject([{ number: 1, kind: 'note', text: note, by: support.id, verified: true }]);
    expect((await read(buyer, id)).body).toEqual(before);
    // Whoever reads them leaves a trace, as with everything else that staff alone may know.
    const { rows: looks } = await withDatabase((database) =>
      database.query<{ actor: string }>(
        `SELECT actor FROM audit.entries WHERE subject_type = 'purchase_access' AND subject_id = $1`,
        [id],
      ),
    );
    expect(looks).toEqual([{ actor: `staff:${finance.id}` }]);
    const timeline = await request('GET', `/v1/purchases/${id}/timeline`, { token: buyer.accessToken });
    expect(JSON.stringify(timeline.body)).not.toContain('staff');
    await recordHistory('purchase-noted', purchaseWorkflowId(id));
  });

  test('a hundred of them, and no more', { timeout: 90_000 }, async () => {
    const id = await bought();
    const texts = Array.from({ length: 100 }, (_, index) => `Note ${index}`);
    while (texts.length > 0) {
      const some = texts.splice(0, 4);
      const sent = await Promise.all(some.map((note) => order(support, id, 'notes', { note })));
      expect(sent.map(({ status }) => status)).toEqual(some.map(() => 200));
    }
    const more = await order(support, id, 'notes', { note: 'One more' });
    expect(more).toMatchObject({ status: 409, body: { code: 'TOO_MANY_ORDERS' } });
  });
});

test('a pause and a confirmation at the same moment: one comes first, and the books are right', async () => {
  const ids = await Promise.all(Array.from({ length: 6 }, () => bought('accept', 'deliver')));
  const came = await Promise.all(
    ids.map(async (id) => {
      const [paused, confirmed] = await Promise.all([pause(id), act(buyer, id, 'confirm')]);
      return { id, paused: paused.status, confirmed: confirmed.status, why: confirmed.body.code };
    }),
  );
  for (const { id, paused, confirmed, why } of came) {
    expect(paused).toBe(200);
    const { body } = await read(buyer, id);
    if (confirmed === 200) expect(body).toMatchObject({ state: 'released', holds: ['staff_pause'] });
    else {
      expect(body).toMatchObject({ state: 'delivered', holds: ['staff_pause'], money: { transferred: 0 } });
      expect(['MONEY_PAUSED', 'IN_PROGRESS']).toContain(why);
    }
    await expectEqualBooks(body);
  }
});
