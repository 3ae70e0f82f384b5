/** The steps that staff ask for. Each writes what it changes, the staff's own words, audit entry and event together, once. */
import type { Actor } from '../contracts/actor.ts';
import type { PurchaseId } from '../contracts/ids.ts';
import type { PurchaseState } from '../contracts/purchase.ts';
import type { Tx } from '../platform/database.ts';
import { closeCase, openCase } from '../services/cases/index.ts';
import {
  addStaffNote,
  commandStep,
  commitStep,
  countStaffWords,
  takeTyped,
  writeStaffWords,
} from '../services/transactions/index.ts';
import { MAX_NOTES, MAX_PAUSES, STAFF_ORDERS, type StaffOrder } from '../services/transactions/support-rules.ts';
import { hasStaffRole } from '../services/users/index.ts';
import { refusal } from './failures.ts';
import {
  type PurchaseDeps,
  type PurchaseStanding,
  type PurchaseStep,
  purchaseToAct,
  standing,
  stepKey,
} from './purchase-steps.ts';

/** An order of staff, as the workflow has read it. */
export interface StaffStep {
  readonly purchaseId: PurchaseId;
  readonly from: PurchaseState;
  /** The workflow's time, milliseconds since 1970. */
  readonly atMs: number;
  /** The same for every repeat of the order. */
  readonly updateId: string;
  readonly order: StaffOrder;
}

export function createSupportActivities({ database, policy }: PurchaseDeps) {
  return {
    /** Keeps a note. @returns how many there are. @throws ApplicationFailure TOO_MANY_ORDERS, NOT_STAFF, TYPED_BEFORE */
    async addStaffNote(step: StaffStep): Promise<number> {
      const key = stepKey(
        { ...step, actor: actorOf(step), causedBy: commandStep(step.updateId) },
        `addStaffNote/${step.updateId}`,
      );
      return addStaffNote(database, key, step.order.words, (tx) => admit(tx, step, MAX_NOTES));
    },

    /** Stops the money. @throws ApplicationFailure ALREADY_PAUSED, and as {@link addStaffNote} */
    async pauseMoney(step: StaffStep): Promise<PurchaseStanding> {
      const actor = actorOf(step);
      const { staff: by, words } = step.order;
      const after = await commitStep(
        database,
        stepKey(
          { ...step, actor, event: 'money_paused', causedBy: commandStep(step.updateId) },
          `pauseMoney/${step.updateId}`,
        ),
        async (current, tx) => {
          if (current.pause !== null) throw refusal('ALREADY_PAUSED', 'The money of this purchase is paused already.');
          await admit(tx, step, MAX_PAUSES);
          return { pause: { sinceMs: step.atMs, by, verified: actor.type === 'staff' } };
        },
        (tx) => writeStaffWords(tx, step.purchaseId, { kind: 'pause', words, actor, atMs: step.atMs }),
      );
      return standing(after);
    },

    /**
     * Lets the money go. What was paused by somebody who had proven who they were is let go only by such a one.
     * @throws ApplicationFailure NOT_PAUSED, PAUSED_BY_VERIFIED, and as {@link addStaffNote}
     */
    async resumeMoney(step: StaffStep): Promise<PurchaseStanding> {
      const actor = actorOf(step);
      const after = await commitStep(
        database,
        stepKey(
          { ...step, actor, event: 'money_resumed', causedBy: commandStep(step.updateId) },
          `resumeMoney/${step.updateId}`,
        ),
        async ({ pause }, tx) => {
          if (pause === null) throw refusal('NOT_PAUSED', 'The money of this purchase is not paused.');
          if (pause.verified && actor.type !== 'staff') throw refusal('PAUSED_BY_VERIFIED', PAUSED_BY_VERIFIED);
          await admit(tx, step, Number.POSITIVE_INFINITY);
          return { pause: null };
        },
        async (tx, { standstill }) => {
          const { words } = step.order;
          await writeStaffWords(tx, step.purchaseId, { kind: 'resume', words, actor, atMs: step.atMs });
          if (standstill === null) await closeCase(tx, 'hold_limit', step.purchaseId, { decision: 'resolved', actor });
        },
      );
      return standing(after);
    },

    /** Money that stands still may be held no longer: nothing moves, and finance is asked, once for each standstill. */
    async reportHoldLimit(step: PurchaseStep): Promise<PurchaseStanding> {
      const purchase = await purchaseToAct(database, step);
      if (purchase.standstill === null) return standing(purchase);
      const after = await commitStep(
        database,
        stepKey(step, `reportHoldLimit/${purchase.standstill.sinceMs}`),
        () => ({ limitReached: true }),
        async (tx, { id, books, currency }) => {
          const dueAt = new Date(step.atMs + policy.holdLimitCaseDue);
          const details = { amount: books.held, currency };
          await openCase(tx, { kind: 'hold_limit', subjectType: 'purchase', subjectId: id, dueAt, details });
        },
      );
      return standing(after);
    },
  };
}

const PAUSED_BY_VERIFIED =
  'This pause was set through the API by somebody who had signed in. It is let go the same way, by finance.';

/** What was typed into the Temporal UI names somebody, and proves nothing. */
const actorOf = ({ order: { staff, seal } }: StaffStep): Actor => ({
  type: seal === undefined ? 'staff' : 'unverified_staff',
  id: staff,
});

/**
 * Whether an order is to be taken. The API has looked at who asks; somebody who was named in the Temporal UI has at least to
 * be one who may give it.
 */
async function admit(tx: Tx, { purchaseId, order: { kind, staff, seal } }: StaffStep, atMost: number): Promise<void> {
  if ((await countStaffWords(tx, purchaseId, kind)) >= atMost) {
    throw refusal('TOO_MANY_ORDERS', `A purchase takes ${atMost} of these at the most. Open a case for what is left.`);
  }
  if (seal === undefined) return;
  const { roles } = STAFF_ORDERS[kind];
  if (!(await hasStaffRole(tx, staff, roles))) {
    throw refusal('NOT_STAFF', `"staff" is no account with the role ${roles.join(' or ')}.`);
  }
  if (!(await takeTyped(tx, purchaseId, seal))) {
    throw refusal('TYPED_BEFORE', 'This very input was sent before. Type it again if it is meant once more.');
  }
}
