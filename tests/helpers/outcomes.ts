/** What became of a purchase and its dispute, in their rows, in the ledger, in what was noted and told, and at Stripe. */
import type { PurchaseId } from '../../contracts/ids.ts';
import { auditTrail } from '../../platform/audit.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import { createLogger } from '../../platform/logging.ts';
import { type Dispute, listDisputes, listOffers, listRemarks, listRulings } from '../../services/disputes/index.ts';
import { chargebacksOf, findPurchase, type Purchase, purchaseBalances } from '../../services/transactions/index.ts';
import { findPurchaseOf } from './death.ts';
import { sandboxLog } from './purchases.ts';
import { stack } from './stack.ts';
import { waitFor } from './wait-for.ts';

/** What a purchase has come to: nothing in it depends on when, or under which ids. */
export async function outcomeOf(listingId: string): Promise<Record<string, unknown>> {
  const id = (await findPurchaseOf(listingId)) as PurchaseId;
  const log = await sandboxLog({ transferGroup: id });
  return withDatabase(async (database) => {
    const purchase = await findPurchase(database, id);
    if (purchase === undefined) throw new Error(`there is no purchase ${id}`);
    const { state, payment, transfer, refund, unfinished, deadlineEvent, chargeback, books, slot, proposal } = purchase;
    const trail = await auditTrail(database, 'purchase', id);
    const disputes = await listDisputes(database, id);
    const stock = await database.query('SELECT stock_available FROM marketplace.listings WHERE id = $1', [listingId]);
    return {
      state,
      payment: payment.status,
      transfer: transfer.status,
      refund: refund.status,
      unfinished,
      deadlineEvent,
      chargeback,
      books,
      hasSlot: slot !== null,
      proposedBy: proposal?.by ?? null,
      ledger: await purchaseBalances(database, id),
      atStripe: log.map(({ kind, amount }) => `${kind} ${amount}`).toSorted(),
      audit: trail.map(({ action }) => action).toSorted(),
      events: await eventsOf(database, [id]),
      ...(await asideOf(database, id)),
      disputes: await Promise.all(disputes.map((dispute) => outcomeOfDispute(database, dispute))),
      cases: await casesOf(database, [id, ...disputes.map((dispute) => dispute.id)]),
      stock: stock.rows,
    };
  });
}

/** What stands beside a purchase: its refunds, what its bank did, and what its seller owes by it. */
async function asideOf(database: Database, id: PurchaseId): Promise<Record<string, unknown>> {
  const refunds = await database.query('SELECT amount, status FROM transactions.refunds WHERE purchase_id = $1', [id]);
  const owed = await database.query(
    'SELECT amount, recovered FROM transactions.seller_receivables WHERE purchase_id = $1',
    [id],
  );
  const paidBack = await database.query('SELECT amount FROM transactions.recoveries WHERE purchase_id = $1', [id]);
  const chargebacks = await chargebacksOf(database, id);
  return {
    refunds: sorted(refunds.rows),
    owed: sorted(owed.rows),
    paidBack: sorted(paidBack.rows),
    chargebacks: sorted(
      chargebacks.map(({ status, withdrawn, reinstated, advanced, settled, givenUp, submissions, answeredAt }) => ({
        status,
        withdrawn,
        reinstated,
        advanced,
        settled,
        givenUp,
        submissions,
        answered: answeredAt !== null,
      })),
    ),
  };
}

async function outcomeOfDispute(database: Database, dispute: Dispute): Promise<Record<string, unknown>> {
  const { id, state, deadlineEvent, frozenSince, waived, appealedBy, decision } = dispute;
  const [offers, rulings, remarks, trail] = await Promise.all([
    listOffers(database, id),
    listRulings(database, id),
    listRemarks(database, id),
    auditTrail(database, 'dispute', id),
  ]);
  return {
    state,
    deadlineEvent,
    waived,
    appealedBy,
    frozen: frozenSince !== null,
    decided: decision && `${decision.refund} by ${decision.by}`,
    offers: offers.map(({ madeBy, refund, status }) => `${refund} by ${madeBy}: ${status}`),
    rulings: rulings.map(({ refund, status, onAppeal, approvedBy }) => ({
      refund,
      status,
      onAppeal,
      approved: approvedBy !== null,
    })),
    remarks: remarks.map(({ event }) => event),
    audit: trail.map(({ action }) => action),
    events: await eventsOf(database, [id]),
  };
}

/** What was told, in the order of its names: of what is told at once, either can be first. */
async function eventsOf(database: Database, keys: readonly string[]): Promise<string[]> {
  const text = 'SELECT type FROM outbox.events WHERE key = ANY($1)';
  const { rows } = await database.query<{ type: string }>(text, [keys]);
  return rows.map(({ type }) => type).toSorted();
}

async function casesOf(database: Database, subjects: readonly string[]): Promise<unknown[]> {
  const text = 'SELECT kind, state, decision FROM cases.cases WHERE subject_id = ANY($1)';
  return sorted((await database.query(text, [subjects])).rows);
}

const sorted = (rows: readonly object[]): string[] => rows.map((row) => JSON.stringify(row)).toSorted();

/** What is known of a purchase besides its row. */
export interface Told {
  /** The last dispute about it. */
  readonly dispute: Dispute | undefined;
  /** The types of its events. */
  readonly events: readonly string[];
}

/** Waits until a purchase has ended so, and everything that was begun with it is done. @returns false when it does not */
export function ends(listingId: string, ended: (purchase: Purchase, told: Told) => boolean): Promise<boolean> {
  return withDatabase((database) =>
    waitFor(
      async () => {
        const id = await findPurchaseOf(listingId);
        if (id === undefined) return false;
        const purchase = await findPurchase(database, id as PurchaseId);
        const dispute = (await listDisputes(database, id as PurchaseId)).at(-1);
        const events = await eventsOf(database, [id]);
        return purchase !== undefined && purchase.unfinished === null && ended(purchase, { dispute, events });
      },
      { what: 'the purchase to end', timeoutMs: 45_000 },
    ).catch(() => false),
  );
}

/** Works with the database of the stack, as its roles do. */
export async function withDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
  const database = openDatabase({
    url: stack().databases.app,
    maxConnections: 2,
    applicationName: 'judge',
    log: createLogger({ role: 'test', level: 'error' }),
  });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
