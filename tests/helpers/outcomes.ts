/** What became of a purchase, in the row, in the ledger, in what was noted and told, and at Stripe. */
import type { PurchaseId } from '../../contracts/ids.ts';
import { auditTrail } from '../../platform/audit.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import { createLogger } from '../../platform/logging.ts';
import { findPurchase, type Purchase, purchaseBalances } from '../../services/transactions/index.ts';
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
    const events = await database.query<{ type: string }>('SELECT type FROM outbox.events WHERE key = $1', [id]);
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
      events: events.rows.map(({ type }) => type).toSorted(),
      stock: stock.rows,
    };
  });
}

/** Waits until a purchase has ended so, and everything that was begun with it is done. @returns false when it does not */
export function ends(listingId: string, ended: (purchase: Purchase) => boolean): Promise<boolean> {
  return withDatabase((database) =>
    waitFor(
      async () => {
        const id = await findPurchaseOf(listingId);
        const purchase = id === undefined ? undefined : await findPurchase(database, id as PurchaseId);
        return purchase !== undefined && purchase.unfinished === null && ended(purchase);
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
