/** The chargebacks of purchases: a row for each dispute that Stripe shows, and what they mean together. */
import type { PurchaseId } from '../../contracts/ids.ts';
import type { Currency } from '../../contracts/money.ts';
import type { Database, Queryable, Tx } from '../../platform/database.ts';
import { emit } from '../../platform/outbox.ts';
import {
  awaitedOf,
  type ChargebackRecord,
  type ChargebackTimes,
  type ChargebackView,
  type Funds,
  isAllBack,
  isLive,
  isNewer,
  isToSettle,
  type Noted,
  note,
  overdueOf,
  overlayOf,
  owedAfter,
  owedGiven,
  type Recovery,
  type Reversed,
  recoveryMoves,
  recoveryOf,
  sheetOf,
  versionOf,
} from './chargeback-rules.ts';
import { discountDue } from './discount-rules.ts';
import { applyMoves, type Books, type MoveName, nonZero } from './money.ts';
import { type OpenDispute, type Purchase, unblocked } from './purchase-record.ts';
import { insertReceivable } from './receivables.ts';
import { isFinal, transition } from './rules.ts';
import { commitStep, type DisputeFee, type StepChange, type StepKey } from './steps.ts';
import { commissionRateOf } from './terms-rules.ts';
import type { Transition } from './transition-rules.ts';

/** One of them as it is stored: of the bank's own words its reason alone, which is one of Stripe's. */
export interface StoredChargeback extends ChargebackRecord {
  readonly purchaseId: PurchaseId;
  readonly currency: Currency;
  /** Stripe's word: `product_not_received`. */
  readonly reason: string;
  readonly openedAt: Date;
  /** When we first saw it. */
  readonly seenAt: Date;
  /** When evidence was submitted by us; null when it was not. */
  readonly answeredAt: Date | null;
  readonly closedAt: Date | null;
}

/** What Stripe shows of one, besides what the rules ask. */
export interface SeenChargeback extends ChargebackView {
  readonly currency: string;
  readonly reason: string;
  readonly openedMs: number;
  readonly fees: readonly DisputeFee[];
}

const COLUMNS = `id, purchase_id AS "purchaseId", status, amount, currency, reason, due_at AS "dueAt", withdrawn, reinstated,
  movements, submissions, advanced, settled, given_up AS "givenUp", funds, reminded_at IS NOT NULL AS reminded,
  opened_at AS "openedAt", seen_at AS "seenAt",
  answered_at AS "answeredAt", closed_at AS "closedAt"`;

type Row = Omit<StoredChargeback, 'dueMs' | 'closedMs'> & { readonly dueAt: Date | null } & Record<string, unknown>;

const fromRow = ({ dueAt, ...row }: Row): StoredChargeback => ({
  ...row,
  dueMs: dueAt?.getTime() ?? null,
  closedMs: row.closedAt?.getTime() ?? null,
});

/** A buyer's bank opens one or two of them; more than this is a provider gone mad. */
const MAX_CHARGEBACKS = 100;

/** All of a purchase, in the order of their ids. */
export async function chargebacksOf(db: Queryable, purchaseId: PurchaseId): Promise<StoredChargeback[]> {
  const { rows } = await db.query<Row>({
    name: 'chargebacks_of_purchase',
    text: `SELECT ${COLUMNS} FROM transactions.chargebacks WHERE purchase_id = $1 ORDER BY id LIMIT ${MAX_CHARGEBACKS}`,
    values: [purchaseId],
  });
  return rows.map(fromRow);
}

/** What a step about a chargeback has come to. */
export interface ChargebackOutcome {
  readonly purchase: Purchase;
  /** None of them goes on any more: every bank has decided, and the money is where that says. */
  readonly allClosed: boolean;
  /** Money has moved: what was set aside of the seller's part before may be more than there is by now. */
  readonly moved: boolean;
  /** Of what was decided, what finance were told is overdue, and still is. */
  readonly overdue: ReturnType<typeof overdueOf>;
  /** Money came back, or was taken again, about which no rule says whose it is: it is in the books as `suspense`. */
  readonly suspenseMoved: boolean;
  /** The row that it has followed; undefined when its state stayed. */
  readonly row: Transition | undefined;
  /** The dispute of buyer and seller that this has overtaken; null when it has not, or there was none. */
  readonly overtaken: OpenDispute | null;
}

/**
 * Notes what Stripe shows of a chargeback: its row, the money that moved, what lies over the purchase, and, when the buyer
 * has everything back and nothing goes on, the end of the purchase. Whatever state it is in: a fact is never refused. What is
 * older than what is known changes nothing.
 * @param key its `step` names the chargeback and is completed by the version that is noted
 */
export async function noteChargeback(
  db: Database,
  key: Omit<StepKey, 'step' | 'from'>,
  seen: SeenChargeback,
  times: ChargebackTimes,
  also: (tx: Tx, outcome: ChargebackOutcome) => Promise<unknown>,
): Promise<Purchase> {
  const step = `noteChargeback/${seen.id}/${versionOf(seen)}`;
  let [allClosed, moved, suspenseMoved] = [false, false, false];
  let overdue: ChargebackOutcome['overdue'];
  let row: Transition | undefined;
  let overtaken: OpenDispute | null = null;
  return commitStep(
    db,
    { ...key, step, from: 'any' },
    async (purchase, tx) => {
      const known = await chargebacksOf(tx, purchase.id);
      const before = known.find(({ id }) => id === seen.id);
      if (!isNewer(seen, before)) return undefined;
      const noted = note(purchase.books, before, seen, { nowMs: key.atMs, isOver: isFinal(purchase.state) });
      await write(tx, purchase, seen, noted, key.atMs);
      const all = [...known.filter(({ id }) => id !== seen.id), noted.record];
      allClosed = !isLive(overlayOf(all));
      overdue = overdueOf(all);
      moved = noted.moves.length > 0;
      suspenseMoved = noted.moves.some(({ name }) => OF_SUSPENSE.includes(name));
      const shown = { moves: noted.moves, disputeFees: seen.fees, reference: seen.id };
      const change = changeOf(purchase, all, shown, { ...times, nowMs: key.atMs });
      if (change.to !== undefined) [row, overtaken] = [endOf(purchase), purchase.dispute];
      return change;
    },
    (tx, purchase) => also(tx, { purchase, allClosed, moved, overdue, suspenseMoved, row, overtaken }),
  );
}

/** What finance decide about has become more, or less. */
const OF_SUSPENSE: readonly MoveName[] = ['chargebackWonLate', 'chargeBackSuspense'];

/** What of a discount goes back with what banks keep; minor units. */
function discountDueFor({ terms }: Purchase, books: Books, all: readonly ChargebackRecord[]): number {
  const taken = (some: readonly ChargebackRecord[]): number =>
    some.reduce((sum, { withdrawn, reinstated }) => sum + withdrawn - reinstated, 0);
  const undecided = taken(all.filter((one) => isLive(overlayOf([one]))));
  return discountDue(books, { agreed: terms.discount?.amount ?? 0, kept: taken(all) - undecided, undecided });
}

/** What all chargebacks together change about the purchase. */
function changeOf(
  purchase: Purchase,
  all: readonly ChargebackRecord[],
  change: StepChange,
  when: ChargebackTimes & { readonly nowMs: number },
): StepChange {
  const chargeback = overlayOf(all);
  const { amount: toppedUp } = change.topUp ?? purchase.topUp ?? { amount: 0 };
  const chargebackSheet = sheetOf(all, { ...when, toppedUp });
  const moved = applyMoves(purchase.books, change.moves ?? []);
  const unearned = nonZero([
    { name: 'returnDiscountHeld', amount: Math.min(discountDueFor(purchase, moved, all), moved.held) },
  ]);
  const after = applyMoves(moved, unearned);
  const row = endOf(purchase);
  const ends = row !== undefined && !isLive(chargeback) && chargebackSheet.next === null && isEmpty(after);
  return {
    ...change,
    moves: [...(change.moves ?? []), ...unearned],
    chargeback,
    chargebackSheet,
    ...(ends && { to: row.to, ...(purchase.unfinished !== null && { unfinished: null }) }),
  };
}

/** Where it leads when the bank has taken everything; undefined where it is over already. */
const endOf = ({ state, terms }: Purchase): Transition | undefined =>
  transition(state, { on: 'charged_back', by: 'provider', kind: terms.kind });

/** The buyer has everything back, and nobody has anything of it. */
const isEmpty = (books: Books): boolean => isAllBack(books) && books.held === 0;

async function write(
  tx: Tx,
  { id }: Purchase,
  { currency, reason, openedMs }: SeenChargeback,
  { record }: Noted,
  atMs: number,
): Promise<void> {
  await tx.query({
    name: 'chargeback_write',
    text: `INSERT INTO transactions.chargebacks (id, purchase_id, status, amount, currency, reason, due_at, withdrawn,
             reinstated, movements, submissions, advanced, opened_at, seen_at, closed_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
           ON CONFLICT (id) DO UPDATE
              SET status = excluded.status, amount = excluded.amount, reason = excluded.reason, due_at = excluded.due_at,
                  withdrawn = excluded.withdrawn, reinstated = excluded.reinstated, movements = excluded.movements,
                  submissions = excluded.submissions, advanced = excluded.advanced,
                  given_up = chargebacks.given_up AND excluded.status <> 'needs_response',
                  reminded_at = CASE WHEN $16 THEN chargebacks.reminded_at END,
                  closed_at = excluded.closed_at`,
    values: [
      record.id,
      id,
      record.status,
      record.amount,
      currency,
      reason,
      record.dueMs === null ? null : new Date(record.dueMs),
      record.withdrawn,
      record.reinstated,
      record.movements,
      record.submissions,
      record.advanced,
      new Date(openedMs),
      new Date(atMs),
      record.closedMs === null ? null : new Date(record.closedMs),
      record.reminded,
    ],
  });
}

/** Who bears a chargeback that the bank keeps; undefined when that is settled, or there is nothing to settle. */
export async function chargebackToSettle(
  db: Queryable,
  purchase: Purchase,
  chargebackId: string,
): Promise<Recovery | undefined> {
  const { id, books, terms } = purchase;
  const all = await chargebacksOf(db, id);
  const found = all.find((one) => one.id === chargebackId);
  if (found === undefined || !isToSettle(found)) return undefined;
  const allAdvanced = all.filter(({ settled }) => !settled).reduce((sum, { advanced }) => sum + advanced, 0);
  // What the bank has given in place of a refund that came back is back once, not twice.
  const owedToBuyer = books.owedToBuyer - owedGiven(books, found.advanced);
  const discount = discountDueFor(purchase, { ...books, owedToBuyer }, all);
  const borne = { advanced: found.advanced, allAdvanced, discount, toppedUp: purchase.topUp?.amount ?? 0 };
  return recoveryOf(books, borne, commissionRateOf(terms));
}

/**
 * Settles a chargeback that the bank keeps, once: what was put in for it is repaid by those who bear it.
 * @param settlement with the reversal by which the seller's part came back; without one the seller owes that, and it stays
 *   put in
 */
export async function settleChargeback(
  db: Database,
  key: StepKey,
  {
    chargebackId,
    recovery,
    reversalId,
    times,
  }: {
    readonly chargebackId: string;
    readonly recovery: Recovery;
    readonly reversalId: string | undefined;
    readonly times: ChargebackTimes;
  },
  also: (tx: Tx, outcome: ChargebackEnd) => Promise<unknown>,
): Promise<Purchase> {
  let row: Transition | undefined;
  let overtaken: OpenDispute | null = null;
  return commitStep(
    db,
    key,
    async (purchase, tx) => {
      const reversed = reversalId !== undefined;
      const moves = recoveryMoves(recovery, reversedBy(reversalId));
      const repaid = moves.reduce((sum, { name, amount }) => (name.startsWith('repayAdvance') ? sum + amount : sum), 0);
      await tx.query({
        name: 'chargeback_settle',
        text: 'UPDATE transactions.chargebacks SET settled = true, advanced = advanced - $2 WHERE id = $1',
        values: [chargebackId, repaid],
      });
      const all = await chargebacksOf(tx, purchase.id);
      const { payable } = applyMoves(purchase.books, moves);
      const transfer =
        reversed && recovery.reversal > 0
          ? ({ transfer: { status: 'reversed' } } as const)
          : purchase.transfer.status === 'blocked' && payable === 0
            ? ({ transfer: { status: unblocked(purchase) } } as const)
            : {};
      const change = { moves, ...transfer, ...(reversalId !== undefined && { reference: reversalId }) };
      const changed = changeOf(purchase, all, change, { ...times, nowMs: key.atMs });
      if (changed.to !== undefined) [row, overtaken] = [endOf(purchase), purchase.dispute];
      return changed;
    },
    async (tx, purchase) => {
      const owed = owedAfter(recovery, reversedBy(reversalId));
      if (owed > 0) await insertReceivable(tx, purchase, key.step, owed);
      await also(tx, { purchase, moved: true, row, overtaken });
    },
  );
}

/** What a step about a chargeback may have ended. */
export type ChargebackEnd = Pick<ChargebackOutcome, 'purchase' | 'moved' | 'row' | 'overtaken'>;

/** Notes that what the seller was sent from Wellpact's own balance came back: it is to repay what the bank keeps. */
export async function noteTopUpReversed(
  db: Database,
  key: StepKey,
  { amount, reversalId }: { readonly amount: number; readonly reversalId: string },
): Promise<Purchase> {
  return commitStep(db, key, ({ topUp }) => ({
    moves: [{ name: 'reverseTopUp', amount }],
    reference: reversalId,
    ...(topUp !== null && { topUp: { ...topUp, amount: topUp.amount - amount } }),
  }));
}

/** What came from Wellpact's own balance was asked for before, in a step of its own: what is left of it was refused. */
const reversedBy = (reversalId: string | undefined): Reversed => ({
  reversal: reversalId !== undefined,
  topUpReversal: false,
});

/**
 * Reminds finance and the seller, once, that evidence about a chargeback is submitted soon. One that is answered by now, or
 * needs no answer any more, is not reminded of.
 */
export async function remindOfEvidence(
  db: Database,
  key: StepKey,
  chargebackId: string,
  times: ChargebackTimes,
): Promise<Purchase> {
  return commitStep(
    db,
    key,
    async (purchase, tx) => {
      await tx.query({
        name: 'chargeback_remind',
        text: 'UPDATE transactions.chargebacks SET reminded_at = $2 WHERE id = $1',
        values: [chargebackId, new Date(key.atMs)],
      });
      return changeOf(purchase, await chargebacksOf(tx, purchase.id), {}, { nowMs: key.atMs, ...times });
    },
    async (tx, { id, buyerId, sellerId, chargebackSheet }) => {
      const next = chargebackSheet?.next;
      if (next?.what !== 'answer' || next.chargebackId !== chargebackId) return;
      const dueAt = new Date(next.atMs).toISOString();
      const data = { purchaseId: id, buyerId, sellerId, reminder: 'chargeback_evidence', dueAt };
      await emit(tx, { type: 'purchase.reminder', key: id, data });
    },
  );
}

/** Notes that no evidence is to be sent any more: it was accepted, or came too late. */
export async function giveUpEvidence(
  db: Database,
  key: StepKey,
  chargebackId: string,
  times: ChargebackTimes,
  also: (tx: Tx, purchase: Purchase) => Promise<unknown>,
): Promise<Purchase> {
  return commitStep(
    db,
    key,
    async (purchase, tx) => {
      await tx.query({
        name: 'chargeback_give_up',
        text: 'UPDATE transactions.chargebacks SET given_up = true WHERE id = $1',
        values: [chargebackId],
      });
      return changeOf(purchase, await chargebacksOf(tx, purchase.id), {}, { ...times, nowMs: key.atMs });
    },
    also,
  );
}

/**
 * Notes of money that has not moved as the bank decided that finance was told, or that they take it as it stands: then it is
 * over. Of one whose money has come meanwhile nothing is noted.
 */
export async function noteFunds(
  db: Database,
  key: StepKey,
  { chargebackId, funds, ...times }: ChargebackTimes & { readonly chargebackId: string; readonly funds: Funds },
  also: (tx: Tx, outcome: ChargebackOutcome) => Promise<unknown>,
): Promise<Purchase> {
  let allClosed = false;
  let overdue: ChargebackOutcome['overdue'];
  let row: Transition | undefined;
  let overtaken: OpenDispute | null = null;
  return commitStep(
    db,
    key,
    async (purchase, tx) => {
      const known = await chargebacksOf(tx, purchase.id);
      const one = known.find(({ id }) => id === chargebackId);
      if (one === undefined || awaitedOf(one) === 0) return undefined;
      await tx.query({
        name: 'chargeback_note_funds',
        text: 'UPDATE transactions.chargebacks SET funds = $2 WHERE id = $1',
        values: [chargebackId, funds],
      });
      const all = [...known.filter(({ id }) => id !== chargebackId), { ...one, funds }];
      allClosed = !isLive(overlayOf(all));
      overdue = overdueOf(all);
      const change = changeOf(purchase, all, {}, { ...times, nowMs: key.atMs });
      if (change.to !== undefined) [row, overtaken] = [endOf(purchase), purchase.dispute];
      return change;
    },
    (tx, purchase) => also(tx, { purchase, allClosed, moved: false, overdue, suspenseMoved: false, row, overtaken }),
  );
}
