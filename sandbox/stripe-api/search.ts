import { findObject, listObjects } from '../store/objects.ts';
import { invalidRequest } from './errors.ts';
import { type Call, type OperationDefinition, operation, type ResourceKind, type WireObject } from './operation.ts';
import { integer, required, text } from './parameters.ts';
import { shown } from './resources.ts';
import { readSearch, type SearchFields } from './search-query.ts';

const PARAMETERS = { limit: integer({ min: 1, max: 100 }), page: text(), query: required(text()) } as const;

const DEFAULT_LIMIT = 10;
/** How many objects one look at the database takes up. */
const BATCH = 200;

/** `GET …/search` of a kind. At Stripe what is new is found after up to a minute, here at once. */
export function searchOperation<Body extends WireObject & { id: string }, Hidden>(
  path: string,
  kind: ResourceKind<Body, Hidden>,
  fields: SearchFields,
) {
  const definition: OperationDefinition<typeof PARAMETERS> = {
    method: 'GET',
    path,
    returns: { kind: kind.name, list: true },
    parameters: PARAMETERS,
    handle: async (call, { query, page, limit = DEFAULT_LIMIT }) => {
      const { where, matches } = readSearch(query, fields);
      let before = page === undefined ? undefined : await cursorOf(call, kind, page);
      const found: Body[] = [];
      for (let more = true; more && found.length <= limit; ) {
        const batch = await listObjects(call.tx, kind, {
          owner: call.account,
          where,
          unconcealedAt: call.now,
          before,
          limit: BATCH,
        });
        for (const stored of batch.objects) {
          const body = await shown(call, kind, stored);
          if (matches(body)) found.push(body);
        }
        before = batch.objects.at(-1)?.body.id;
        more = batch.hasMore;
      }
      const data = found.slice(0, limit);
      const last = found.length > limit ? data.at(-1) : undefined;
      const next = last === undefined ? null : Buffer.from(last.id).toString('base64url');
      return { answer: { object: 'search_result', data, has_more: next !== null, next_page: next, url: path } };
    },
  };
  return operation(definition);
}

/** The object after which a page begins. @throws StripeError 400 */
async function cursorOf<Body extends { id: string }, Hidden>(
  call: Call,
  kind: ResourceKind<Body, Hidden>,
  page: string,
): Promise<string> {
  const id = Buffer.from(page, 'base64url').toString('utf8');
  if ((await findObject(call.tx, kind, call.account, id)) !== undefined) return id;
  throw invalidRequest('Invalid page: it is the `next_page` of an earlier search.', { param: 'page' });
}
