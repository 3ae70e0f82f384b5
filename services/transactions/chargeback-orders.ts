/**
 * What we have Stripe do about a chargeback: noted before it is asked, so that what is found done afterwards is known for our
 * own, or for that of somebody else, as from Stripe's dashboard.
 */
import type { PurchaseId } from '../../contracts/ids.ts';
import type { Database, Queryable } from '../../platform/database.ts';
import { acceptSteps, answerSteps, type ChargebackStatus } from './chargeback-rules.ts';
import type { Purchase } from './purchase-record.ts';
import { commitStep, type StepKey } from './steps.ts';
import { findPurchase, takeStep, wasTaken } from './store.ts';

interface Known {
  readonly id: string;
  readonly purchaseId: PurchaseId;
}

/** Whether finance gave one up. */
export async function wasAccepted(db: Queryable, { id, purchaseId }: Known): Promise<boolean> {
  const { atStripe, asItStands } = acceptSteps(id);
  return (await wasTaken(db, purchaseId, atStripe)) || (await wasTaken(db, purchaseId, asItStands));
}

/** Notes that Stripe is about to be asked to close one for us. */
export const noteAsked = (db: Database, one: Known): Promise<boolean> =>
  db.transaction(async (tx) => takeStep(tx, one.purchaseId, await acceptanceOf(tx, one)));

/** Whether Stripe was asked, or was about to be, and has not refused it since. */
export const wasAsked = async (db: Queryable, one: Known): Promise<boolean> =>
  wasTaken(db, one.purchaseId, await acceptanceOf(db, one));

async function acceptanceOf(db: Queryable, { id, purchaseId }: Known): Promise<string> {
  const { atStripe, asked } = acceptSteps(id);
  return asked(await refusalsOf(db, purchaseId, atStripe));
}

/** An answer to a bank. */
export interface ChargebackAnswer extends Known {
  /** As Stripe shows it. */
  readonly status: ChargebackStatus;
  /** By which staff have it submitted; undefined for the clock. */
  readonly order: string | undefined;
}

/** Notes that Stripe is about to be handed evidence, and for whom. */
export const noteSubmission = (db: Database, answer: ChargebackAnswer): Promise<boolean> =>
  db.transaction(async (tx) => takeStep(tx, answer.purchaseId, await submissionOf(tx, answer)));

/** Whether Stripe was handed evidence for them, or was about to be, and has not refused it since. */
export async function wasSubmittedFor(db: Queryable, answer: ChargebackAnswer): Promise<boolean> {
  const { id, purchaseId, order } = answer;
  if (await wasTaken(db, purchaseId, await submissionOf(db, answer))) return true;
  // Before submissions were noted, an order was when it had been answered.
  return order !== undefined && wasTaken(db, purchaseId, `answerChargeback/${id}/${order}`);
}

async function submissionOf(db: Queryable, { order, ...one }: ChargebackAnswer): Promise<string> {
  const { atStripe, asked } = answerSteps(one);
  return asked(order, await refusalsOf(db, one.purchaseId, atStripe));
}

/** How often Stripe has refused a step. */
async function refusalsOf(db: Queryable, purchaseId: PurchaseId, step: string): Promise<number> {
  const purchase = await findPurchase(db, purchaseId);
  return purchase?.keyEpochs[step]?.refusals ?? 0;
}

/** Notes that evidence was submitted by us, and by whom: the audit trail says so. */
export async function noteAnswer(db: Database, key: StepKey, chargebackId: string): Promise<Purchase> {
  return commitStep(
    db,
    key,
    () => ({}),
    (tx) =>
      tx.query({
        name: 'chargeback_answered',
        text: 'UPDATE transactions.chargebacks SET answered_at = $2 WHERE id = $1',
        values: [chargebackId, new Date(key.atMs)],
      }),
  );
}
