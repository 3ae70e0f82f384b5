/** What the parties of a purchase do about it: one command, one update of its workflow. */
import { z } from 'zod';
import type { PurchaseId } from '../../contracts/ids.ts';
import {
  acceptPurchaseUpdate,
  acceptRescheduleUpdate,
  cancelPurchaseUpdate,
  confirmPurchaseUpdate,
  declinePurchaseUpdate,
  deliverPurchaseUpdate,
  refundPurchaseUpdate,
  reschedulePurchaseUpdate,
} from '../../contracts/purchase.ts';
import { unprocessable } from '../../platform/errors.ts';
import { commandStep, MAX_REFUNDS, type Purchase, refundStepOf, wasTaken } from '../../services/transactions/index.ts';
import { leftOf, refundTooLargeText } from '../../services/transactions/refund-rules.ts';
import { MAX_WORDS } from '../../services/transactions/support-rules.ts';
import { type Caller, type Route, route } from '../route.ts';
import { currency, idOf, text } from '../schemas.ts';
import { type Action, type ActionDeps, act } from './act.ts';
import type { PurchaseCommands } from './commands.ts';
import { futureMs } from './offer.ts';
import { FINANCE, seenBy } from './party.ts';
import { purchaseSchema } from './view.ts';

export const actionRoutes = (deps: ActionDeps, commands: PurchaseCommands): Route[] => [
  ...ACTIONS.map((action) => actionRoute(deps, commands, action)),
  refundRoute(deps, commands),
  rescheduleRoute(deps, commands),
  acceptRescheduleRoute(deps, commands),
];

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
  CHARGEBACK_OPEN: { status: 409, when: "it would move money that the buyer's bank asks about or has taken back." },
  PAYMENT_REFUSED: { status: 409, when: 'the payment provider refused it.' },
  PAYMENT_UNKNOWN: {
    status: 409,
    when: 'the payment provider did not answer in time: the purchase shows in a moment whether it has acted.',
  },
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
  byFinance: true,
  // All that is left is given back once, whoever asks for it; a part is this command's own.
  ownStep: ({ books }, { amount }, commandId) =>
    amount === undefined || amount === leftOf(books) ? undefined : refundStepOf(commandId),
  summary: 'Give the buyer a part back, or everything, as its seller or as finance',
};

const refundBody = z
  .strictObject({
    amount: z
      .strictObject({ amount: z.int().min(1), currency })
      .optional()
      .meta({
        description:
          "A part of the price; all that is left, when it is absent. Of a discounted purchase the discount's share of it goes " +
          'back to Wellpact, and the rest to the buyer.',
      }),
    reason: text(1, MAX_WORDS).optional().meta({ description: 'Of finance, who have to give one: for staff alone.' }),
  })
  .meta({ id: 'NewRefund' });

/** A refund is a command like the others, with an amount. */
function refundRoute(deps: ActionDeps, commands: PurchaseCommands): Route {
  return route({
    ...COMMON,
    path: `${path}/${REFUND.name}`,
    operationId: 'refundPurchase',
    policy: { access: 'member', orStaff: FINANCE },
    summary: REFUND.summary,
    description:
      'In `held`, `delivered` and `released`. A part leaves the purchase in its state, and the commission is worked out anew ' +
      'on what the seller keeps; several parts can follow one another. After the release the transfer is taken back from your Stripe balance ' +
      'first; when that does not cover it, the buyer is refunded all the same, and your later releases pay for it.',
    body: refundBody,
    problems: {
      ...PROBLEMS,
      REFUND_TOO_LARGE: { status: 422, when: 'it is more than what is left: `refundable` says how much that is.' },
      REFUND_TOO_SMALL: {
        status: 422,
        when: 'Wellpact paid so much of the price that none of it would reach the buyer.',
      },
      OTHER_CURRENCY: { status: 422, when: 'it is not the currency of the purchase: `refundable` says which is.' },
      TOO_MANY_REFUNDS: {
        status: 409,
        when: `it was refunded in ${MAX_REFUNDS - 1} parts: only all that is left can follow.`,
      },
      REASON_REQUIRED: { status: 422, when: 'finance have to say why.' },
      REASON_NOT_TAKEN: { status: 422, when: 'you are its seller, who need not say why.' },
    },
    handle: async ({ params: { id }, body: { amount, reason }, ...request }) => {
      const { terms, books } = await refundable(deps.database, id, request.caller(), reason);
      const left = { amount: leftOf(books), currency: terms.currency };
      if (amount !== undefined && amount.currency !== terms.currency) {
        const detail = `This purchase was paid in ${terms.currency}.`;
        throw unprocessable('OTHER_CURRENCY', detail, { refundable: left });
      }
      // What cannot be refunded at all is refused as that, and not for its amount.
      const isTooLarge = amount !== undefined && left.amount > 0 && amount.amount > left.amount;
      // Sent again, it is not refused for what it has taken itself.
      if (isTooLarge && !(await wasTaken(deps.database, id, commandStep(request.commandId)))) {
        throw unprocessable('REFUND_TOO_LARGE', refundTooLargeText(left.amount, left.currency), { refundable: left });
      }
      return act(deps, commands, REFUND, id, request, {
        ...(amount !== undefined && { amount: amount.amount }),
        ...(reason !== undefined && { reason }),
      });
    },
  });
}

/** Its parties see a purchase, and finance, who say why. @throws Problem 404, 422 */
async function refundable(
  database: ActionDeps['database'],
  id: PurchaseId,
  caller: Caller,
  reason: string | undefined,
): Promise<Purchase> {
  const { purchase, viewer } = await seenBy(database, id, caller);
  if (viewer === 'staff' && reason === undefined) {
    throw unprocessable('REASON_REQUIRED', 'Say in `reason` why you refund it.');
  }
  if (viewer !== 'staff' && reason !== undefined) {
    throw unprocessable('REASON_NOT_TAKEN', 'Leave `reason` out: it is for our staff.');
  }
  return purchase;
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
      act(deps, commands, RESCHEDULE, id, request, { startsAt: new Date(futureMs(body.startsAt)).toISOString() }),
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
        body.startsAt === undefined ? {} : { startsAt: new Date(futureMs(body.startsAt)).toISOString() },
      ),
  });
}
