/**
 * The steps of a purchase. Each is one call to the payment provider at most, idempotent by the step's key, and then one
 * transaction of the database, idempotent by the step. All of them may be repeated at any time.
 */
import { activityInfo } from '@temporalio/activity';
import type { Payment } from '../providers/payments.ts';
import { ProviderError } from '../providers/provider-error.ts';
import {
  commitStep,
  findPurchase,
  type Purchase,
  remind,
  type StepChange,
  type StepKey,
} from '../services/transactions/index.ts';
import type { Reminder } from '../services/transactions/reminder-rules.ts';
import { transition } from '../services/transactions/rules.ts';
import { chargeOf } from '../services/transactions/terms-rules.ts';
import { refusal } from './failures.ts';
import { makeOnce } from './once.ts';
import { createBookingActivities } from './purchase-booking.ts';
import { createChargebackActivities } from './purchase-chargeback.ts';
import { createPurchaseDisputeActivities } from './purchase-dispute.ts';
import { type OpenPurchaseInput, reserveAndOpen, taxedSale } from './purchase-opening.ts';
import { createRefusedActivities } from './purchase-refused.ts';
import { createSettlementActivities, freeReserved } from './purchase-settlement.ts';
import {
  begunBy,
  intentOf,
  isOvertaken,
  type Opened,
  type PaymentStep,
  type PurchaseDeps,
  type PurchaseStanding,
  type PurchaseStep,
  planOf,
  purchaseToAct,
  refuseStopped,
  rowKey,
  standing,
  stepKey,
} from './purchase-steps.ts';
import { createSupportActivities } from './purchase-support.ts';
import { createTransferActivities } from './purchase-transfers.ts';

export type {
  Deal,
  PaymentStep,
  PurchaseDeps,
  PurchaseStanding,
  PurchaseStep,
  StepCommand,
} from './purchase-steps.ts';

export type PurchaseActivities = ReturnType<typeof createPurchaseActivities>;

export function createPurchaseActivities(deps: PurchaseDeps) {
  return {
    ...createPaymentActivities(deps),
    ...createSettlementActivities(deps),
    ...createTransferActivities(deps),
    ...createBookingActivities(deps),
    ...createPurchaseDisputeActivities(deps),
    ...createSupportActivities(deps),
    ...createChargebackActivities(deps),
    ...createRefusedActivities(deps),
  };
}

function createPaymentActivities(deps: PurchaseDeps) {
  const { database, payments, policy } = deps;
  return {
    /** Reserves what is bought and writes the purchase, together or not at all. */
    async openPurchase(input: OpenPurchaseInput): Promise<Opened> {
      const taxed = await taxedSale(deps, input);
      const purchase = await database.transaction(async (tx) => {
        const known = await findPurchase(tx, input.purchaseId);
        return known ?? (await reserveAndOpen(tx, policy, input, taxed));
      });
      const { kind, currency, transferRetryMs } = purchase.terms;
      const deal = {
        kind,
        price: chargeOf(purchase.terms),
        currency,
        ...(transferRetryMs !== undefined && { transferRetryMs }),
      };
      return { deal, standing: standing(purchase) };
    },

    /** How a purchase stands: for a workflow whose last step was taken but whose history lost it. */
    async readStanding({ purchaseId }: Pick<PurchaseStep, 'purchaseId'>): Promise<PurchaseStanding> {
      return standing(await purchaseToAct(database, { purchaseId }));
    },

    /** Creates the payment, and confirms it when the buyer named a payment method. */
    async beginPayment(step: PaymentStep): Promise<PurchaseStanding> {
      const key = stepKey(step, 'beginPayment');
      const purchase = await purchaseToAct(database, key);
      if (purchase.payment.intentId !== null || purchase.state !== step.from) return standing(purchase);
      const payment = await createPayment(deps, purchase, step);
      return standing(await commitStep(database, key, (current) => paymentChange(current, payment)));
    },

    /** Looks at the payment, after a hint that it changed. */
    async refreshPayment(step: PurchaseStep & { readonly hintId: string }): Promise<PurchaseStanding> {
      const key = stepKey({ ...step, causedBy: `event/${step.hintId}` }, `refreshPayment/${step.hintId}`);
      const purchase = await purchaseToAct(database, key);
      if (purchase.payment.intentId === null || purchase.state !== step.from) return standing(purchase);
      const payment = await payments.getPayment(purchase.payment.intentId);
      return standing(await commitStep(database, key, (current) => paymentChange(current, payment)));
    },

    /**
     * Gives the authorisation back, or ends a payment that was never made, and what was reserved is for sale again. A
     * payment that was captured behind our back is noted as held, to be refunded next.
     */
    async cancelPayment(step: PaymentStep): Promise<PurchaseStanding> {
      const key = rowKey(step, 'cancelPayment');
      const purchase = await purchaseToAct(database, key);
      if (purchase.state !== step.from || purchase.unfinished !== null) return standing(purchase);
      const { row } = planOf(purchase, step);
      const intentId = purchase.payment.intentId ?? (await begunPayment(deps, purchase, step));
      const payment = intentId === undefined ? undefined : await payments.cancelPayment(intentId, freshKey(key));
      if (payment?.status === 'succeeded') return noteCapture(deps, step, payment);
      const after = await commitStep(
        database,
        key,
        () => ({ to: row.to, ...(payment && { payment: { status: payment.status, intentId: payment.id } }) }),
        (tx, current) => freeReserved(tx, row, current),
      );
      return standing(after);
    },

    /** Captures the authorised amount: it is held from now on. @throws ApplicationFailure AUTHORISATION_LOST */
    async capturePayment(step: PurchaseStep): Promise<PurchaseStanding> {
      const key = rowKey(step, 'capturePayment');
      const purchase = await purchaseToAct(database, key);
      if (isOvertaken(purchase, step)) return standing(purchase);
      refuseStopped(purchase, 'capturePayment');
      const payment = await payments.capturePayment(intentOf(purchase), freshKey(key));
      if (payment.status === 'canceled') {
        throw refusal('AUTHORISATION_LOST', 'The card no longer covers this purchase: it is cancelled.');
      }
      refuseOtherAmount(purchase, payment);
      const after = await commitStep(database, key, (current) => {
        const { row, moves } = planOf(current, step);
        return { ...paymentChange(current, payment), to: row.to, moves, reference: payment.chargeId ?? undefined };
      });
      return standing(after);
    },

    /** Notes that it is delivered, or that the booked time is over. */
    async recordDelivery(step: PurchaseStep): Promise<PurchaseStanding> {
      return standing(
        await commitStep(database, rowKey(step, 'recordDelivery'), (current) => ({
          to: planOf(current, step).row.to,
        })),
      );
    },

    /** Closes the books of a purchase that nothing more is expected of. */
    async completePurchase(step: PurchaseStep): Promise<PurchaseStanding> {
      return standing(
        await commitStep(database, rowKey(step, 'completePurchase'), (current) => ({
          to: planOf(current, step).row.to,
        })),
      );
    },

    /** Reminds the parties of what is coming, unless it no longer is. */
    async remindParties(step: PurchaseStep & { readonly reminder: Reminder }): Promise<PurchaseStanding> {
      const { name, dueMs } = step.reminder;
      return standing(await remind(database, stepKey(step, `remind/${name}/${dueMs}`), step.reminder));
    },
  };
}

/** A payment method that Stripe does not know leaves a payment that waits for another one, as a declined card does. */
async function createPayment(deps: PurchaseDeps, purchase: Purchase, step: PaymentStep): Promise<Payment> {
  try {
    return await createOnce(deps, purchase, step, 'beginPayment', step.paymentMethod);
  } catch (error) {
    const unknownMethod = error instanceof ProviderError && error.parameter === 'payment_method';
    if (step.paymentMethod === undefined || !unknownMethod) throw error;
    const payment = await createOnce(deps, purchase, step, 'beginPayment/unconfirmed', undefined);
    return { ...payment, problem: error.code };
  }
}

function createOnce(
  { database, payments }: PurchaseDeps,
  purchase: Purchase,
  step: PaymentStep,
  name: string,
  paymentMethod: string | undefined,
): Promise<Payment> {
  // Whichever step asks: the payment belongs to the beginning of the purchase, and its key is as old as that.
  const atMs = purchase.createdAt.getTime();
  const key = stepKey({ ...step, atMs }, name);
  const ref = { purchaseId: purchase.id, step: key.step };
  const { currency, terms } = purchase;
  const amount = chargeOf(terms);
  return makeOnce(database, purchase, key, {
    amount,
    make: (idempotencyKey) =>
      payments.createPayment({ ...ref, amount, currency, returnUrl: step.returnUrl, paymentMethod }, idempotencyKey),
    find: () => payments.findPayment({ ...ref, sinceMs: atMs }),
  });
}

/**
 * The payment of a purchase whose beginning we never heard the end of: asked for again under its key, Stripe answers with
 * the one that it made then. @returns undefined when Stripe refuses to begin it
 */
async function begunPayment(deps: PurchaseDeps, purchase: Purchase, step: PaymentStep): Promise<string | undefined> {
  try {
    return (await createPayment(deps, purchase, step)).id;
  } catch (error) {
    if (error instanceof ProviderError && error.kind === 'refused') return undefined;
    throw error;
  }
}

/** What the provider's view of a payment changes about a purchase. */
function paymentChange(purchase: Purchase, payment: Payment): StepChange {
  const occurrence = { on: 'payment_authorised', kind: purchase.terms.kind } as const;
  const authorised = payment.status === 'requires_capture' ? transition(purchase.state, occurrence) : undefined;
  return {
    ...(authorised !== undefined && { to: authorised.to }),
    payment: {
      status: payment.status,
      problem: payment.problem,
      intentId: payment.id,
      chargeId: payment.chargeId,
      captureBefore: payment.captureBeforeMs === null ? null : new Date(payment.captureBeforeMs),
    },
    ...(payment.fee !== null && { stripeFee: payment.fee }),
  };
}

/** Somebody captured a payment that was to be cancelled, in Stripe's dashboard perhaps: it is in our books, to go back. */
async function noteCapture({ database }: PurchaseDeps, step: PaymentStep, payment: Payment): Promise<PurchaseStanding> {
  const after = await commitStep(database, rowKey(step, 'noteCapture'), (current) => {
    refuseOtherAmount(current, payment);
    return {
      ...paymentChange(current, payment),
      moves: [{ name: 'capture', amount: payment.capturedAmount }],
      reference: payment.chargeId ?? undefined,
      unfinished: begunBy(step),
    };
  });
  return standing(after);
}

/** @throws ApplicationFailure AMOUNT_MISMATCH: staff have to look */
function refuseOtherAmount({ terms }: Purchase, { capturedAmount }: Payment): void {
  const charge = chargeOf(terms);
  if (capturedAmount === charge) return;
  throw refusal('AMOUNT_MISMATCH', `Stripe captured ${capturedAmount}, not ${charge}`);
}

/**
 * A key for each attempt, for what Stripe itself does once only: a payment cannot be captured or cancelled twice. So a
 * failure that Stripe keeps under a key does not stand in the way of the next attempt: of the same activity, of the one that
 * goes on at Stripe's own task queue, or of the one that a later command begins.
 */
function freshKey({ purchaseId, step, cause }: StepKey): string {
  const { activityId, attempt } = activityInfo();
  return `purchase/${purchaseId}/${step}/${cause}.${activityId}.${attempt}`;
}
