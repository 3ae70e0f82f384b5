/**
 * Flows whose history got long and was started afresh, on a server that suggests it after few events: nothing that came
 * before counts again, nothing is lost, and the story goes on to its end.
 */
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PurchaseId, UserId } from '../../contracts/ids.ts';
import { accountHintSignal, onboardingWorkflowId } from '../../contracts/onboarding.ts';
import { paymentHintSignal, purchaseWorkflowId } from '../../contracts/purchase.ts';
import { PURCHASE_HOLDS } from '../../contracts/search-attributes.ts';
import { openDatabase } from '../../platform/database.ts';
import { createLogger } from '../../platform/logging.ts';
import { createDataConverter } from '../../platform/temporal/data-converter.ts';
import { eventText, type History } from '../../platform/temporal/history.ts';
import { payoutAccountOf } from '../../services/users/index.ts';
import { freeSlots, publishedBooking } from '../helpers/bookings.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { request } from '../helpers/client.ts';
import { historyOf, recordHistory } from '../helpers/histories.ts';
import { control, reached as onboardingReached } from '../helpers/onboardings.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, publishedListing, reached } from '../helpers/purchases.ts';
import { refuseRelease } from '../helpers/refused-release.ts';
import { stack } from '../helpers/stack.ts';
import { waitFor } from '../helpers/wait-for.ts';

let seller: Person;
let buyer: Person;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  [seller, buyer, connection] = await Promise.all([
    verifiedSeller(),
    verifiedBuyer(),
    Connection.connect({ address: stack().temporal.address }),
  ]);
  const dataConverter = createDataConverter(stack().env['PAYLOAD_KEYS']?.split(',') ?? []);
  client = new Client({ connection, namespace: stack().temporal.namespace, dataConverter });
});
afterAll(() => connection.close());

const runIdOf = async (handle: WorkflowHandle): Promise<string> => (await handle.describe()).runId;

/** The run after this one, once there is one. @param again does something that makes the history longer */
function nextRun(handle: WorkflowHandle, runId: string, again: () => Promise<unknown>): Promise<string> {
  return waitFor(
    async () => {
      await again();
      const now = await runIdOf(handle);
      return now === runId ? undefined : now;
    },
    { what: `${handle.workflowId} to start its history afresh`, timeoutMs: 60_000, intervalMs: 1 },
  );
}

const count = ({ events }: History, text: string): number =>
  (events ?? []).filter((event) => eventText(event).endsWith(` ${text}`)).length;

/** What the history holds, once it has taken in so many signals of a kind, if told, and waits again. */
function settled(workflowId: string, signal: string, times?: number): Promise<History> {
  return waitFor(
    async () => {
      const history = await historyOf(workflowId);
      const last = eventText(history.events?.at(-1) ?? {});
      const waits = !/WorkflowTask(Scheduled|Started)|WorkflowExecutionSignaled/.test(last);
      const came = count(history, `WorkflowExecutionSignaled ${signal}`);
      return waits && came === (times ?? came) ? history : undefined;
    },
    { what: 'its signals to be taken in', timeoutMs: 20_000 },
  );
}

test('a booking that is moved again and again: its hints count once over all runs, and the money ends where it belongs', async () => {
  const listingId = await publishedBooking(seller);
  const slots = (await freeSlots(listingId, 20 * 24)).map(({ startsAt }) => startsAt);
  const [first = '', ...others] = slots;
  const bought = await buy(buyer, listingId, { slot: { startsAt: first } });
  expect(bought.status, JSON.stringify(bought.body)).toBe(201);
  const { id } = bought.body;
  expect((await act(seller, id, 'accept')).status).toBe(200);
  const handle = client.workflow.getHandle(purchaseWorkflowId(id as PurchaseId));
  const runs = [await runIdOf(handle)];

  const hint = (eventId: string) => handle.signal(paymentHintSignal, { eventId, eventType: 'charge.updated' });
  await hint('evt_before');
  let moves = 0;
  const move = async (): Promise<void> => {
    const [who, startsAt] = [moves % 2 === 0 ? buyer : seller, others[moves % others.length]];
    moves++;
    const token = who.accessToken;
    expect((await request('POST', `/v1/purchases/${id}/reschedule`, { token, body: { startsAt } })).status).toBe(200);
  };
  runs.push(await nextRun(handle, runs[0] ?? '', move));
  runs.push(await nextRun(handle, runs[1] ?? '', move));
  expect(moves).toBeGreaterThan(6);

  const looks = async (eventId: string, signals: number): Promise<number> => {
    await hint(eventId);
    return count(await settled(handle.workflowId, 'paymentHint', signals), 'MarkerRecorded readStanding');
  };
  expect(await looks('evt_before', 1)).toBe(0);
  expect(await looks('evt_new', 2)).toBe(1);
  expect(await looks('evt_new', 3)).toBe(1);

  expect((await act(buyer, id, 'confirm')).status).toBe(200);
  expect((await act(seller, id, 'refunds')).status).toBe(200);
  expect(await handle.result()).toEqual({ state: 'refunded' });
  await expectEqualBooks(await reached(buyer, id, 'refunded'));
  await recordHistory('purchase-afresh-first-run', handle.workflowId, undefined, runs[0]);
  await recordHistory('purchase-afresh-middle-run', handle.workflowId, undefined, runs[1]);
  await recordHistory('purchase-afresh-last-run', handle.workflowId);
});

test('what a person has to mend is still found in the next run', async () => {
  const bought = await buy(buyer, await publishedListing(seller));
  const id = bought.body.id as PurchaseId;
  for (const action of ['accept', 'deliver'] as const) expect((await act(seller, id, action)).status).toBe(200);
  await withDatabase((database) => refuseRelease(database, id));
  expect((await act(buyer, id, 'confirm')).status).toBeGreaterThanOrEqual(400);
  const handle = client.workflow.getHandle(purchaseWorkflowId(id));
  const holds = async () => (await handle.describe()).typedSearchAttributes.get(PURCHASE_HOLDS);
  expect(await holds()).toEqual(['needs_person']);

  let hints = 0;
  const hint = () => handle.signal(paymentHintSignal, { eventId: `evt_${hints++}`, eventType: 'charge.updated' });
  const next = await nextRun(handle, await runIdOf(handle), hint);
  await settled(handle.workflowId, 'paymentHint');
  expect(await runIdOf(handle)).toBe(next);
  expect(await holds()).toEqual(['needs_person']);
  const query = `PurchaseHolds = 'needs_person' AND ExecutionStatus = 'Running'`;
  await waitFor(
    async () => {
      for await (const { workflowId, runId } of client.workflow.list({ query })) {
        if (workflowId === handle.workflowId && runId === next) return true;
      }
      return false;
    },
    { what: 'the search to find it', timeoutMs: 15_000 },
  );
});

test('an onboarding with many hints: they count once over all runs, and the seller is still looked after', async () => {
  const handle = client.workflow.getHandle(onboardingWorkflowId(seller.id as UserId));
  const first = await runIdOf(handle);
  const hint = (eventId: string) => handle.signal(accountHintSignal, { eventId });
  let hints = 0;
  const second = await nextRun(handle, first, () => hint(`evt_${hints++}`));

  const before = await settled(handle.workflowId, 'accountHint');
  const [signals, looksBefore] = [
    count(before, 'WorkflowExecutionSignaled accountHint'),
    count(before, 'MarkerRecorded refreshPayoutAccount'),
  ];
  await hint('evt_0');
  const again = await settled(handle.workflowId, 'accountHint', signals + 1);
  expect(count(again, 'MarkerRecorded refreshPayoutAccount')).toBe(looksBefore);
  await hint('evt_never_before');
  const anew = await settled(handle.workflowId, 'accountHint', signals + 2);
  expect(count(anew, 'MarkerRecorded refreshPayoutAccount')).toBe(looksBefore + 1);

  const account = await accountOf(seller);
  await control(`accounts/${account}`, { disabledReason: 'under_review' });
  await onboardingReached(seller, 'restricted');
  await control(`accounts/${account}`, { disabledReason: null });
  await onboardingReached(seller, 'verified');
  await recordHistory('onboarding-afresh-first-run', handle.workflowId, undefined, first);
  await recordHistory('onboarding-afresh-second-run', handle.workflowId, undefined, second);
});

async function accountOf({ id }: Person): Promise<string | undefined> {
  const log = createLogger({ role: 'test', level: 'error' });
  const database = openDatabase({ url: stack().databases.app, maxConnections: 1, applicationName: 'test', log });
  try {
    return await payoutAccountOf(database, id as UserId);
  } finally {
    await database.close();
  }
}
