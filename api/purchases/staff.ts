/** What staff do about a purchase: notes, and stopping its money. The workflow hears from here who is proven to ask. */
import type { UpdateDefinition } from '@temporalio/common';
import { z } from 'zod';
import { refundAgainUpdate } from '../../contracts/aftercare.ts';
import type { PurchaseId, UserId } from '../../contracts/ids.ts';
import { type PurchaseOutcome, purchaseWorkflowId } from '../../contracts/purchase.ts';
import { addStaffNoteUpdate, pauseMoneyUpdate, resumeMoneyUpdate } from '../../contracts/purchase-support.ts';
import { notFound } from '../../platform/errors.ts';
import { explain, findPurchase, type Purchase, readNotesAsStaff } from '../../services/transactions/index.ts';
import {
  MAX_NOTES,
  MAX_PAUSES,
  MAX_WORDS,
  STAFF_ORDERS,
  type StaffOrderKind,
} from '../../services/transactions/support-rules.ts';
import type { ApiDeps } from '../deps.ts';
import { type Policy, type Reply, type Request, type Route, route } from '../route.ts';
import { idOf, text, timestamp } from '../schemas.ts';
import type { PurchaseCommands } from './commands.ts';
import { notAllowedNow } from './not-now.ts';
import { disputeOf } from './party.ts';
import { whySchema } from './view.ts';

type StaffDeps = Pick<ApiDeps, 'database'>;

const path = '/v1/admin/purchases/{id}';
const params = z.strictObject({ id: idOf('pur') });
const words = text(1, MAX_WORDS);

const standsSchema = whySchema
  .extend({
    id: idOf('pur'),
    pause: z
      .object({
        since: timestamp,
        by: idOf('usr'),
        verified: z.boolean().meta({
          description: 'False when it was set in the Temporal UI by somebody who named this account.',
        }),
      })
      .nullable()
      .meta({ description: 'Since when staff have stopped its money, and who; null when they have not.' }),
  })
  .meta({ id: 'PurchaseForStaff' });

const notesSchema = z
  .object({
    data: z.array(
      z.object({
        number: z.int().min(1),
        kind: z.enum(['refund', ...(Object.keys(STAFF_ORDERS) as StaffOrderKind[])]),
        text: z.string(),
        by: idOf('usr'),
        verified: z.boolean().meta({ description: 'False when somebody in the Temporal UI named this account.' }),
        at: timestamp,
      }),
    ),
  })
  .meta({ id: 'StaffNotes' });

const rolesFor = (kind: StaffOrderKind): Policy => ({ access: 'staff', roles: STAFF_ORDERS[kind].roles });

const COMMON = { method: 'post', tag: 'staff', idempotency: 'converge', params } as const;
const RESPONSES = {
  200: { description: 'It is committed.', schema: standsSchema },
  202: { description: 'It is under way: it waits for what was begun before.', schema: standsSchema },
} as const;
const PROBLEMS = {
  NOT_ALLOWED_NOW: { status: 409, when: 'the purchase has ended.' },
  IN_PROGRESS: { status: 409, when: 'another change of this purchase is in progress.' },
} as const;
const reason = z.strictObject({ reason: words.meta({ description: 'For staff alone.' }) }).meta({ id: 'StaffReason' });

export function staffRoutes(deps: StaffDeps, commands: PurchaseCommands): Route[] {
  const ordered = order.bind(undefined, deps, commands);
  return [
    route({
      ...COMMON,
      path: `${path}/notes`,
      operationId: 'addStaffNote',
      summary: 'Keep a note about it, for staff alone',
      policy: rolesFor('note'),
      body: z.strictObject({ note: words }).meta({ id: 'NewStaffNote' }),
      responses: RESPONSES,
      problems: { ...PROBLEMS, TOO_MANY_ORDERS: { status: 409, when: `it has ${MAX_NOTES} notes already.` } },
      handle: ({ body: { note }, ...request }) => ordered(request, addStaffNoteUpdate, (who) => ({ ...who, note })),
    }),
    route({
      ...COMMON,
      path: `${path}/pause`,
      operationId: 'pauseMoney',
      summary: 'Stop its money',
      description:
        'From then on nothing is captured, released or refunded, whoever asks, and the time for it stands still; what the ' +
        'payment provider reports is still noted. What is under way is ended first. A booking still takes place. When the ' +
        'money may be held no longer, a case for finance is opened.',
      policy: rolesFor('pause'),
      body: reason,
      responses: RESPONSES,
      problems: {
        ...PROBLEMS,
        ALREADY_PAUSED: { status: 409, when: 'it is paused already.' },
        TOO_MANY_ORDERS: { status: 409, when: `it was paused ${MAX_PAUSES} times already.` },
      },
      handle: ({ body, ...request }) =>
        ordered(request, pauseMoneyUpdate, (who) => ({ ...who, pauseReason: body.reason })),
    }),
    route({
      ...COMMON,
      path: `${path}/resume`,
      operationId: 'resumeMoney',
      summary: 'Let its money go',
      description: 'Deadlines go on with the time that was left. What fell due meanwhile is done at once.',
      policy: rolesFor('resume'),
      body: reason,
      responses: RESPONSES,
      problems: { ...PROBLEMS, NOT_PAUSED: { status: 409, when: 'it is not paused.' } },
      handle: ({ body, ...request }) =>
        ordered(request, resumeMoneyUpdate, (who) => ({ ...who, resumeReason: body.reason })),
    }),
    refundAgainRoute(deps, commands),
    notesRoute(deps),
  ];
}

function refundAgainRoute({ database }: StaffDeps, commands: PurchaseCommands): Route {
  return route({
    ...COMMON,
    path: `${path}/refunds/again`,
    operationId: 'refundAgain',
    summary: 'Send a refund that came back once more',
    description:
      'As a new refund, to the same card. When Stripe refuses it, the buyer has to be paid in another way, and the case ' +
      'stays open until finance close it.',
    policy: { access: 'staff', roles: ['finance', 'admin'] },
    body: reason
      .extend({
        refundId: z
          .string()
          .regex(/^re_\w{1,100}$/)
          .meta({ description: 'The one that came back, by its id at Stripe.' }),
      })
      .meta({ id: 'RefundAgain' }),
    responses: RESPONSES,
    problems: {
      IN_PROGRESS: PROBLEMS.IN_PROGRESS,
      OTHER_REFUND: { status: 409, when: 'it is no refund that this purchase has made.' },
      REFUND_NOT_FAILED: { status: 409, when: 'it has not come back.' },
      REFUND_NOT_OWED: { status: 409, when: "the buyer's bank has given it to them meanwhile." },
      MONEY_PAUSED: { status: 409, when: 'our staff have paused the money of the purchase.' },
      CHARGEBACK_OPEN: { status: 409, when: "the buyer's bank has a chargeback open about it." },
      PAYMENT_REFUSED: { status: 409, when: 'the payment provider refused it.' },
    },
    handle: async ({ params: { id }, body, caller, commandId, log }) => {
      const { userId: staff } = caller();
      const known = await mustFind(database, id);
      const result = await commands.sendAbout(known.id, refundAgainUpdate, { staff, ...body }, commandId);
      log.info('staff gave an order', { purchaseId: known.id, order: 'refundAgain', staffId: staff, result });
      const purchase = await mustFind(database, id);
      if (result === 'done') return { status: 200, body: await bodyOf(database, purchase) };
      const headers = { Location: `/v1/admin/purchases/${id}` };
      return { status: 202, headers, body: { ...(await bodyOf(database, purchase)), inProgress: true }, final: false };
    },
  });
}

function notesRoute({ database }: StaffDeps): Route {
  return route({
    method: 'get',
    path: `${path}/notes`,
    operationId: 'listStaffNotes',
    tag: 'staff',
    summary: 'Read what staff wrote about it, oldest first',
    policy: rolesFor('note'),
    params,
    responses: { 200: { description: 'Notes, and the reasons for pauses and their ends.', schema: notesSchema } },
    handle: async ({ params: { id }, caller }) => {
      const { id: purchaseId } = await mustFind(database, id);
      const notes = await readNotesAsStaff(database, purchaseId, { type: 'staff', id: caller().userId });
      const data = notes.map(({ seq, kind, words, staffId, verified, at }) => ({
        number: seq,
        kind,
        text: words,
        by: staffId,
        verified,
        at: at.toISOString(),
      }));
      return { status: 200, body: { data } };
    },
  });
}

type OrderRequest = Pick<Request<z.output<typeof params>>, 'params' | 'caller' | 'commandId' | 'log'>;

/** Sends an order to the workflow, in the name of who has signed in, and answers how the purchase stands then. */
async function order<Order>(
  { database }: StaffDeps,
  commands: PurchaseCommands,
  { params: { id }, caller, commandId, log }: OrderRequest,
  update: UpdateDefinition<PurchaseOutcome, [Order]>,
  orderOf: (who: { readonly purchase: PurchaseId; readonly staff: UserId }) => Order,
): Promise<Reply> {
  const { userId: staff } = caller();
  const known = await mustFind(database, id);
  const result = await commands.send(known.id, update, orderOf({ purchase: known.id, staff }), commandId);
  log.info('staff gave an order', {
    workflowId: purchaseWorkflowId(known.id),
    order: update.name,
    staffId: staff,
    result,
  });
  const purchase = await mustFind(database, id);
  if (result === 'ended') {
    throw await notAllowedNow(database, purchase, `The purchase has ended: it is ${purchase.state}.`);
  }
  if (result === 'done') return { status: 200, body: await bodyOf(database, purchase) };
  const headers = { Location: `/v1/admin/purchases/${id}/notes` };
  return { status: 202, headers, body: { ...(await bodyOf(database, purchase)), inProgress: true }, final: false };
}

async function mustFind(database: ApiDeps['database'], id: PurchaseId): Promise<Purchase> {
  const purchase = await findPurchase(database, id);
  if (purchase === undefined) throw notFound('purchase');
  return purchase;
}

async function bodyOf(database: ApiDeps['database'], purchase: Purchase): Promise<z.input<typeof standsSchema>> {
  const dispute = await disputeOf(database, purchase, 'staff');
  const { holds, mayAct, ...explanation } = explain(purchase, Date.now(), dispute);
  const { pause } = purchase;
  return {
    ...explanation,
    holds: [...holds],
    mayAct: mayAct.map(({ party, actions }) => ({ party, actions: [...actions] })),
    id: purchase.id,
    pause: pause && { since: new Date(pause.sinceMs).toISOString(), by: pause.by, verified: pause.verified },
  };
}
