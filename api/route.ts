import type { z } from 'zod';
import type { UserId } from '../contracts/ids.ts';
import type { Actor } from '../platform/audit.ts';
import type { Logger } from '../platform/logging.ts';
import type { NoteSecurity } from './middleware/security-events.ts';

/** The roles an account can have. Everybody is a `member`; the others are staff and machines. */
export type Role = 'member' | 'support' | 'mediator' | 'compliance' | 'finance' | 'admin' | 'service';

/** Who is calling, as the access token says. */
export interface Caller {
  readonly userId: UserId;
  readonly sessionId: string;
  readonly roles: readonly Role[];
  readonly emailVerified: boolean;
}

/**
 * Who may call a route. Which objects they may touch is decided by the handler, which looks objects up *as* the caller:
 * somebody else's object is simply not found.
 */
export type Policy =
  /**
   * Anybody, signed in or not. Whether the caller is signed in is only looked at with `identify`; then a token that is sent
   * has to be a good one.
   */
  | { readonly access: 'public'; readonly identify?: true }
  /** Any signed-in account. */
  | { readonly access: 'signed-in' }
  /**
   * A member with a verified e-mail address, acting on what is its own; with `orStaff` also staff with one of these roles.
   * Nobody else of staff: who decides about purchases neither buys nor sells.
   */
  | { readonly access: 'member'; readonly orStaff?: readonly Role[] }
  /** Staff with one of these roles. */
  | { readonly access: 'staff'; readonly roles: readonly Role[] };

/**
 * How a POST behaves when it is repeated with the same `Idempotency-Key`:
 * - `replay`: the answer is stored and given again; while the first call runs, repeats wait for its answer.
 * - `converge`: as `replay`, but repeats that arrive while it runs go ahead too, since the workflow behind the route joins
 *   calls with the same {@link Request.commandId} into one.
 * - `none`: not stored; says why in `reason`, for the reference.
 */
export type Idempotency = 'replay' | 'converge' | { readonly none: string };

type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

/** At most `limit` calls in `windowSeconds`, counted over all replicas. Beyond it: 429 with `Retry-After`. */
export interface RateLimit {
  /** Names the limit in the `RateLimit` headers and keeps its counters apart from those of other limits. */
  readonly name: string;
  readonly limit: number;
  readonly windowSeconds: number;
}

/** What a handler gets: validated input, and who asks. */
export interface Request<Params = unknown, Query = unknown, Body = unknown> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly requestId: string;
  readonly log: Logger;
  /** Notes what concerns security, in the log for that. */
  readonly security: NoteSecurity;
  /** @throws Problem 401 when nobody is signed in; never throws on a route whose policy demands it */
  readonly caller: () => Caller;
  /** The caller if somebody is signed in; on a `public` route only with `identify`. */
  readonly callerIfAny: () => Caller | undefined;
  /** The caller as the audit trail names them. */
  readonly actor: () => Actor;
  /**
   * A UUIDv7 that is the same for every repeat of this request (same caller, same `Idempotency-Key`), even after a crash:
   * the id of what the request creates is made of it, so that a repeat finds it instead of making another.
   */
  readonly operationUuid: string;
  /** Names this command towards workflows: a hash of caller and `Idempotency-Key`, the same for every repeat. */
  readonly commandId: string;
  /** The network address of the caller, as a key for limits: an IPv6 address is cut to its /64. */
  readonly address: string;
  /** The bytes of the body on a route with `rawBody`, empty on any other. */
  readonly rawBody: Buffer;
  /** Aborts when the client has gone or the time for the request is over. */
  readonly signal: AbortSignal;
}

export interface Reply<Body = unknown> {
  readonly status: number;
  readonly body?: Body;
  readonly headers?: Readonly<Record<string, string>>;
  /** False for an answer that is not the last word (202, 503): it is not stored under the idempotency key. */
  readonly final?: boolean;
}

/** A file as a body. */
export interface RawBody {
  readonly maxBytes: number;
  /** The content types that are taken, for the reference: the handler looks. */
  readonly types: readonly string[];
}

export interface ResponseDeclaration {
  readonly description: string;
  readonly schema: z.ZodType | null;
  /** For an answer that is not JSON: `text/html`, `application/pdf`. Its body is a text, or bytes in a `Buffer`. */
  readonly contentType?: string;
}

export interface RouteDefinition<
  Params extends z.ZodType | undefined,
  Query extends z.ZodType | undefined,
  Body extends z.ZodType | undefined,
> {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** As in OpenAPI: `/v1/purchases/{id}`. */
  readonly path: string;
  /** camelCase, unique: the name of the call in the generated client. */
  readonly operationId: string;
  readonly tag: string;
  /** One line. */
  readonly summary: string;
  /** Markdown: what it does, what it depends on, what happens next. */
  readonly description?: string;
  readonly policy: Policy;
  /** Demanded of every POST, absent elsewhere. */
  readonly idempotency?: Idempotency;
  /** Takes `If-Match`, and answers 428 without it: for what people edit. The handler compares, see preconditions.ts. */
  readonly ifMatch?: true;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  /**
   * Takes the body as bytes ({@link Request.rawBody}), unparsed and unvalidated, without stored answers. `true`: at most
   * 256 KB of any content type, on public routes alone, for providers' webhooks, whose signatures cover the bytes. Else a
   * file that somebody sends.
   */
  readonly rawBody?: true | RawBody;
  /** Counted by network address, before anything else is looked at. */
  readonly rateLimit?: RateLimit;
  /** The schema of each successful answer, by status. `null` for one without a body. JSON unless `contentType` says else. */
  readonly responses: Readonly<Record<number, ResponseDeclaration>>;
  /** The problems this route can answer with beyond the usual ones, by code. */
  readonly problems?: Readonly<Record<string, { status: number; when: string }>>;
  readonly handle: (request: Request<Output<Params>, Output<Query>, Output<Body>>) => Promise<Reply>;
}

/** A route with the types of its input forgotten: what the application is assembled from. */
export type Route = RouteDefinition<z.ZodType | undefined, z.ZodType | undefined, z.ZodType | undefined>;

/** Declares a route: its schema, its policy and its handler in one place. */
export function route<
  Params extends z.ZodType | undefined = undefined,
  Query extends z.ZodType | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(definition: RouteDefinition<Params, Query, Body>): Route {
  if (definition.method === 'post' && definition.idempotency === undefined) {
    throw new TypeError(`${definition.operationId}: a POST declares how it is repeated`);
  }
  const mustBePublic = definition.rawBody === true && definition.policy.access !== 'public';
  if (mustBePublic || (definition.rawBody && definition.body !== undefined)) {
    throw new TypeError(
      `${definition.operationId}: a raw body is for public routes, or a file; without a schema of the body`,
    );
  }
  if (definition.rawBody && typeof definition.idempotency !== 'object') {
    throw new TypeError(`${definition.operationId}: a route with a raw body cannot store its answers`);
  }
  return definition;
}

/** Whether something has to be sent. A POST of which every field can be left out may leave out the body, too. */
export const needsBody = ({ method, body }: Pick<Route, 'method' | 'body'>): boolean =>
  body !== undefined && !(method === 'post' && body.safeParse({}).success);
