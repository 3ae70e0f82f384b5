/** The updates that staff send from the Temporal UI, and everything else that could be sent from there: with real bytes. */
import { randomBytes, randomUUID } from 'node:crypto';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PurchaseId } from '../../contracts/ids.ts';
import { purchaseWorkflowId } from '../../contracts/purchase.ts';
import { request } from '../helpers/client.ts';
import { historyOf, recordHistory } from '../helpers/histories.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, publishedListing, read } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { order, staffToken } from '../helpers/staff.ts';
import { encoded, type RawPayload, sealedUnbound, sendUpdate, type UpdateAnswer, unsealed } from '../helpers/typed.ts';

let seller: Person;
let buyer: Person;
let support: { readonly id: string; readonly accessToken: string };
let finance: { readonly id: string; readonly accessToken: string };
let connection: Connection;

beforeAll(async () => {
  [seller, buyer, support, finance, connection] = await Promise.all([
    verifiedSeller(),
    verifiedBuyer(),
    staffToken('support'),
    staffToken('finance'),
    Connection.connect({ address: stack().temporal.address }),
  ]);
});
afterAll(() => connection.close());

async function held(): Promise<PurchaseId> {
  const { body } = await buy(buyer, await publishedListing(seller));
  expect((await act(seller, body.id, 'accept')).status).toBe(200);
  return body.id as PurchaseId;
}

const MEMBERS = { addStaffNote: 'note', pauseMoney: 'pauseReason', resumeMoney: 'resumeReason' } as const;
type StaffUpdate = keyof typeof MEMBERS;

/** What staff type. */
const text = (purchase: string, update: StaffUpdate, staff = support.id, more: Record<string, unknown> = {}): string =>
  JSON.stringify({ purchase, staff, [MEMBERS[update]]: 'Looked at it.', ...more });

const send = (id: string, name: string, payload: RawPayload, updateId?: string): Promise<UpdateAnswer> =>
  sendUpdate(connection, `purchase/${id}`, name, payload, updateId);
const type = async (id: string, update: StaffUpdate, typed = text(id, update)): Promise<UpdateAnswer> =>
  send(id, update, await encoded(typed));

const DONE = { done: true };
const refused = (code: string) => ({ done: false, type: code });

const requestsIn = (events: Awaited<ReturnType<typeof historyOf>>['events']) =>
  (events ?? []).flatMap((event) => event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest ?? []);

/** The payload with which an update of this name was sent, as whoever reads the history can copy it. */
async function sentTo(id: string, name: string): Promise<RawPayload> {
  const { events } = await historyOf(`purchase/${id}`);
  const payload = requestsIn(events).find(({ input }) => input?.name === name)?.input?.args?.payloads?.[0];
  if (payload === undefined) throw new Error(`no ${name} was sent to ${id}`);
  return payload as RawPayload;
}

/** What claims to be encrypted with a key of ours, and is not. */
const garbage = (boundTo: string): RawPayload => ({
  metadata: {
    encoding: Buffer.from('binary/encrypted'),
    'key-id': Buffer.from('test'),
    'bound-to': Buffer.from(boundTo),
  },
  data: randomBytes(64),
});

async function signal(id: string, payload: RawPayload, fields: Record<string, RawPayload> = {}): Promise<void> {
  await connection.workflowService.signalWorkflowExecution({
    namespace: stack().temporal.namespace,
    workflowExecution: { workflowId: `purchase/${id}` },
    signalName: 'paymentHint',
    input: { payloads: [payload] },
    header: { fields },
    requestId: randomUUID(),
  });
}

/** Starts a purchase with this for its input. @returns the type of the failure that it ends with */
async function failureOfStart(workflowId: string, input: RawPayload): Promise<string | null | undefined> {
  await connection.workflowService.startWorkflowExecution({
    namespace: stack().temporal.namespace,
    workflowId,
    workflowType: { name: 'purchase' },
    taskQueue: { name: 'wellpact' },
    input: { payloads: [input] },
    requestId: randomUUID(),
  });
  const { history } = await connection.workflowService.getWorkflowExecutionHistory({
    namespace: stack().temporal.namespace,
    execution: { workflowId },
    waitNewEvent: true,
    historyEventFilterType: 2,
  });
  const failed = history?.events?.[0]?.workflowExecutionFailedEventAttributes;
  return failed?.failure?.applicationFailureInfo?.type;
}

const trail = (id: string) =>
  withDatabase(async (database) => {
    const { rows } = await database.query<{ actor: string; action: string; verified: boolean }>(
      `SELECT actor, action, (change::jsonb ->> 'verified')::boolean AS verified
         FROM audit.entries WHERE subject_id = $1 AND actor LIKE '%staff:%' ORDER BY seq`,
      [id],
    );
    return rows;
  });

test('a note, a pause and its end, typed into the Temporal UI: each with who was named, as unverified', async () => {
  const id = await held();
  expect(await type(id, 'addStaffNote')).toMatchObject(DONE);
  expect(await type(id, 'pauseMoney')).toMatchObject(DONE);
  expect((await read(buyer, id)).body.holds).toEqual(['staff_pause']);
  expect(await act(buyer, id, 'confirm')).toMatchObject({ status: 409, body: { code: 'MONEY_PAUSED' } });
  expect(await type(id, 'resumeMoney', text(id, 'resumeMoney', finance.id))).toMatchObject(DONE);
  expect((await read(buyer, id)).body.holds).toEqual([]);
  expect((await act(buyer, id, 'confirm')).status).toBe(200);

  expect(await trail(id)).toEqual([
    { actor: `unverified_staff:${support.id}`, action: 'purchase.staff_note_added', verified: false },
    { actor: `unverified_staff:${support.id}`, action: 'purchase.money_paused', verified: false },
    { actor: `unverified_staff:${finance.id}`, action: 'purchase.money_resumed', verified: false },
  ]);
  const notes = await request<{ data: unknown[] }>('GET', `/v1/admin/purchases/${id}/notes`, {
    token: support.accessToken,
  });
  expect(notes.body.data).toMatchObject([
    { kind: 'note', by: support.id, verified: false },
    { kind: 'pause', by: support.id, verified: false },
    { kind: 'resume', by: finance.id, verified: false },
  ]);
  await recordHistory('purchase-orders-typed', purchaseWorkflowId(id));
});

describe('what is typed proves nothing', () => {
  test('it cannot say that it is verified', async () => {
    const id = await held();
    const claims = [
      text(id, 'pauseMoney', support.id, { verified: true }),
      JSON.stringify({ notFromUs: { value: JSON.parse(text(id, 'pauseMoney')), seal: 'a' } }),
    ];
    for (const claim of claims) expect(await type(id, 'pauseMoney', claim)).toMatchObject(refused('WRONG_ORDER'));
    expect((await read(buyer, id)).body.holds).toEqual([]);
  });

  test('it does not end a pause that somebody has set who had proven who they are', async () => {
    const id = await held();
    expect((await order(support, id, 'pause', { reason: 'Looked at.' })).status).toBe(200);
    const answer = await type(id, 'resumeMoney', text(id, 'resumeMoney', finance.id));
    expect(answer).toMatchObject(refused('PAUSED_BY_VERIFIED'));
    expect((await read(buyer, id)).body.holds).toEqual(['staff_pause']);
    expect((await order(finance, id, 'resume', { reason: 'Looked at.' })).status).toBe(200);
  });

  test('who is named has to be somebody who may', async () => {
    const id = await held();
    for (const staff of [buyer.id, `usr_${'0'.repeat(32)}`]) {
      const answer = await type(id, 'addStaffNote', text(id, 'addStaffNote', staff));
      expect(answer).toMatchObject(refused('NOT_STAFF'));
    }
    expect(await type(id, 'pauseMoney')).toMatchObject(DONE);
    // Letting go is for finance, here as through the API.
    expect(await type(id, 'resumeMoney')).toMatchObject(refused('NOT_STAFF'));
    expect(await trail(id)).toHaveLength(1);
  });
});

describe('what was typed counts once, where it was meant', () => {
  test('sent again, to the same purchase, it is refused', async () => {
    const id = await held();
    const payload = await encoded(text(id, 'addStaffNote'));
    const updateId = randomUUID();
    expect(await send(id, 'addStaffNote', payload, updateId)).toMatchObject(DONE);
    // The same update is the same note; another one with the same bytes is a copy.
    expect(await send(id, 'addStaffNote', payload, updateId)).toMatchObject(DONE);
    expect(await send(id, 'addStaffNote', payload)).toMatchObject(refused('TYPED_BEFORE'));
    expect(await trail(id)).toHaveLength(1);
  });

  test('sent to another purchase, or as another update, it is refused', async () => {
    const [here, there] = await Promise.all([held(), held()]);
    const payload = await encoded(text(here, 'pauseMoney'));
    expect(await send(there, 'pauseMoney', payload)).toMatchObject(refused('WRONG_ORDER'));
    expect(await send(here, 'resumeMoney', payload)).toMatchObject(refused('WRONG_ORDER'));
    expect(await send(here, 'addStaffNote', payload)).toMatchObject(refused('WRONG_ORDER'));
    for (const id of [here, there]) expect((await read(buyer, id)).body.holds).toEqual([]);
  });

  test('what the API has sent to one purchase is refused by another one', async () => {
    const [here, there] = await Promise.all([held(), held()]);
    await order(support, here, 'notes', { note: 'A note.' });
    const { events } = await historyOf(`purchase/${here}`);
    const inputs = (events ?? []).flatMap(
      (event) => event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input ?? [],
    );
    const payload = inputs.find(({ name }) => name === 'addStaffNote')?.args?.payloads?.[0];
    expect(payload).toBeDefined();
    expect(await send(there, 'addStaffNote', payload as RawPayload)).toMatchObject(refused('WRONG_ORDER'));
    expect(await send(there, 'deliverPurchase', payload as RawPayload)).toMatchObject(refused('NOT_FROM_US'));
    expect(await trail(there)).toEqual([]);
    expect((await act(seller, there, 'deliver')).status).toBe(200);
  });
});

describe('what the API has sent is taken as what it was sent as, and as nothing else', () => {
  test('the word of a party, copied within its purchase: as another update, or once more, it is refused', async () => {
    const id = await held();
    const accepted = await sentTo(id, 'acceptPurchase');
    for (const update of ['acceptPurchase', 'deliverPurchase', 'refundPurchase', 'cancelPurchase', 'openPurchase']) {
      expect(await send(id, update, accepted), update).toMatchObject(refused('NOT_FROM_US'));
    }
    const opened = await sentTo(id, 'openPurchase');
    for (const update of ['confirmPurchase', 'cancelPurchase']) {
      expect(await send(id, update, opened), update).toMatchObject(refused('NOT_FROM_US'));
    }
    expect((await read(buyer, id)).body.state).toBe('held');
    expect((await act(seller, id, 'deliver')).status).toBe(200);
  });

  test('an order that finance once gave does not end the next pause', async () => {
    const id = await held();
    expect((await order(support, id, 'pause', { reason: 'Looked at.' })).status).toBe(200);
    expect((await order(finance, id, 'resume', { reason: 'Looked at.' })).status).toBe(200);
    expect((await order(support, id, 'pause', { reason: 'Once more.' })).status).toBe(200);
    const resumed = await sentTo(id, 'resumeMoney');
    expect(await send(id, 'resumeMoney', resumed)).toMatchObject(refused('NOT_FROM_US'));
    expect((await read(buyer, id)).body.holds).toEqual(['staff_pause']);
  });

  test('the same update with its own id is the same one, and answered as before', async () => {
    const id = await held();
    const { events } = await historyOf(`purchase/${id}`);
    const request = requestsIn(events).find(({ input }) => input?.name === 'acceptPurchase');
    const payload = request?.input?.args?.payloads?.[0] as RawPayload;
    expect(await send(id, 'acceptPurchase', payload, request?.meta?.updateId ?? '')).toMatchObject(DONE);
    const after = await historyOf(`purchase/${id}`);
    expect(requestsIn(after.events)).toHaveLength(requestsIn(events).length);
  });

  test('what was encrypted for no update at all is none: the input of the workflow, the result of a step', async () => {
    const id = await held();
    const { events } = await historyOf(`purchase/${id}`);
    const started = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0] as RawPayload;
    expect(await send(id, 'refundPurchase', started)).toMatchObject(refused('NOT_FROM_US'));
  });

  test('of an onboarding as well, whose updates have no input of their own', async () => {
    const workflowId = `onboarding/${seller.id}`;
    const { events } = await historyOf(workflowId);
    const payload = requestsIn(events)[0]?.input?.args?.payloads?.[0] as RawPayload;
    expect(payload).toBeDefined();
    for (const update of ['beginOnboarding', 'tryAgain']) {
      expect(await sendUpdate(connection, workflowId, update, payload)).toMatchObject(refused('NOT_FROM_US'));
    }
  });
});

describe('a payload that no key of ours made', () => {
  test.each(['unbound', 'here'])(
    'bound to "%s": an update of it is refused, and the purchase goes on',
    async (bound) => {
      const id = await held();
      const payload = garbage(bound === 'here' ? `${stack().temporal.namespace}/purchase/${id}` : bound);
      expect(await send(id, 'pauseMoney', payload)).toMatchObject(refused('WRONG_ORDER'));
      expect(await send(id, 'refundPurchase', payload)).toMatchObject(refused('NOT_FROM_US'));
      await signal(id, payload);
      await signal(id, { ...payload, data: Buffer.from('short') });
      expect((await act(seller, id, 'deliver')).status).toBe(200);
    },
  );

  test('a header that is no place in a trace stops nothing, on a signal or an update', async () => {
    const id = await held();
    const headers = [
      unsealed({ not: 'a place' }),
      { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{') },
      { metadata: { encoding: Buffer.from('binary/unknown') }, data: Buffer.from('x') },
      garbage('unbound'),
    ];
    for (const header of headers) {
      const fields = { 'wellpact-trace': header };
      await signal(id, await encoded('{}'), fields);
      const note = await encoded(text(id, 'addStaffNote'));
      expect(await sendUpdate(connection, `purchase/${id}`, 'addStaffNote', note, randomUUID(), fields)).toMatchObject(
        DONE,
      );
    }
    expect((await act(seller, id, 'deliver')).status).toBe(200);
  });

  test('a workflow that is started with it ends at once', async () => {
    const workflowId = `purchase/${randomUUID()}`;
    const input = garbage(`${stack().temporal.namespace}/${workflowId}`);
    expect(await failureOfStart(workflowId, input)).toBe('NOT_FROM_US');
  });
});

describe('nothing else takes what was typed', () => {
  test.each([
    'acceptPurchase',
    'declinePurchase',
    'cancelPurchase',
    'refundPurchase',
    'confirmPurchase',
    'openPurchase',
  ])('%s refuses it, whoever it names', async (update) => {
    const { body } = await buy(buyer, await publishedListing(seller));
    for (const actorId of [seller.id, buyer.id]) {
      const payload = await encoded(JSON.stringify({ actorId }));
      expect(await send(body.id, update, payload)).toMatchObject(refused('NOT_FROM_US'));
      expect(await send(body.id, update, unsealed({ actorId }))).toMatchObject(refused('NOT_FROM_US'));
    }
    expect((await read(buyer, body.id)).body.state).toBe('authorised');
  });

  test('a signal of it is passed over, and the purchase goes on', async () => {
    const id = await held();
    for (const payload of [await encoded('{"eventId":"x","eventType":"y"}'), unsealed({ eventId: 'x' })]) {
      await signal(id, payload);
    }
    expect((await act(seller, id, 'deliver')).status).toBe(200);
    const { events } = await historyOf(`purchase/${id}`);
    const [markers, signals] = [
      (events ?? []).filter((event) => event.markerRecordedEventAttributes).length,
      (events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes).length,
    ];
    // Only what was opened, begun, captured and delivered, and what Stripe's own webhooks made it look at: neither of the two did.
    expect(markers).toBeLessThanOrEqual(4 + signals - 2);
  });

  test('a workflow that is started with it ends at once, and does nothing', async () => {
    const workflowId = `purchase/${randomUUID()}`;
    const input = await encoded(JSON.stringify({ purchaseId: 'pur_1' }));
    expect(await failureOfStart(workflowId, input)).toBe('NOT_FROM_US');
  });
});

describe('hostile input', () => {
  test('of any wrong shape is refused before it is recorded, with what is needed', async () => {
    const id = await held();
    const before = (await historyOf(`purchase/${id}`)).events?.length ?? 0;
    const wrong = [
      '{',
      'null',
      '[]',
      '"pause it"',
      '{}',
      text(id, 'addStaffNote', 'Ada'),
      text(id, 'addStaffNote', support.id, { note: '' }),
      text(id, 'addStaffNote', support.id, { note: 'x'.repeat(2_001) }),
      text(id, 'addStaffNote', support.id, { note: ['x'] }),
      text(id, 'addStaffNote', support.id, { extra: 1 }),
      text(id, 'pauseMoney'),
    ];
    for (const typed of wrong) {
      const answer = await type(id, 'addStaffNote', typed);
      expect(answer, typed.slice(0, 80)).toMatchObject(refused('WRONG_ORDER'));
      expect(answer.message).toContain(`"purchase": "${id}"`);
    }
    expect(await send(id, 'addStaffNote', unsealed(JSON.parse(text(id, 'addStaffNote'))))).toMatchObject({
      type: 'WRONG_ORDER',
      message: expect.stringMatching(/codec server/) as string,
    });
    // Updates that validators refuse leave nothing in the history but the tasks that other things bring about.
    const after = (await historyOf(`purchase/${id}`)).events ?? [];
    expect(after.slice(before).filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes)).toEqual([]);
    expect(await trail(id)).toEqual([]);
  });

  test('of a megabyte is refused, by the codec server and by the workflow', async () => {
    const id = await held();
    const note = 'x'.repeat(1_000_000);
    await expect(encoded(text(id, 'addStaffNote', support.id, { note }))).rejects.toThrow(/413/);
    expect(await send(id, 'addStaffNote', sealedUnbound({ purchase: id, staff: support.id, note }))).toMatchObject(
      refused('WRONG_ORDER'),
    );
    expect((await act(seller, id, 'deliver')).status).toBe(200);
  });
});
