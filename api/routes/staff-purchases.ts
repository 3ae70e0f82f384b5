import { z } from 'zod';
import { idPattern, type PurchaseId } from '../../contracts/ids.ts';
import { PURCHASE_STATES } from '../../contracts/purchase.ts';
import { notFound } from '../../platform/errors.ts';
import { listCases } from '../../services/cases/index.ts';
import { kindsShownTo } from '../../services/cases/rules.ts';
import { findListing } from '../../services/marketplace/index.ts';
import { ATTENTION } from '../../services/transactions/attention-rules.ts';
import { readAsStaff, searchPurchases } from '../../services/transactions/index.ts';
import { decodeCursor, pageFrom } from '../cursors.ts';
import type { ApiDeps } from '../deps.ts';
import { disputeOf, disputesOf } from '../purchases/party.ts';
import { staffPurchaseBody, staffPurchaseSchema, storyBody, storySchema } from '../purchases/staff-view.ts';
import { type Policy, type Route, route } from '../route.ts';
import { idOf, page, pageOf } from '../schemas.ts';

type StaffPurchaseDeps = Pick<ApiDeps, 'config' | 'database'>;

const policy: Policy = { access: 'staff', roles: ['support', 'mediator', 'compliance', 'finance', 'admin'] };
const tag = 'staff';
/** Of a purchase that has many, those that were opened last. */
const MAX_CASES = 20;

/** Purchases as staff look for them and read them. */
export function staffPurchaseRoutes({ config, database }: StaffPurchaseDeps): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/admin/purchases',
      operationId: 'searchPurchases',
      tag,
      summary: 'Find purchases, newest first',
      policy,
      query: z.strictObject({
        ...page,
        purchaseId: idOf('pur').optional(),
        state: z.enum(PURCHASE_STATES).optional(),
        listingId: idOf('lst').optional(),
        userId: idOf('usr').optional().meta({ description: 'The buyer or the seller.' }),
        attention: z
          .enum(['any', ...ATTENTION])
          .optional()
          .meta({ description: 'Only those that somebody has to look at, for this reason or for any.' }),
      }),
      responses: { 200: { description: 'A page of them.', schema: pageOf(staffPurchaseSchema) } },
      handle: async ({ query: { limit, cursor, ...search } }) => {
        const before = cursor === undefined ? undefined : (decodeCursor(cursor, idPattern('pur')) as PurchaseId);
        const found = await searchPurchases(database, { ...search, before }, limit + 1);
        const { rows, nextCursor } = pageFrom(found, limit);
        const nowMs = Date.now();
        const disputes = await disputesOf(database, rows, 'staff');
        const data = rows.map((row) => staffPurchaseBody(row, nowMs, disputes.get(row.id)));
        return { status: 200, body: { data, nextCursor } };
      },
    }),
    route({
      method: 'get',
      path: '/v1/admin/purchases/{id}',
      operationId: 'readPurchaseStory',
      tag,
      summary: 'Read a purchase as one story',
      description:
        'How it stands and why, what happened to it, where the money is, its postings and its cases. That you looked ' +
        'stands in the audit trail.',
      policy,
      params: z.object({ id: idOf('pur') }),
      responses: { 200: { description: 'The story.', schema: storySchema } },
      handle: async ({ params: { id }, caller }) => {
        const { userId, roles } = caller();
        const story = await readAsStaff(database, id, { type: 'staff', id: userId });
        if (story === undefined) throw notFound('purchase');
        const [listing, cases, dispute] = await Promise.all([
          findListing(database, story.purchase.listingId),
          listCases(database, { kinds: kindsShownTo(roles), subjectId: id }, MAX_CASES),
          disputeOf(database, story.purchase, 'staff'),
        ]);
        const temporal = { uiUrl: config.TEMPORAL_UI_URL, namespace: config.temporal.namespace };
        return { status: 200, body: storyBody(story, { title: listing?.title, cases, dispute, temporal }) };
      },
    }),
  ];
}
