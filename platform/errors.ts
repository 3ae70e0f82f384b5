/**
 * What the API tells a caller when it cannot do as asked: RFC 9457 `application/problem+json`.
 * Throw one anywhere below a route; the error middleware writes it. Anything else that is thrown becomes a plain 500.
 */
export class Problem extends Error {
  /** The HTTP status, 400 to 599. */
  readonly status: number;
  /** Stable, for programs: `SOLD_OUT`. */
  readonly code: string;
  /** For the person: what happened and what to do about it. Never anything personal. */
  readonly detail: string;
  /** One entry per field of the request that is wrong. */
  readonly errors: readonly FieldError[] | undefined;
  /** Further members of the body: limits, what is allowed now. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** Further response headers: `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    detail: string,
    more: {
      errors?: readonly FieldError[];
      extra?: Readonly<Record<string, unknown>>;
      headers?: Readonly<Record<string, string>>;
      cause?: unknown;
    } = {},
  ) {
    super(detail, { cause: more.cause });
    this.name = 'Problem';
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.errors = more.errors;
    this.extra = more.extra ?? {};
    this.headers = more.headers ?? {};
  }
}

export interface FieldError {
  /** Where in the request: `body.price.amount`, `query.limit`, `params.id`. */
  readonly path: string;
  readonly message: string;
}

/** Missing, or somebody else's: the same answer for both, so that ids cannot be probed. */
export const notFound = (what: string): Problem =>
  new Problem(404, 'NOT_FOUND', `There is no such ${what}, or it is not yours to see.`);

/** The request is fine, the state of things is not. `extra` says what is allowed now. */
export const conflict = (code: string, detail: string, extra: Record<string, unknown> = {}): Problem =>
  new Problem(409, code, detail, { extra });

export const unprocessable = (code: string, detail: string, extra: Record<string, unknown> = {}): Problem =>
  new Problem(422, code, detail, { extra });

/** Something we depend on does not answer. Repeating the request with the same Idempotency-Key is safe. */
export const unavailable = (detail: string, retryAfterSeconds: number, cause?: unknown): Problem =>
  new Problem(503, 'UNAVAILABLE', detail, { headers: { 'Retry-After': String(retryAfterSeconds) }, cause });
