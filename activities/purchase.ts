/**
 * The steps of a purchase. Each is one call to the payment provider at most, idempotent by the step's key, and then one
 * transaction of the database, idempotent by the step. All of them may be repeated at any time.
 */
import { activityInfo } from '@temporalio/activity';
import type { Actor } from '../contracts/actor.ts';
import type { PurchaseId } from '../contracts/ids.ts';
import {
  type PaymentStatus,
  type PurchaseInput,
  type PurchaseState,
  purchaseWorkflowId,
  type TransferStatus,
} from '../contracts/purchase.ts';
import type { Database, Tx } from '../platform/database.ts';
import type { Payment, Payments } from '../providers/payments.ts';
import { ProviderError } from '../providers/provider-error.ts';
import { releaseStock, reserveStock } from '../services/marketplace/index.ts';
import {
  commitStep,
  findPurchase,
  openPurchase,
  type Policy,
  type Purchase,
  type StepChange,
  type StepKey,
} from '../services/transactions/index.ts';
import { EMPTY_BOOKS, type Move } from '../services/transactions/money.ts';
import {
  deadlineOf,
  type Kind,
  type PurchaseEvent,
  type Terms,
  type Transition,
  transition,
} from '../services/transactions/rules.ts';
import { payoutAccountOf } from '../services/users/index.ts';
import { refusal } from './failures.ts';

export interface PurchaseDeps {
  readonly database: Database;
  readonly payments: Payments;
  readonly policy: Policy;
}

/** Which step to take, and on whose behalf. */
export interface PurchaseStep {
  readonly purchaseId: PurchaseId;
  /** The state from which the workflow takes the step. When the row is elsewhere by now, the step does nothing. */
  readonly from: PurchaseState;
  /** What happened: with the state it names the row of the transition table to follow. */
  readonly event: PurchaseEvent;
  readonly actor: Actor;
  /** The workflow's time, milliseconds since 1970. */
  readonly atMs: number;
}

/** How a purchase stands after a step: what the workflow has to know to go on. */
export interface PurchaseStanding {
  readonly state: PurchaseState;
  /** When the clock moves it on, milliseconds since 1970; null when it does not. */
  readonly deadlineMs: number | null;
  readonly payment: PaymentStatus;
  readonly transfer: TransferStatus;
  /** Minor units that are held for it. */
  readonly held: number;
}

/** What the workflow has to know of what was agreed: it never changes. */
export interface Deal {
  readonly kind: Kind;
  /** What the buyer pays, minor units. */
  readonly price: number;
  readonly currency: string;
}

export interface Opened {
  readonly deal: Deal;
  readonly standing: PurchaseStanding;
}

export type PurchaseActivities = ReturnType<typeof createPurchaseActivities>;

export function createPurchaseActivities({ database, payments, policy }: PurchaseDeps) {
  return {
    /** Reserves what is bought and writes the purchase, together or not at all. */
    async openPurchase(input: PurchaseInput & { readonly atMs: number }): Promise<Opened> {
      const purchase = await database.transaction(async (tx) => {
        const known = await findPurchase(tx, input.purchaseId);
        return known ?? (await reserveAndOpen(tx, policy, input));
      });
      const { kind, price, currency } = purchase.terms;
      return { deal: { kind, price, currency }, standing: standing(purchase) };
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
      const payment = await createPayment(payments, purchase, step);
      return standing(await commitStep(database, key, (current) => paymentChange(current, payment)));
    },

    /** Looks at the payment, after a hint that it changed. */
    async refreshPayment(step: PurchaseStep & { readonly hintId: string }): Promise<PurchaseStanding> {
      const key = stepKey(step, `refreshPayment/${step.hintId}`);
      const purchase = await purchaseToAct(database, key);
      if (purchase.payment.intentId === null) return standing(purchase);
      const payment = await payments.getPayment(purchase.payment.intentId);
      return standing(await commitStep(database, key, (current) => paymentChange(current, payment)));
    },

    /** Gives the authorisation back, or ends a payment that was never made, and what was reserved is for sale again. */
    async cancelPayment(step: PaymentStep): Promise<PurchaseStanding> {
      const key = stepKey(step, 'cancelPayment');
      const purchase = await purchaseToAct(database, key);
      if (purchase.state !== step.from) return standing(purchase);
      const row = rowFor(purchase, step.event);
      const intentId = purchase.payment.intentId ?? (await begunPayment(payments, purchase, step));
      const payment = intentId === undefined ? undefined : await payments.cancelPayment(intentId, freshKey(key));
      const after = await commitStep(
        database,
        key,
        () => ({ to: row.to, ...(payment && { payment: { status: payment.status, intentId: payment.id } }) }),
        (tx, { listingId, quantity }) => releaseStock(tx, listingId, quantity),
      );
      return standing(after);
    },

    /** Captures the authorised amount: it is held from now on. */
    async capturePayment(step: PurchaseStep): Promise<PurchaseStanding> {
      const key = stepKey(step, 'capturePayment');
      const purchase = await purchaseToAct(database, key);
      if (purchase.state !== step.from) return standing(purchase);
      const row = rowFor(purchase, step.event);
      const payment = await payments.capturePayment(intentOf(purchase), freshKey(key));
      if (payment.capturedAmount !== purchase.terms.price) {
        throw refusal('AMOUNT_MISMATCH', `Stripe captured ${payment.capturedAmount}, not ${purchase.terms.price}`);
      }
      const after = await commitStep(database, key, (current) => ({
        ...paymentChange(current, payment),
        to: row.to,
        moves: movesOf(row, current, payment.capturedAmount),
      }));
      return standing(after);
    },

    /** Notes that the seller delivered. */
    async recordDelivery(step: PurchaseStep): Promise<PurchaseStanding> {
      return standing(
        await commitStep(database, stepKey(step, 'recordDelivery'), (current) => ({
          to: rowFor(current, step.event).to,
        })),
      );
    },

    /** Releases what is held and sends the seller their part. A refused transfer leaves it payable. */
    async releaseToSeller(step: PurchaseStep): Promise<PurchaseStanding> {
      const key = stepKey(step, 'releaseToSeller');
      const purchase = await purchaseToAct(database, key);
      if (purchase.state !== step.from) return standing(purchase);
      const row = rowFor(purchase, step.event);
      const moves = movesOf(row, purchase, purchase.books.held);
      const transfer = await sendToSeller(database, payments, purchase, moves, providerKey(key));
      const after = await commitStep(database, key, () => ({
        to: row.to,
        transfer: transfer.id === null ? { status: transfer.status } : { status: transfer.status, id: transfer.id },
        moves: transfer.status === 'blocked' ? moves.filter(({ name }) => name !== 'transfer') : moves,
      }));
      return standing(after);
    },

    /** Closes the books of a purchase that nothing more is expected of. */
    async completePurchase(step: PurchaseStep): Promise<PurchaseStanding> {
      return standing(
        await commitStep(database, stepKey(step, 'completePurchase'), (current) => ({
          to: rowFor(current, step.event).to,
        })),
      );
    },
  };
}

/** A step that may have to begin the payment, or to learn what became of its beginning. */
export interface PaymentStep extends PurchaseStep {
  readonly paymentMethod: string | undefined;
  readonly returnUrl: string;
}

async function reserveAndOpen(
  tx: Tx,
  policy: Policy,
  input: PurchaseInput & { readonly atMs: number },
): Promise<Purchase> {
  const reserved = await reserveStock(tx, input.listingId, input.quantity);
  if (reserved === 'sold_out') throw refusal('SOLD_OUT', 'There are not that many left.');
  if (reserved === 'not_published')
    throw refusal('LISTING_NOT_AVAILABLE', 'This listing is not for sale at the moment.');
  if (reserved.sellerId === input.buyerId) throw refusal('OWN_LISTING', 'Nobody can buy from themselves.');
  if (reserved.sellerId !== input.sellerId) throw refusal('LISTING_NOT_AVAILABLE', 'This listing has another seller.');
  const price = reserved.price.amount * input.quantity;
  const { currency } = reserved.price;
  if (price !== input.expectedPrice.amount || currency !== input.expectedPrice.currency) {
    throw refusal('PRICE_CHANGED', 'The price has changed. Look at the listing again before you buy.');
  }
  const terms: Terms = {
    policyVersion: policy.version,
    kind: reserved.kind,
    price,
    currency,
    commissionBasisPoints: policy.commissionBasisPoints,
    paymentWindowMs: policy.paymentWindow,
    acceptWindowMs: policy.acceptWindow,
    captureReserveMs: policy.captureReserve,
    handlingMs: reserved.handlingDays * DAY_MS,
    inspectionWindowMs: policy.inspectionWindow,
    aftercareWindowMs: policy.aftercareWindow,
  };
  return openPurchase(tx, stepKey({ ...input, actor: { type: 'user', id: input.buyerId } }, 'openPurchase'), {
    id: input.purchaseId,
    buyerId: input.buyerId,
    sellerId: reserved.sellerId,
    listingId: input.listingId,
    quantity: input.quantity,
    currency,
    terms,
    acceptedDisclaimers: input.acceptedDisclaimers,
    ...beginning(terms, input.atMs),
  });
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** How every purchase begins. */
function beginning(terms: Terms, atMs: number) {
  const at = new Date(atMs);
  const state: PurchaseState = 'payment_pending';
  const deadlineMs = deadlineOf(state, terms, { enteredAtMs: atMs, captureBeforeMs: undefined });
  return {
    state,
    stateSince: at,
    deadlineAt: deadlineMs === undefined ? null : new Date(deadlineMs),
    payment: { status: 'requires_payment_method', problem: null, intentId: null, chargeId: null, captureBefore: null },
    transfer: { status: 'none', id: null },
    chargeback: 'none',
    books: EMPTY_BOOKS,
    createdAt: at,
    updatedAt: at,
  } satisfies Partial<Purchase>;
}

/** A payment method that Stripe does not know leaves a payment that waits for another one, as a declined card does. */
async function createPayment(payments: Payments, purchase: Purchase, step: PaymentStep): Promise<Payment> {
  const request = {
    purchaseId: purchase.id,
    amount: purchase.terms.price,
    currency: purchase.currency,
    returnUrl: step.returnUrl,
  };
  const key = providerKey(stepKey(step, 'beginPayment'));
  try {
    return await payments.createPayment({ ...request, paymentMethod: step.paymentMethod }, key);
  } catch (error) {
    const unknownMethod = error instanceof ProviderError && error.parameter === 'payment_method';
    if (step.paymentMethod === undefined || !unknownMethod) throw error;
    const payment = await payments.createPayment({ ...request, paymentMethod: undefined }, `${key}/unconfirmed`);
    return { ...payment, problem: error.code };
  }
}

/**
 * The payment of a purchase whose beginning we never heard the end of: asked for again under its key, Stripe answers with
 * the one that it made then. @returns undefined when Stripe refuses to begin it
 */
async function begunPayment(payments: Payments, purchase: Purchase, step: PaymentStep): Promise<string | undefined> {
  try {
    return (await createPayment(payments, purchase, step)).id;
  } catch (error) {
    if (error instanceof ProviderError && error.kind === 'refused') return undefined;
    throw error;
  }
}

/** What the provider's view of a payment changes about a purchase. */
function paymentChange(purchase: Purchase, payment: Payment): StepChange {
  const authorised = payment.status === 'requires_capture' ? findRow(purchase, 'payment_authorised') : undefined;
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

/** Transfers what the moves say; zero is not transferred at all. */
async function sendToSeller(
  database: Database,
  payments: Payments,
  purchase: Purchase,
  moves: readonly Move[],
  idempotencyKey: string,
): Promise<{ readonly status: 'sent' | 'blocked'; readonly id: string | null }> {
  const amount = moves.find(({ name }) => name === 'transfer')?.amount ?? 0;
  if (amount === 0) return { status: 'sent', id: null };
  const destination = await payoutAccountOf(database, purchase.sellerId);
  const sourceCharge = purchase.payment.chargeId;
  if (destination === undefined || sourceCharge === null) return { status: 'blocked', id: null };
  try {
    const { currency, id: purchaseId } = purchase;
    const sent = await payments.transfer({ purchaseId, amount, currency, destination, sourceCharge }, idempotencyKey);
    return { status: 'sent', id: sent.id };
  } catch (error) {
    if (error instanceof ProviderError && (error.kind === 'refused' || error.kind === 'not_found')) {
      return { status: 'blocked', id: null };
    }
    throw error;
  }
}

async function purchaseToAct(database: Database, { purchaseId }: Pick<StepKey, 'purchaseId'>): Promise<Purchase> {
  const purchase = await findPurchase(database, purchaseId);
  if (purchase === undefined) throw refusal('NO_PURCHASE', `There is no purchase ${purchaseId}.`);
  return purchase;
}

function findRow(purchase: Purchase, event: PurchaseEvent): Transition | undefined {
  return transition(purchase.state, { on: event, kind: purchase.terms.kind });
}

function rowFor(purchase: Purchase, event: PurchaseEvent): Transition {
  const row = findRow(purchase, event);
  if (row === undefined) throw refusal('NOT_ALLOWED_NOW', `"${event}" leads nowhere from ${purchase.state}.`);
  return row;
}

function movesOf(row: Transition, purchase: Purchase, forSeller: number): Move[] {
  const { commissionBasisPoints } = purchase.terms;
  return row.moves(purchase.books, { forSeller, commissionBasisPoints });
}

function intentOf(purchase: Purchase): string {
  if (purchase.payment.intentId === null) throw refusal('NO_PAYMENT', 'The payment of this purchase was never begun.');
  return purchase.payment.intentId;
}

function stepKey(
  { purchaseId, from, actor, atMs }: Omit<PurchaseStep, 'event' | 'from'> & { readonly from?: PurchaseState },
  step: string,
): StepKey {
  const { workflowExecution } = activityInfo();
  return { purchaseId, step, from, actor, atMs, cause: workflowExecution?.runId ?? 'no workflow' };
}

/**
 * The key under which Stripe acts once, for what would otherwise happen twice: a payment, a transfer. Its last part is for
 * the day on which a key has to be given up, because Stripe keeps on replaying its own failure.
 */
const providerKey = (key: StepKey): string => keyOf(key, 1);

/**
 * A key for each attempt, for what Stripe itself does once only: a payment cannot be captured or cancelled twice. So a
 * failure that Stripe keeps under a key does not stand in the way of the next attempt.
 */
const freshKey = (key: StepKey): string => keyOf(key, activityInfo().attempt);

const keyOf = ({ purchaseId, step }: StepKey, epoch: number): string =>
  `${purchaseWorkflowId(purchaseId)}/${step}/${epoch}`;

function standing({ state, deadlineAt, payment, transfer, books }: Purchase): PurchaseStanding {
  return {
    state,
    deadlineMs: deadlineAt?.getTime() ?? null,
    payment: payment.status,
    transfer: transfer.status,
    held: books.held,
  };
}
