/** What receipts and invoices say of a purchase, in figures. Pure. */
import type { Books } from './money.ts';

/** `receipt`: the buyer's, on behalf of the seller. `commission`: Wellpact's, to the seller. */
export type InvoiceKind = 'receipt' | 'commission';

/** Minor units. An invoice whose figures have changed since is replaced by another one. */
export interface InvoiceFigures {
  /** `receipt`: the price, paid by the buyer and, for a discount, by Wellpact. `commission`: what the seller gets of it, gross. */
  readonly gross: number;
  /** As it was agreed on. */
  readonly discount: number;
  readonly refunded: number;
  readonly chargedBack: number;
  /** What is left of it: paid by the buyer in the end, or kept by Wellpact. */
  readonly total: number;
  /** Of a discounted purchase: what is left of the price, which the taxes are within, whoever paid it. */
  readonly taxed?: number;
}

/**
 * @param discount what Wellpact has agreed to pay of the price, minor units
 * @returns undefined while there is nothing to say: nothing was paid, or nothing earned yet
 */
export function invoiceFigures(kind: InvoiceKind, books: Books, discount = 0): InvoiceFigures | undefined {
  const { captured, platformFunded, refunded, chargedBack, fees } = books;
  if (kind === 'commission') {
    const gross = Math.max(books.payable + books.transferred + books.recovered + fees - books.advanced, 0);
    return gross === 0 && fees === 0 ? undefined : { ...NOTHING, gross, total: fees };
  }
  if (captured === 0) return undefined;
  const total = Math.max(captured - refunded - chargedBack, 0);
  const figures = { gross: captured + discount, discount, refunded, chargedBack, total };
  return discount === 0 ? figures : { ...figures, taxed: total + platformFunded };
}

export const NOTHING: InvoiceFigures = { gross: 0, discount: 0, refunded: 0, chargedBack: 0, total: 0 };

/** `R-2026-000042`. */
export const invoiceNumber = (kind: InvoiceKind, year: number, number: number): string =>
  `${kind === 'receipt' ? 'R' : 'C'}-${year}-${String(number).padStart(6, '0')}`;
