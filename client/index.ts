/**
 * The typed client of the API, for apps, tools and tests: `openapi-fetch` with the types that `npm run docs` makes of the
 * API's own description. It runs wherever there is `fetch`.
 */
import createClient, { type Client, type Middleware } from 'openapi-fetch';
import type { components, paths } from './api.gen.ts';

/** The shapes that requests and answers are made of, by name: `Schemas['Purchase']`. */
export type Schemas = components['schemas'];

export interface WellpactClientOptions {
  /** Where the API is, without a trailing slash: `https://api.wellpact.example`. */
  readonly baseUrl: string;
  /** The access token to call with, asked for at each call; undefined while nobody is signed in. */
  readonly accessToken?: () => string | undefined;
  /** How long one call may take, in milliseconds. A change is answered within 8 s, by 202 at the latest. 20 s unless told. */
  readonly timeoutMs?: number;
  /** Ends all calls when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

export type WellpactClient = Client<paths>;

const TIMEOUT_MS = 20_000;

/**
 * `await client.POST('/v1/purchases', { body })` resolves to `{ data }` for a success, to `{ error }` for a problem, both
 * with the `response`; it rejects only when there is no answer. {@link orThrow} makes errors of problems.
 *
 * Each POST carries an `Idempotency-Key` of its own. To repeat a POST safely give both calls the same one, in
 * `params.header`.
 */
export function createWellpactClient({
  baseUrl,
  accessToken,
  timeoutMs = TIMEOUT_MS,
  signal,
}: WellpactClientOptions): WellpactClient {
  const client = createClient<paths>({
    baseUrl,
    fetch: (request) => {
      const ends = [request.signal, AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])];
      return fetch(request, { signal: AbortSignal.any(ends) });
    },
  });
  const headers: Middleware = {
    onRequest: ({ request }) => {
      const token = accessToken?.();
      if (token !== undefined) request.headers.set('Authorization', `Bearer ${token}`);
      if (request.method === 'POST' && !request.headers.has('Idempotency-Key')) {
        request.headers.set('Idempotency-Key', crypto.randomUUID());
      }
    },
  };
  client.use(headers);
  return client;
}

/** An answer of the API that is not a success. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: number;
  /** Stable, for programs: `SOLD_OUT`. Undefined when the answer was not one of the API's problems. */
  readonly code: string | undefined;
  readonly problem: Schemas['Problem'] | undefined;

  constructor({ status, url }: Response, problem: unknown) {
    const known = isProblem(problem) ? problem : undefined;
    super(`${new URL(url).pathname} answered ${status}: ${known ? `${known.code}: ${known.detail}` : 'no problem'}`);
    this.status = status;
    this.code = known?.code;
    this.problem = known;
  }
}

function isProblem(value: unknown): value is Schemas['Problem'] {
  return typeof value === 'object' && value !== null && 'code' in value && 'detail' in value;
}

/**
 * The body of a success.
 * @throws ApiError when the answer is a problem
 */
export async function orThrow<Data>(
  call: Promise<{ readonly data?: Data; readonly error?: unknown; readonly response: Response }>,
): Promise<NonNullable<Data>> {
  const { data, error, response } = await call;
  if (error !== undefined || !response.ok) throw new ApiError(response, error);
  return data as NonNullable<Data>;
}
