/** Receipts and invoices of purchases: issued when they are first asked for, and anew when their figures have changed. */
import type { PurchaseId } from '../../contracts/ids.ts';
import { canonicalJson } from '../../platform/audit.ts';
import type { Database, Tx } from '../../platform/database.ts';
import { type InvoiceFigures, type InvoiceKind, invoiceFigures, invoiceNumber, NOTHING } from './invoice-rules.ts';
import { findPurchase } from './store.ts';

export interface Invoice {
  readonly number: string;
  readonly issuedAt: Date;
  readonly figures: InvoiceFigures;
  /** The number of the one that it takes the place of. */
  readonly replaces: string | null;
}

interface Row {
  year: number;
  number: number;
  version: number;
  figures: InvoiceFigures;
  issued_at: Date;
}

/**
 * The invoice of a purchase as its books are now. Its number is given in the same transaction, so that none is lost.
 * @returns undefined when there is nothing to invoice, and never was
 */
export async function issueInvoice(
  db: Database,
  purchaseId: PurchaseId,
  kind: InvoiceKind,
  at: Date,
): Promise<Invoice | undefined> {
  return db.transaction(async (tx) => {
    await tx.query({
      name: 'invoice_lock',
      text: `SELECT pg_advisory_xact_lock(hashtextextended('invoice/' || $1 || '/' || $2, 0))`,
      values: [kind, purchaseId],
    });
    const purchase = await findPurchase(tx, purchaseId);
    if (purchase === undefined) return undefined;
    const [latest, before] = await issued(tx, purchaseId, kind);
    const now = invoiceFigures(kind, purchase.books, purchase.terms.discount?.amount) ?? (latest && NOTHING);
    if (now === undefined) return undefined;
    if (latest !== undefined && canonicalJson(latest.figures) === canonicalJson(now)) {
      return invoiceOf(kind, latest, before);
    }
    const year = at.getUTCFullYear();
    const number = await nextNumber(tx, kind, year);
    const row: Row = { year, number, version: (latest?.version ?? 0) + 1, figures: now, issued_at: at };
    await tx.query({
      name: 'invoice_insert',
      text: `INSERT INTO transactions.invoices (kind, year, number, purchase_id, version, figures, issued_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      values: [kind, year, number, purchaseId, row.version, JSON.stringify(now), at],
    });
    return invoiceOf(kind, row, latest);
  });
}

/** The newest one, and the one before it. */
async function issued(tx: Tx, purchaseId: PurchaseId, kind: InvoiceKind): Promise<Row[]> {
  const { rows } = await tx.query<{ [Member in keyof Row]: Row[Member] }>({
    name: 'invoice_issued',
    text: `SELECT year, number, version, figures, issued_at FROM transactions.invoices
            WHERE purchase_id = $1 AND kind = $2 ORDER BY version DESC LIMIT 2`,
    values: [purchaseId, kind],
  });
  return rows;
}

/** Whoever asks next waits until this one is committed, or has it back. */
async function nextNumber(tx: Tx, kind: InvoiceKind, year: number): Promise<number> {
  const { rows } = await tx.query<{ last: number }>({
    name: 'invoice_number',
    text: `INSERT INTO transactions.invoice_numbers (kind, year, last) VALUES ($1, $2, 1)
           ON CONFLICT (kind, year) DO UPDATE SET last = transactions.invoice_numbers.last + 1 RETURNING last`,
    values: [kind, year],
  });
  const last = rows[0]?.last;
  if (last === undefined) throw new Error('no number was given');
  return last;
}

const invoiceOf = (kind: InvoiceKind, row: Row, before: Row | undefined): Invoice => ({
  number: invoiceNumber(kind, row.year, row.number),
  issuedAt: row.issued_at,
  figures: row.figures,
  replaces: before === undefined ? null : invoiceNumber(kind, before.year, before.number),
});
