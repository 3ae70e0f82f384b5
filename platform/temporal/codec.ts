import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import proto from '@temporalio/proto';
import { markStray, markTyped } from '../../contracts/typed-input.ts';

/**
 * Payloads are encrypted before they leave the process and decrypted after they come back: Temporal's database, its
 * histories and its UI hold AES-256-GCM only. A payload says in clear which key encrypted it and which workflow it belongs
 * to (namespace and workflow id, both free of personal data). That binding is authenticated: a payload moved into another
 * workflow is refused.
 */
export class EncryptionCodec implements PayloadCodec {
  readonly #keys: PayloadKeys;
  readonly #ofWorkflows: boolean;

  /**
   * @param ofWorkflows whether it serves what runs workflows. Those get input of strangers: it is marked as that, see
   *   contracts/typed-input.ts. Everybody else refuses it
   */
  constructor(keys: PayloadKeys, { ofWorkflows = false }: { readonly ofWorkflows?: boolean } = {}) {
    this.#keys = keys;
    this.#ofWorkflows = ofWorkflows;
  }

  async encode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    // The SDK tells of no workflow when it encodes why a task failed. To throw there would end the whole worker.
    const binding = context?.workflowId === undefined ? NOWHERE : bindingOf(context);
    return payloads.map((payload) => seal(this.#keys, payload, binding));
  }

  /**
   * @throws PayloadError when a payload is bound elsewhere, was altered, or its key is not known; what runs workflows gets
   *   a mark in place of the first two
   */
  async decode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    return payloads.map((payload) => {
      if (!isSealed(payload)) return context === undefined ? payload : jsonPayload(markStray('unsealed'));
      const binding = metadataText(payload, 'bound-to');
      if (context === undefined) return unseal(this.#keys, payload);
      // As an error in the task of a workflow it would come again and again, and stop that workflow: anybody who may send
      // it something could do that.
      if (this.#ofWorkflows && context.type === 'workflow')
        return this.#marked(payload, binding === bindingOf(context));
      if (binding === bindingOf(context)) return unseal(this.#keys, payload);
      throw new PayloadError(`a payload bound to "${binding}" was met in "${bindingOf(context)}"`);
    });
  }

  /** What may have been sent by a stranger: as it is when one of us sent it here, else with a mark. */
  #marked(payload: Payload, belongsHere: boolean): Payload {
    try {
      if (belongsHere) return unseal(this.#keys, payload);
      const isTyped = metadataText(payload, 'bound-to') === UNBOUND;
      return isTyped ? this.#typed(payload) : jsonPayload(markStray('misplaced'));
    } catch (error) {
      if (error instanceof AlteredPayload) return jsonPayload(markStray('altered'));
      throw error;
    }
  }

  /** What staff typed, in a wrapper by which it can never be taken for what one of us has encrypted. */
  #typed(payload: Payload): Payload {
    const seal = Buffer.from(payload.data ?? [])
      .subarray(0, IV_BYTES)
      .toString('hex');
    return jsonPayload(markTyped({ value: jsonIn(unseal(this.#keys, payload)), seal }));
  }
}

const jsonPayload = (value: unknown): Payload => ({
  metadata: { encoding: Buffer.from(JSON_ENCODING) },
  data: Buffer.from(JSON.stringify(value)),
});

/** What staff type are two or three members: far deeper than that nobody means well, and walking through it takes the stack. */
const MAX_NESTING = 32;

/** How deep arrays and objects of a JSON text lie in each other, at the most; what stands in strings counts too. */
function nestingOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const char of text) {
    if (char === '[' || char === '{') deepest = Math.max(deepest, ++depth);
    else if (char === ']' || char === '}') depth--;
  }
  return deepest;
}

/** @returns null for what is no JSON, or is nested too deeply */
function jsonIn(payload: Payload): unknown {
  if (metadataText(payload, 'encoding') !== JSON_ENCODING) return null;
  const text = Buffer.from(payload.data ?? []).toString('utf8');
  if (nestingOf(text) > MAX_NESTING) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Encrypts what staff typed: bound to no workflow, since the Temporal UI does not say for which one it is. */
export const sealUnbound = (keys: PayloadKeys, payload: Payload): Payload => seal(keys, payload, UNBOUND);

/** Why a payload cannot be read. Never carries its content. */
export class PayloadError extends Error {
  override name = 'PayloadError';
}

/** A key that is known did not make it. What is bound elsewhere than it says is that as well. */
export class AlteredPayload extends PayloadError {
  override name = 'AlteredPayload';
}

/** Keys of 32 bytes by id. The first one encrypts, all of them decrypt, so that keys can be replaced without a stop. */
export interface PayloadKeys {
  readonly currentId: string;
  readonly byId: ReadonlyMap<string, Buffer>;
}

/**
 * @param entries `id:base64`, the current key first
 * @throws RangeError when there is none, or one has no id, or not 32 bytes
 */
export function parsePayloadKeys(entries: readonly string[]): PayloadKeys {
  const byId = new Map<string, Buffer>();
  for (const entry of entries) {
    const separator = entry.indexOf(':');
    const id = entry.slice(0, Math.max(separator, 0));
    const key = Buffer.from(entry.slice(separator + 1), 'base64');
    if (id === '' || key.length !== KEY_BYTES) throw new RangeError('PAYLOAD_KEYS: each key is id:base64 of 32 bytes');
    byId.set(id, key);
  }
  const [currentId] = byId.keys();
  if (currentId === undefined) throw new RangeError('PAYLOAD_KEYS: at least one key is needed');
  return { currentId, byId };
}

const ENCODING = 'binary/encrypted';
const JSON_ENCODING = 'json/plain';
/** Where a binding stands otherwise: that of a workflow has a slash in it. */
const UNBOUND = 'unbound';
/** The same of what is encoded where no workflow is told: the codec server reads it, no workflow takes it. */
const NOWHERE = 'nowhere';
const FORMAT_VERSION = '1';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

// The package is CommonJS without static exports: Node can only import it as a whole.
const PayloadProto = proto.temporal.api.common.v1.Payload;

export function isSealed(payload: Payload): boolean {
  return metadataText(payload, 'encoding') === ENCODING;
}

/** Decrypts a payload for whoever holds the keys; the binding is authenticated, its place is the caller's to compare. */
export function unseal(keys: PayloadKeys, payload: Payload): Payload {
  const keyId = metadataText(payload, 'key-id');
  const key = keys.byId.get(keyId);
  if (key === undefined) throw new PayloadError(`the key "${keyId}" is not among PAYLOAD_KEYS`);
  const sealed = Buffer.from(payload.data ?? new Uint8Array());
  if (sealed.length < IV_BYTES + TAG_BYTES) throw new AlteredPayload('a payload is shorter than an empty one');
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(associatedData(keyId, metadataText(payload, 'bound-to')));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    const clear = Buffer.concat([decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
    return PayloadProto.decode(clear);
  } catch (error) {
    throw new AlteredPayload('a payload was altered or is bound to another workflow', { cause: error });
  }
}

function seal(keys: PayloadKeys, payload: Payload, binding: string): Payload {
  const key = keys.byId.get(keys.currentId);
  if (key === undefined) throw new PayloadError('there is no current key');
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(associatedData(keys.currentId, binding));
  const clear = PayloadProto.encode(payload).finish();
  return {
    metadata: {
      encoding: Buffer.from(ENCODING),
      'key-id': Buffer.from(keys.currentId),
      'bound-to': Buffer.from(binding),
    },
    data: Buffer.concat([iv, cipher.update(clear), cipher.final(), cipher.getAuthTag()]),
  };
}

/** What a payload belongs to. Activities belong to the workflow that scheduled them. */
function bindingOf(context: SerializationContext | undefined): string {
  if (context?.workflowId === undefined) throw new PayloadError('a payload outside a workflow cannot be encrypted');
  return `${context.namespace}/${context.workflowId}`;
}

const associatedData = (keyId: string, binding: string): Buffer =>
  Buffer.from([FORMAT_VERSION, keyId, binding].map((part) => `${Buffer.byteLength(part)}:${part}`).join(''));

function metadataText(payload: Payload, name: string): string {
  const value = payload.metadata?.[name];
  return value === undefined || value === null ? '' : Buffer.from(value).toString();
}
