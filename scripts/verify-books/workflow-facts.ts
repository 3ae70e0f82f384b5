/** What Temporal says of the workflows of purchases: whether they run, and how each step of their histories ended. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import type { EncryptionCodec } from '../../platform/temporal/codec.ts';
import type { History, HistoryEvent } from '../../platform/temporal/history.ts';
import type { Asked, DisputeWorkflowFacts, FailingTask, Standing, WorkflowFacts } from './facts.ts';

/** @param codec with the keys under which the workflows write their payloads @param workflowId of a purchase, or its aftercare */
export async function workflowFactsOf(
  client: Client,
  codec: EncryptionCodec,
  workflowId: string,
): Promise<WorkflowFacts> {
  const { values, ...facts } = await lookAt(client, codec, workflowId);
  const standings = values.flatMap(({ step, value }) => standingOf(step, value) ?? []);
  const asked = values.flatMap(({ value }) => askedIn(value) ?? [])[0] ?? null;
  return { ...facts, standings, asked };
}

/** The same of the workflow of a dispute. */
export async function disputeWorkflowFactsOf(
  client: Client,
  codec: EncryptionCodec,
  workflowId: string,
): Promise<DisputeWorkflowFacts> {
  const { values, ...facts } = await lookAt(client, codec, workflowId);
  return { ...facts, last: values.flatMap(({ value }) => disputeStandingOf(value) ?? []).at(-1) ?? null };
}

interface Looked extends Pick<WorkflowFacts, 'status' | 'isActing' | 'isAtWork' | 'failing'> {
  readonly values: readonly { readonly step: string; readonly value: unknown }[];
}

async function lookAt(client: Client, codec: EncryptionCodec, workflowId: string): Promise<Looked> {
  const handle = client.workflow.getHandle(workflowId);
  try {
    const { status, raw } = await handle.describe();
    const isActing = (raw.pendingActivities?.length ?? 0) > 0;
    const isAtWork = isActing || Boolean(raw.pendingWorkflowTask);
    const history = await handle.fetchHistory();
    const failing = failingIn(history, raw.pendingWorkflowTask?.attempt ?? 1);
    return { status: statusOf(status.name), isActing, isAtWork, failing, values: await valuesIn(codec, history) };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return NOT_THERE;
    throw error;
  }
}

const NOT_THERE: Looked = { status: 'none', isActing: false, isAtWork: false, failing: null, values: [] };

/**
 * The task that has failed since the last one was done. The history holds its first failure; how often it was tried since
 * stands beside it alone.
 * @param attempt of the task that is pending; 1 when none is
 */
function failingIn({ events }: History, attempt: number): FailingTask | null {
  let sinceMs: number | undefined;
  let times = 0;
  for (const event of events ?? []) {
    if (event.workflowTaskCompletedEventAttributes) [sinceMs, times] = [undefined, 0];
    if (!event.workflowTaskFailedEventAttributes && !event.workflowTaskTimedOutEventAttributes) continue;
    sinceMs ??= Number(event.eventTime?.seconds ?? 0) * 1_000;
    times += 1;
  }
  return sinceMs === undefined ? null : { sinceMs, times: Math.max(times, attempt - 1) };
}

const statusOf = (name: string): WorkflowFacts['status'] =>
  name === 'RUNNING' || name === 'PAUSED' ? 'running' : name === 'COMPLETED' ? 'completed' : 'failed';

/** What a run was given, and what each of its steps answered. */
async function valuesIn(codec: EncryptionCodec, { events }: History): Promise<{ step: string; value: unknown }[]> {
  const scheduled = new Map<string, string>();
  const values: { step: string; value: unknown }[] = [];
  for (const event of events ?? []) {
    const { activityTaskScheduledEventAttributes: asked } = event;
    if (asked) scheduled.set(String(event.eventId), asked.activityType?.name ?? '');
    const given = resultOf(event, scheduled);
    if (given !== undefined) values.push({ step: given.step, value: await valueOf(codec, given.payload) });
  }
  return values;
}

interface Given {
  readonly step: string;
  readonly payload: Payload;
}

function resultOf(event: HistoryEvent, scheduled: ReadonlyMap<string, string>): Given | undefined {
  const { workflowExecutionStartedEventAttributes: started, activityTaskCompletedEventAttributes: completed } = event;
  const { markerRecordedEventAttributes: marker } = event;
  if (started) return given('the start', started.input?.payloads?.[0]);
  if (completed) {
    return given(scheduled.get(String(completed.scheduledEventId)) ?? '', completed.result?.payloads?.[0]);
  }
  if (marker?.markerName !== 'core_local_activity') return undefined;
  return given(localActivityOf(marker.details?.['data']?.payloads?.[0]), marker.details?.['result']?.payloads?.[0]);
}

const given = (step: string, payload: Payload | null | undefined): Given | undefined =>
  payload === null || payload === undefined ? undefined : { step, payload };

/** The marker of a local activity says in clear which one it was. */
function localActivityOf(payload: Payload | null | undefined): string {
  const told = JSON.parse(textOf(payload) || '{}') as { activity_type?: string };
  return told.activity_type ?? '';
}

const textOf = (payload: Payload | null | undefined): string =>
  Buffer.from(payload?.data ?? new Uint8Array()).toString('utf8');

async function valueOf(codec: EncryptionCodec, payload: Payload): Promise<unknown> {
  const [decoded] = await codec.decode([payload]);
  const encoding = Buffer.from(decoded?.metadata?.['encoding'] ?? new Uint8Array()).toString();
  return encoding === 'json/plain' ? (JSON.parse(textOf(decoded)) as unknown) : undefined;
}

/** A step answers with a standing; the one that opens a purchase puts it beside the deal; a later run is given its story. */
function standingOf(step: string, value: unknown): Standing | undefined {
  if (!isRecord(value)) return undefined;
  const { standing, resume } = value;
  if (isRecord(standing)) return standingOf(step, standing);
  if (isRecord(resume) && isRecord(resume['story'])) return standingOf(step, resume['story']);
  const { state, payment, transfer, held, deadlineMs } = value;
  if (typeof state !== 'string' || typeof payment !== 'string') return undefined;
  return {
    step,
    state,
    payment,
    transfer: typeof transfer === 'string' ? transfer : null,
    held: typeof held === 'number' ? BigInt(held) : null,
    ...((typeof deadlineMs === 'number' || deadlineMs === null) && { deadlineMs }),
  };
}

/** A purchase is started with what the buyer wants; a later run of it is given the same. */
function askedIn(value: unknown): Asked | undefined {
  if (!isRecord(value) || !isRecord(value['expectedPrice'])) return undefined;
  const { buyerId, sellerId, listingId, quantity, expectedPrice } = value;
  const { amount, currency } = expectedPrice;
  if (typeof quantity !== 'number' || typeof amount !== 'number') return undefined;
  return {
    buyerId: String(buyerId),
    sellerId: String(sellerId),
    listingId: String(listingId),
    quantity,
    price: BigInt(amount),
    currency: String(currency),
  };
}

/** A step of a dispute answers how it stands; a later run is given that. */
function disputeStandingOf(value: unknown): DisputeWorkflowFacts['last'] {
  if (!isRecord(value)) return null;
  const { resume, state, claimedBy, decided, frozen } = value;
  if (isRecord(resume)) return disputeStandingOf(resume['standing']);
  if (typeof state !== 'string' || typeof claimedBy !== 'string') return null;
  return { state, decided: decided === true, frozen: frozen === true };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
