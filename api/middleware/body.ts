import type { IncomingMessage } from 'node:http';
import { Problem } from '../../platform/errors.ts';
import type { Context } from '../context.ts';
import { duplicateMember } from './duplicate-members.ts';

/** The largest JSON body that is read. */
const MAX_BODY_BYTES = 1024 * 1024;
/** The largest body of a webhook that is read. */
export const MAX_RAW_BODY_BYTES = 256 * 1024;

/**
 * The bytes of the body.
 * @throws Problem 413 as soon as there are more than `limit`; 415 for a compressed body
 */
export async function readBytes(ctx: Context, limit: number): Promise<Buffer> {
  if (ctx.get('Content-Encoding') !== '' && ctx.get('Content-Encoding') !== 'identity') {
    throw new Problem(415, 'UNSUPPORTED_MEDIA_TYPE', 'Send the body without a Content-Encoding.');
  }
  if ((ctx.request.length ?? 0) > limit) throw tooLarge(limit);
  return collect(ctx.req, limit);
}

/**
 * The body as JSON; undefined when there is none.
 * @throws Problem 413 when it is larger than {@link MAX_BODY_BYTES}; 415 when it is not declared as JSON;
 *   400 when it is not well-formed JSON in UTF-8, or has a member twice
 */
export async function readJson(ctx: Context): Promise<unknown> {
  const bytes = await readBytes(ctx, MAX_BODY_BYTES);
  if (bytes.length === 0) return undefined;
  if (ctx.is('application/json', 'application/*+json') === false) {
    throw new Problem(415, 'UNSUPPORTED_MEDIA_TYPE', 'Send the body as JSON, with Content-Type: application/json.');
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const body: unknown = JSON.parse(text, refuseUnsafe);
    refuseDuplicates(text);
    return body;
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw malformed('The body is not well-formed JSON in UTF-8.');
  }
}

/**
 * Refuses what no field of ours can hold: a member called `__proto__`, which is only ever an attempt to change the
 * prototype of an object; NUL, which PostgreSQL does not store; and halves of surrogate pairs, which are no characters.
 */
function refuseUnsafe(name: string, value: unknown): unknown {
  if (name === '__proto__') throw malformed('The body has a member called __proto__, which is refused.');
  if (typeof value === 'string' && (value.includes('\0') || /\p{Surrogate}/u.test(value))) {
    throw malformed('The body has a text with a NUL character or half a surrogate pair, which is refused.');
  }
  return value;
}

function refuseDuplicates(text: string): void {
  const path = duplicateMember(text);
  if (path === undefined) return;
  const errors = [{ path: `body.${path}`.slice(0, 200), message: 'It is there twice.' }];
  const detail = 'The body has a member twice, and which of them counts nobody can say: see `errors`. Send it once.';
  throw new Problem(400, 'MALFORMED_BODY', detail, { errors });
}

const malformed = (detail: string): Problem => new Problem(400, 'MALFORMED_BODY', detail);

const tooLarge = (limit: number): Problem =>
  new Problem(413, 'BODY_TOO_LARGE', `The body is larger than ${Math.floor(limit / 1024)} KB.`);

/** Stops keeping bytes at the limit; Node discards what still arrives, and its request time-out bounds that. */
function collect(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (settle: () => void): void => {
      request.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
      settle();
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else {
        finish(() => reject(tooLarge(limit)));
        request.resume();
      }
    };
    const onEnd = (): void => finish(() => resolve(Buffer.concat(chunks, size)));
    const onBroken = (): void => finish(() => reject(malformed('The connection ended before the body did.')));
    request.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
  });
}
