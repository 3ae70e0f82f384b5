import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Schemas } from '../../client/index.ts';
import { stack } from './stack.ts';
import { waitFor } from './wait-for.ts';

export interface RequestOptions {
  /** An access token. */
  readonly token?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Of a POST; a new one unless told, none when `null`. */
  readonly idempotencyKey?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of the API's address. */
  readonly base?: string;
}

export interface Response<Body> {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed when it is JSON, else the text; empty text when there is none. */
  readonly body: Body;
}

const REQUEST_TIMEOUT_MS = 30_000;

/**
 * One call of the API under test; never throws for an answer, whatever its status.
 * `Body` is what the test expects; expectations on it are the check.
 */
export async function request<Body = Record<string, unknown>>(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS',
  path: string,
  options: RequestOptions = {},
): Promise<Response<Body>> {
  const key = options.idempotencyKey === undefined ? randomUUID() : options.idempotencyKey;
  const response = await fetch(`${options.base ?? stack().urls.api}${path}`, {
    method,
    redirect: 'manual',
    headers: {
      ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
      ...(options.body !== undefined && { 'content-type': 'application/json' }),
      ...(method === 'POST' && key !== null && { 'idempotency-key': key }),
      ...options.headers,
    },
    ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  const text = await response.text();
  const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '') && text !== '';
  return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as Body };
}

/** What a body can be: of a success, or of a problem. Expectations on the status say which it is. */
export type Answered<Data> = Data & Pick<Schemas['Problem'], 'code' | 'detail'>;

/** The answer to a call of the typed client, in the form of {@link request}; never throws for one, whatever its status. */
export async function answered<Data>(
  call: Promise<{ readonly data?: Data; readonly error?: unknown; readonly response: globalThis.Response }>,
): Promise<Response<Answered<Data>>> {
  const { data, error, response } = await call;
  return { status: response.status, headers: response.headers, body: (data ?? error) as Answered<Data> };
}

/** Asks as the reference tells clients to: what is answered 503 is sent again when it says, with the same key. */
export async function patiently<Body>(
  ask: (idempotencyKey: string) => Promise<Response<Body>>,
): Promise<Response<Body>> {
  const key = randomUUID();
  for (;;) {
    const answer = await ask(key);
    const after = answer.headers.get('retry-after');
    if (answer.status !== 503 || after === null) return answer;
    await sleep(Number(after) * 1_000);
  }
}

/** Asks as a good client does: with the same key, until what was answered is final. */
export function untilFinal<Body>(
  ask: (idempotencyKey: string) => Promise<Response<Body>>,
  key: string = randomUUID(),
): Promise<Response<Body>> {
  return waitFor(
    async () => {
      const answer = await ask(key);
      const { code } = answer.body as { readonly code?: string };
      const isFinal = answer.status !== 202 && answer.status < 500 && code !== 'IN_PROGRESS';
      return isFinal && answer;
    },
    { what: 'a final answer', timeoutMs: 150_000, intervalMs: 250 },
  );
}
