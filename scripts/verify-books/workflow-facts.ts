/** What Temporal says of the workflows of purchases: whether they run, and how each step of their histories ended. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import type { EncryptionCodec } from '../../platform/temporal/codec.ts';
import type { History, HistoryEvent } from '../../platform/temporal/history.ts';
import type { Standing, WorkflowFacts } from './facts.ts';

const UNKNOWN: WorkflowFacts = { status: 'none', isActing: false, standings: [] };

/** @param codec with the keys under which the workflows write their payloads */
export async function workflowFactsOf(
  client: Client,
  codec: EncryptionCodec,
  purchaseId: string,
): Promise<WorkflowFacts> {
  const handle = client.workflow.getHandle(`purchase/${purchaseId}`);
  try {
    const { status, raw } = await handle.describe();
    const isActing = (raw.pendingActivities?.length ?? 0) > 0;
    const standings = await standingsIn(codec, await handle.fetchHistory());
    return { status: statusOf(status.name), isActing, standings };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return UNKNOWN;
    throw error;
  }
}

const statusOf = (name: string): WorkflowFacts['status'] =>
  name === 'RUNNING' || name === 'PAUSED' ? 'running' : name === 'COMPLETED' ? 'completed' : 'failed';

/** How the purchase stood after each step, as the results of the steps say; and how it stood when the run began. */
async function standingsIn(codec: EncryptionCodec, { events }: History): Promise<Standing[]> {
  const scheduled = new Map<string, string>();
  const standings: Standing[] = [];
  for (const event of events ?? []) {
    const { activityTaskScheduledEventAttributes: asked } = event;
    if (asked) scheduled.set(String(event.eventId), asked.activityType?.name ?? '');
    const given = resultOf(event, scheduled);
    if (given === undefined) continue;
    const standing = standingOf(given.step, await valueOf(codec, given.payload));
    if (standing !== undefined) standings.push(standing);
  }
  return standings;
}

interface Given {
  readonly step: string;
  readonly payload: Payload;
}

function resultOf(event: HistoryEvent, scheduled: ReadonlyMap<string, string>): Given | undefined {
  const { workflowExecutionStartedEventAttributes: started, activityTaskCompletedEventAttributes: completed } = event;
  const { markerRecordedEventAttributes: marker } = event;
  if (started?.continuedExecutionRunId) return given('the run before', started.input?.payloads?.[0]);
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
  const { state, payment, transfer, held } = value;
  if (typeof state !== 'string' || typeof payment !== 'string') return undefined;
  return {
    step,
    state,
    payment,
    transfer: typeof transfer === 'string' ? transfer : null,
    held: typeof held === 'number' ? BigInt(held) : null,
  };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
