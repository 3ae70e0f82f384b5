import { writeLog } from '../store/log.ts';
import { findObject, insertObject, listObjects, type Stored, saveObject } from '../store/objects.ts';
import { invalidRequest, noSuchObject, noSuchReference } from './errors.ts';
import type { Call, ResourceKind, WireList, WireObject } from './operation.ts';

/** The object as clients see it now. */
export async function shown<Body extends { id: string }, Hidden>(
  call: Call,
  kind: ResourceKind<Body, Hidden>,
  stored: Stored<Body, Hidden>,
): Promise<Body> {
  return kind.present === undefined ? stored.body : kind.present(call, stored);
}

/** Stores a new object on the call's account, or on another one. */
export async function add<Body extends { id: string }, Hidden>(
  call: Call,
  kind: ResourceKind<Body, Hidden>,
  body: Body,
  hidden: Hidden,
  owner = call.account,
): Promise<Stored<Body, Hidden>> {
  const stored = { body, hidden, owner };
  await insertObject(call.tx, kind, stored);
  return stored;
}

/** Writes changed members back; the object was locked by {@link lockByPath}, {@link lockReference} or made in this call. */
export async function change<Body extends { id: string }, Hidden>(
  call: Call,
  stored: Stored<Body, Hidden>,
  body: Partial<Body>,
  hidden: Partial<Hidden> = {},
): Promise<Stored<Body, Hidden>> {
  const changed = { ...stored, body: { ...stored.body, ...body }, hidden: { ...stored.hidden, ...hidden } };
  await saveObject(call.tx, changed);
  return changed;
}

/** The object that an id in the path names. @throws StripeError 404 */
export async function findByPath<Body extends { id: string }, Hidden>(
  call: Call,
  kind: ResourceKind<Body, Hidden>,
  path: Readonly<Record<string, string>>,
  param: string,
  options: { lock?: boolean } = {},
): Promise<Stored<Body, Hidden>> {
  const id = path[param] ?? '';
  const found = await findObject(call.tx, kind, call.account, id, options);
  if (found === undefined) throw noSuchObject(kind.noun, id, param);
  return found;
}

export function lockByPath<Body extends { id: string }, Hidden>(
  call: Call,
  kind: ResourceKind<Body, Hidden>,
  path: Readonly<Record<string, string>>,
  param: string,
): Promise<Stored<Body, Hidden>> {
  return findByPath(call, kind, path, param, { lock: true });
}

/** The object that a parameter names, locked. @throws StripeError 400 */
export async function lockReference<Body extends { id: string }, Hidden>(
  call: Call,
  kind: ResourceKind<Body, Hidden>,
  id: string,
  param: string,
  owner = call.account,
): Promise<Stored<Body, Hidden>> {
  const found = await findObject(call.tx, kind, owner, id, { lock: true });
  if (found === undefined) throw noSuchReference(kind.noun, id, param);
  return found;
}

/**
 * An object that another one refers to, locked. It exists, since nothing that others refer to is ever deleted.
 * @throws Error when the store contradicts itself
 */
export async function lockKnown<Body extends { id: string }, Hidden>(
  call: Call,
  kind: ResourceKind<Body, Hidden>,
  id: string,
  owner = call.account,
): Promise<Stored<Body, Hidden>> {
  const found = await findObject(call.tx, kind, owner, id, { lock: true });
  if (found === undefined) throw new Error(`The sandbox refers to ${kind.name} ${id}, which is not stored`);
  return found;
}

/** What list operations take; filters are members of the object that have to be equal. */
export interface ListRequest {
  readonly limit?: number | undefined;
  readonly starting_after?: string | undefined;
  readonly ending_before?: string | undefined;
  readonly created?:
    | {
        readonly gt?: number | undefined;
        readonly gte?: number | undefined;
        readonly lt?: number | undefined;
        readonly lte?: number | undefined;
      }
    | undefined;
}

const DEFAULT_LIMIT = 10;

/** A page of objects, newest first. @throws StripeError 400 when a cursor names nothing */
export async function listed<Body extends WireObject & { id: string }, Hidden>(
  call: Call,
  kind: ResourceKind<Body, Hidden>,
  request: ListRequest,
  url: string,
  filters: Readonly<Record<string, unknown>> = {},
  more: {
    readonly hidden?: Partial<Hidden>;
    /** Any of these values of the object's `type`. */
    readonly types?: readonly string[] | undefined;
    readonly owner?: string;
    /** Leaves out what is not to be shown yet. */
    readonly unconcealed?: boolean;
  } = {},
): Promise<WireList> {
  const { owner = call.account, types, hidden = {} } = more;
  if (request.starting_after !== undefined && request.ending_before !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: ending_before, starting_after.');
  }
  for (const param of ['starting_after', 'ending_before'] as const) {
    const id = request[param];
    if (id !== undefined && (await findObject(call.tx, kind, owner, id)) === undefined) {
      throw noSuchReference(kind.noun, id, param);
    }
  }
  const from = Math.max(request.created?.gte ?? 0, request.created?.gt === undefined ? 0 : request.created.gt + 1);
  const to = Math.min(
    request.created?.lte ?? Number.MAX_SAFE_INTEGER,
    (request.created?.lt ?? Number.MAX_SAFE_INTEGER) - 1,
  );
  const page = await listObjects(call.tx, kind, {
    owner,
    where: Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined)),
    hidden,
    ...(more.unconcealed === true && { unconcealedAt: call.now }),
    created: request.created && { from, to },
    types,
    before: request.starting_after,
    after: request.ending_before,
    limit: request.limit ?? DEFAULT_LIMIT,
  });
  const data: WireObject[] = [];
  for (const stored of page.objects) data.push(await shown(call, kind, stored));
  return { object: 'list', data, has_more: page.hasMore, url };
}

/** Notes in the sandbox's log what happened, with the key of the request that caused it. */
export async function record(
  call: Call,
  entry: {
    kind: string;
    id: string;
    amount?: number;
    currency?: string;
    transferGroup?: string | null;
    /** On whose balance it happened, when it is not the call's. */
    account?: string;
  },
): Promise<void> {
  const { account: on = call.account } = entry;
  const account = on === call.platform ? null : on;
  await writeLog(call.tx, {
    ...entry,
    account,
    at: call.clock.now(),
    provider: 'stripe',
    idempotencyKey: call.idempotencyKey,
  });
}
