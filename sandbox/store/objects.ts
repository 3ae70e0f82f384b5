import type { Tx } from './database.ts';

/**
 * A kind of provider object: its name, and the types of what it shows and what it hides.
 * The two type parameters exist for the compiler only.
 */
export interface ObjectKind<Body extends { id: string }, Hidden = Record<string, never>> {
  /** As in the object's `object` field. */
  readonly name: string;
  readonly types?: { readonly body: Body; readonly hidden: Hidden };
}

/** A stored object: what the provider shows of it and what it only knows. */
export interface Stored<Body extends { id: string }, Hidden = Record<string, never>> {
  readonly body: Body;
  readonly hidden: Hidden;
  readonly owner: string;
}

interface Row<Body, Hidden> {
  body: Body;
  hidden: Hidden;
  owner: string;
}

export async function insertObject<Body extends { id: string }, Hidden>(
  tx: Tx,
  kind: ObjectKind<Body, Hidden>,
  object: Stored<Body, Hidden>,
): Promise<void> {
  await tx.query('INSERT INTO sandbox.objects (id, owner, kind, body, hidden) VALUES ($1, $2, $3, $4, $5)', [
    object.body.id,
    object.owner,
    kind.name,
    JSON.stringify(object.body),
    JSON.stringify(object.hidden),
  ]);
}

/** The object, or undefined when this owner (any owner, when null) has none of that kind with that id. */
export async function findObject<Body extends { id: string }, Hidden>(
  tx: Tx,
  kind: ObjectKind<Body, Hidden>,
  owner: string | null,
  id: string,
  options: { /** Other operations on the object wait until this transaction ends. */ lock?: boolean } = {},
): Promise<Stored<Body, Hidden> | undefined> {
  const found = await tx.query<Row<Body, Hidden>>(
    `SELECT body, hidden, owner FROM sandbox.objects WHERE id = $1 AND kind = $2 AND ($3::text IS NULL OR owner = $3)
     ${options.lock === true ? 'FOR UPDATE' : ''}`,
    [id, kind.name, owner],
  );
  return found.rows[0];
}

/** Replaces what is stored. The caller has locked the object. */
export async function saveObject(
  tx: Tx,
  object: { readonly body: { readonly id: string }; readonly hidden: unknown },
): Promise<void> {
  await tx.query('UPDATE sandbox.objects SET body = $2, hidden = $3 WHERE id = $1', [
    object.body.id,
    JSON.stringify(object.body),
    JSON.stringify(object.hidden),
  ]);
}

export interface Page {
  readonly owner: string;
  /** Top-level members of the body that must be equal. */
  readonly where: Readonly<Record<string, unknown>>;
  /** Members of what is hidden that must be equal. */
  readonly hidden?: object;
  /** Leaves out what is concealed beyond this time, in seconds (`concealedUntil` of what is hidden). */
  readonly unconcealedAt?: number;
  /** Bounds on `created`, in seconds. */
  readonly created?: { readonly from?: number | undefined; readonly to?: number | undefined } | undefined;
  /** Any of these values of the body's `type`. */
  readonly types?: readonly string[] | undefined;
  /** Objects made before this one (the next page of a list that runs from new to old). */
  readonly before?: string | undefined;
  /** Objects made after this one. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** A page of objects, newest first, and whether there are more in the direction of travel. */
export async function listObjects<Body extends { id: string }, Hidden>(
  tx: Tx,
  kind: ObjectKind<Body, Hidden>,
  page: Page,
): Promise<{ readonly objects: readonly Stored<Body, Hidden>[]; readonly hasMore: boolean }> {
  const backwards = page.after !== undefined;
  const found = await tx.query<Row<Body, Hidden>>(
    `SELECT body, hidden, owner FROM sandbox.objects
     WHERE owner = $1 AND kind = $2 AND body @> $3
       AND ($4::text IS NULL OR sequence < (SELECT sequence FROM sandbox.objects WHERE id = $4))
       AND ($5::text IS NULL OR sequence > (SELECT sequence FROM sandbox.objects WHERE id = $5))
       AND ($6::bigint IS NULL OR (body->>'created')::bigint >= $6)
       AND ($7::bigint IS NULL OR (body->>'created')::bigint <= $7)
       AND ($8::text[] IS NULL OR body->>'type' = ANY($8))
       AND hidden @> $10
       AND ($11::bigint IS NULL OR coalesce((hidden->>'concealedUntil')::bigint, 0) <= $11)
     ORDER BY sequence ${backwards ? 'ASC' : 'DESC'} LIMIT $9`,
    [
      page.owner,
      kind.name,
      JSON.stringify(page.where),
      page.before ?? null,
      page.after ?? null,
      page.created?.from ?? null,
      page.created?.to ?? null,
      page.types ?? null,
      page.limit + 1,
      JSON.stringify(page.hidden ?? {}),
      page.unconcealedAt ?? null,
    ],
  );
  const objects = found.rows.slice(0, page.limit);
  return { objects: backwards ? objects.toReversed() : objects, hasMore: found.rows.length > page.limit };
}
