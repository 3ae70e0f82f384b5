/** What the parties of a purchase do about it: one command, one update of its workflow. */
import type { UpdateDefinition } from '@temporalio/client';
import { z } from 'zod';
import type { PurchaseId } from '../../contracts/ids.ts';
import {
  acceptPurchaseUpdate,
  acceptRescheduleUpdate,
  cancelPurchaseUpdate,
  confirmPurchaseUpdate,
  declinePurchaseUpdate,
  deliverPurchaseUpdate,
  type PurchaseCommand,
  type PurchaseOutcome,
  purchaseWorkflowId,
  refundPurchaseUpdate,
  reschedulePurchaseUpdate,
} from '../../contracts/purchase.ts';
import { conflict, Problem, unprocessable } from '../../platform/errors.ts';
import { createFlowSignals } from '../../platform/temporal/signals.ts';
import { explain, findPurchase, type Purchase, type Side } from '../../services/transactions/index.ts';
import { transitions } from '../../services/transactions/rules.ts';
import type { PurchaseEvent } from '../../services/transactions/transition-rules.ts';
import type { ApiDeps } from '../deps.ts';
import type { CommandResult } from '../outcomes.ts';
import { type Reply, type Request, type Route, route } from '../route.ts';
import { currency, idOf } from '../schemas.ts';
import type { PurchaseCommands } from './commands.ts';
import { futureMs } from './offer.ts';
import { purchaseOf, sideOf } from './party.ts';
import { purchaseBody, purchaseSchema } from './view.ts';

type ActionDeps = Pick<ApiDeps, 'database' | 'temporal'>;

export const actionRoutes = (deps: ActionDeps, commands: PurchaseCommands): Route[] => [
  ...ACTIONS.map((action) => actionRoute(deps, commands, action)),
  refundRoute(deps, commands),
  rescheduleRoute(deps, commands),
  acceptRescheduleRoute(deps, commands),
];

interface Action {
  readonly name: string;
  readonly event: PurchaseEvent;
  readonly update: UpdateDefinition<PurchaseOutcome, [PurchaseCommand]>;
  readonly summary: string;
  readonly problems?: Readonly<Record<string, { status: number; when: string }>>;
  /** Of one that leaves the state as it is: whether what was asked for shows. */
  readonly hasHappened?: (before: Purchase, after: Purchase, side: Side, startsAt: string | undefined) => boolean;
}

/** What the parties can ask for. What each does from which state stands in the transition table. */
const ACTIONS: readonly Action[] = [
  {
    name: 'accept',
    event: 'accept',
    update: acceptPurchaseUpdate,
    summary: 'Accept it, as its seller: the payment is captured and held',
    problems: {
      AUTHORISATION_LOST: { status: 409, when: 'the card no longer covers it: the purchase is cancelled.' },
    },
  },
  {
    name: 'decline',
    event: 'decline',
    update: declinePurchaseUpdate,
    summary: 'Decline it, as its seller: nothing is charged',
  },
  {
    name: 'deliver',
    event: 'deliver',
    update: deliverPurchaseUpdate,
    summary: 'Say that it is delivered, as its seller',
  },
  {
    name: 'confirm',
    event: 'confirm',
    update: confirmPurchaseUpdate,
    summary: 'Confirm it, as its buyer: the money is released',
  },
  {
    name: 'cancel',
    event: 'cancel',
    update: cancelPurchaseUpdate,
    summary: 'Cancel it: what goes back to the buyer is in `next.ifCancelled`',
  },
];

const path = '/v1/purchases/{id}';
const params = z.strictObject({ id: idOf('pur') });

const COMMON = {
  method: 'post',
  tag: 'purchases',
  policy: { access: 'member' },
  idempotency: 'converge',
  params,
  responses: {
    200: { description: 'It is committed.', schema: purchaseSchema },
    202: { description: 'It is under way: read the purchase in a moment.', schema: purchaseSchema },
  },
} as const;

const PROBLEMS = {
  NOT_ALLOWED_NOW: { status: 409, when: 'the purchase is not in a state for it, or it is the other party’s to do.' },
  IN_PROGRESS: { status: 409, when: 'another change of this purchase is in progress.' },
  MONEY_PAUSED: { status: 409, when: 'it would move money, which our staff have paused.' },
  PAYMENT_REFUSED: { status: 409, when: 'the payment provider refused it.' },
} as const;

function actionRoute(deps: ActionDeps, commands: PurchaseCommands, action: Action): Route {
  return route({
    ...COMMON,
    path: `${path}/${action.name}`,
    operationId: `${action.name}Purchase`,
    summary: action.summary,
    problems: { ...PROBLEMS, ...action.problems },
    handle: ({ params: { id }, ...request }) => act(deps, commands, action, id, request),
  });
}

const REFUND: Action = {
  name: 'refunds',
  event: 'refund_in_full',
  update: refundPurchaseUpdate,
  summary: 'Give the buyer everything back, as its seller',
};

const refundBody = z
  .strictObject({
    amount: z
      .strictObject({ amount: z.int().min(1), currency })
      .optional()
      .meta({ description: 'All that was paid, which is what is refunded when it is absent.' }),
  })
  .meta({ id: 'NewRefund' });

/** A refund is a command like the others, with an amount. */
function refundRoute(deps: ActionDeps, commands: PurchaseCommands): Route {
  return route({
    ...COMMON,
    path: `${path}/${REFUND.name}`,
    operationId: 'refundPurchase',
    summary: REFUND.summary,
    description:
      'In `held`, `delivered` and `released`. After the release the transfer is taken back from your Stripe balance ' +
      'first; when that does not cover it, the buyer is refunded all the same, and your later releases pay for it.',
    body: refundBody,
    problems: {
      ...PROBLEMS,
      NOT_THE_WHOLE_AMOUNT: { status: 422, when: 'it is not all that was paid: parts cannot be refunded yet.' },
    },
    handle: async ({ params: { id }, body: { amount }, ...request }) => {
      const { terms } = await purchaseOf(deps.database, id, request.caller().userId);
      if (amount !== undefined && (amount.amount !== terms.price || amount.currency !== terms.currency)) {
        throw unprocessable('NOT_THE_WHOLE_AMOUNT', 'Only all that was paid can be refunded.', {
          refundable: { amount: terms.price, currency: terms.currency },
        });
      }
      return act(deps, commands, REFUND, id, request);
    },
  });
}

const RESCHEDULE: Action = {
  name: 'reschedule',
  event: 'reschedule',
  update: reschedulePurchaseUpdate,
  summary: 'Propose another time for a booking',
  hasHappened: (_before, { proposal }, side, startsAt) =>
    proposal?.by === side && proposal.startsAt.toISOString() === startsAt,
};

const ACCEPT_RESCHEDULE: Action = {
  name: 'reschedule/accept',
  event: 'accept_reschedule',
  update: acceptRescheduleUpdate,
  summary: 'Accept the time that the other party proposed: the booking moves there',
  hasHappened: ({ proposal }, after) =>
    proposal !== null && after.slot?.startsAt.getTime() === proposal.startsAt.getTime(),
};

const SLOT_PROBLEMS = {
  ...PROBLEMS,
  NO_SUCH_SLOT: { status: 409, when: 'this time is not offered, or it is the one that is booked.' },
  TOO_LATE_TO_BOOK: { status: 409, when: 'this time is too soon to be booked.' },
  SLOT_TAKEN: { status: 409, when: 'there is no room left at this time.' },
  BEYOND_HOLD_LIMIT: { status: 422, when: 'it is so far ahead that the payment could not be held until then.' },
  SLOT_PAST: { status: 422, when: 'this time is past.' },
} as const;

const startsAt = z.iso.datetime({ offset: true }).meta({ description: 'One of GET /v1/listings/{id}/slots.' });

function rescheduleRoute(deps: ActionDeps, commands: PurchaseCommands): Route {
  return route({
    ...COMMON,
    path: `${path}/${RESCHEDULE.name}`,
    operationId: 'reschedulePurchase',
    summary: RESCHEDULE.summary,
    description:
      'While it is `held` and has not begun. Nothing is reserved until the other party accepts. A new proposal, of either ' +
      'party, takes the place of the one before.',
    body: z.strictObject({ startsAt }).meta({ id: 'NewTime' }),
    problems: SLOT_PROBLEMS,
    handle: ({ params: { id }, body, ...request }) =>
      act(deps, commands, RESCHEDULE, id, request, new Date(futureMs(body.startsAt)).toISOString()),
  });
}

function acceptRescheduleRoute(deps: ActionDeps, commands: PurchaseCommands): Route {
  return route({
    ...COMMON,
    path: `${path}/${ACCEPT_RESCHEDULE.name}`,
    operationId: 'acceptReschedule',
    summary: ACCEPT_RESCHEDULE.summary,
    description: 'With `startsAt`, only if that is still the time proposed.',
    body: z.strictObject({ startsAt: startsAt.optional() }).meta({ id: 'AcceptedTime' }),
    problems: {
      ...SLOT_PROBLEMS,
      PROPOSAL_CHANGED: { status: 409, when: 'another time is proposed by now.' },
    },
    handle: ({ params: { id }, body, ...request }) =>
      act(
        deps,
        commands,
        ACCEPT_RESCHEDULE,
        id,
        request,
        body.startsAt && new Date(futureMs(body.startsAt)).toISOString(),
      ),
  });
}

type ActRequest = Pick<Request, 'caller' | 'commandId' | 'log'>;

/** Sends a party's command to the workflow, and answers with the purchase as it is then. */
async function act(
  deps: ActionDeps,
  commands: PurchaseCommands,
  action: Action,
  id: PurchaseId,
  { caller, commandId, log }: ActRequest,
  startsAt?: string,
): Promise<Reply> {
  const { database } = deps;
  const { userId } = caller();
  const known = await purchaseOf(database, id, userId);
  const side = sideOf(known, userId);
  const command = { actorId: userId, ...(startsAt !== undefined && { startsAt }) };
  const result = await sendUpToDate(deps, commands, known, action, command, commandId);
  log.info('a command was sent', { workflowId: purchaseWorkflowId(id), command: action.name, result });
  const purchase = await purchaseOf(database, id, userId);
  // It ended, or the wait was over, under the command: the row tells whether this very command, or another one that did the
  // same, has been carried out.
  const hasHappened = action.hasHappened?.(known, purchase, side, startsAt) ?? false;
  const granted = result === 'done' || hasHappened || hasFollowed(known, purchase, side, action.event);
  if (result === 'ended' && !granted) throw tooLate(purchase);
  if (granted) return { status: 200, body: purchaseBody(purchase, side) };
  const headers = { Location: `/v1/purchases/${id}` };
  return { status: 202, headers, body: purchaseBody(purchase, side, { inProgress: true }), final: false };
}

/**
 * Sends a command. A workflow that refuses it in a state that is not the row's has lost its last step in a crash: it is
 * told to look at the row, and the caller to come again.
 */
async function sendUpToDate(
  { database, temporal }: ActionDeps,
  commands: PurchaseCommands,
  purchase: Purchase,
  { update }: Action,
  command: PurchaseCommand,
  commandId: string,
): Promise<CommandResult> {
  try {
    return await commands.send(purchase.id, update, command, commandId);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'NOT_ALLOWED_NOW') throw error;
    const row = await findPurchase(database, purchase.id);
    if (row === undefined || error.extra['state'] === row.state) throw error;
    const eventId = `row/${row.updatedAt.toISOString()}`;
    await createFlowSignals(temporal.client).payment(purchase.id, { eventId, eventType: 'purchase.ahead' });
    const detail = 'The purchase has just changed. Try again in a moment.';
    throw new Problem(409, 'IN_PROGRESS', detail, { headers: { 'Retry-After': '1' } });
  }
}

/** Whether a purchase went from where it was to where this event of this party leads. */
function hasFollowed(before: Purchase, after: Purchase, side: Side, event: PurchaseEvent): boolean {
  if (before.state === after.state) return false;
  const rows = transitions(before.state, { on: event, by: side, kind: before.terms.kind });
  return rows.some(({ to }) => to === after.state);
}

/** The workflow has ended: what the database says is the last word. */
function tooLate(purchase: Purchase): Problem {
  const { state, mayAct } = explain(purchase, Date.now());
  return conflict('NOT_ALLOWED_NOW', `The purchase has ended: it is ${state}.`, { state, allowed: mayAct });
}
