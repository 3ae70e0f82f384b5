/** Staff at the Temporal UI: what they type is encrypted by the codec server, and sent as the UI sends it. */
import { randomUUID } from 'node:crypto';
import { type Connection, defaultPayloadConverter } from '@temporalio/client';
import proto from '@temporalio/proto';
import { parsePayloadKeys, sealUnbound } from '../../platform/temporal/codec.ts';
import { request } from './client.ts';
import { TEST_PAYLOAD_KEYS } from './payload-key.ts';
import { stack } from './stack.ts';

const { UpdateWorkflowExecutionLifecycleStage } = proto.temporal.api.enums.v1;

/** A payload as the API of Temporal takes it. */
export interface RawPayload {
  readonly metadata: Readonly<Record<string, Uint8Array>>;
  readonly data: Uint8Array;
}

/** What the codec server of the stack makes of a text that was typed. */
export async function encoded(text: string): Promise<RawPayload> {
  const payload = { metadata: { encoding: base64('json/plain') }, data: base64(text) };
  const { status, body } = await request<{ payloads: { metadata: Record<string, string>; data: string }[] }>(
    'POST',
    '/encode',
    {
      base: stack().urls.codec,
      headers: { origin: new URL(stack().urls.temporalUi).origin, 'x-namespace': stack().temporal.namespace },
      body: { payloads: [payload] },
    },
  );
  const sealed = status === 200 ? body.payloads[0] : undefined;
  if (sealed === undefined) throw new Error(`nothing was encrypted: ${status}`);
  return {
    metadata: Object.fromEntries(Object.entries(sealed.metadata).map(([name, value]) => [name, bytes(value)])),
    data: bytes(sealed.data),
  };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const bytes = (text: string): Uint8Array => Buffer.from(text, 'base64');

/** As the codec server would encrypt it, were there no bound on what it takes. */
export const sealedUnbound = (value: unknown): RawPayload =>
  sealUnbound(parsePayloadKeys(TEST_PAYLOAD_KEYS), defaultPayloadConverter.toPayload(value)) as RawPayload;

/** A payload that nobody encrypted, as the UI sends it without a codec server. */
export const unsealed = (value: unknown): RawPayload => defaultPayloadConverter.toPayload(value) as RawPayload;

/** What became of an update: nothing to tell, or the refusal in its own words, decrypted. */
export interface UpdateAnswer {
  readonly done: boolean;
  /** The type of the failure: `WRONG_ORDER`; empty when it is done. */
  readonly type: string;
  readonly message: string;
}

/** Sends an update with these very bytes, and waits for its outcome. */
export async function sendUpdate(
  { workflowService }: Connection,
  workflowId: string,
  name: string,
  payload: RawPayload,
  updateId: string = randomUUID(),
  fields: Readonly<Record<string, RawPayload>> = {},
): Promise<UpdateAnswer> {
  const { outcome } = await workflowService.updateWorkflowExecution({
    namespace: stack().temporal.namespace,
    workflowExecution: { workflowId },
    request: {
      meta: { updateId, identity: 'somebody' },
      input: { name, args: { payloads: [payload] }, header: { fields } },
    },
    waitPolicy: {
      lifecycleStage: UpdateWorkflowExecutionLifecycleStage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED,
    },
  });
  const failure = outcome?.failure;
  if (failure === undefined || failure === null) return { done: outcome?.success !== undefined, type: '', message: '' };
  return {
    done: false,
    type: failure.applicationFailureInfo?.type ?? '',
    message: failure.encodedAttributes ? await messageIn(failure.encodedAttributes) : (failure.message ?? ''),
  };
}

/** Messages of failures are encrypted, too: the UI has them decrypted. */
async function messageIn({ metadata, data }: proto.temporal.api.common.v1.IPayload): Promise<string> {
  const payload = {
    metadata: Object.fromEntries(
      Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
    ),
    data: Buffer.from(data ?? []).toString('base64'),
  };
  const { body } = await request<{ payloads: { data: string }[] }>('POST', '/decode', {
    base: stack().urls.codec,
    body: { payloads: [payload] },
  });
  const text = Buffer.from(body.payloads[0]?.data ?? '', 'base64').toString();
  return (JSON.parse(text) as { message: string }).message;
}
