import type { Currency } from '../contracts/money.ts';
import type { TaxRate } from '../contracts/tax.ts';
import { STANDARD_VAT } from './tax-rates.ts';

/** What decides about the taxes of a sale. */
export interface TaxableSale {
  /** ISO 3166-1 alpha-2. */
  readonly sellerCountry: string;
  readonly buyerCountry: string;
  /** Of the listing. */
  readonly category: string;
  /** What the buyer pays, taxes and all, minor units. */
  readonly gross: number;
  readonly currency: Currency;
}

/**
 * Knows which taxes are part of a price. It is asked once, before a purchase is opened and outside of every transaction:
 * it may ask others, and what it throws is tried again.
 */
export interface TaxRates {
  /** @returns the rates, none where no tax is known */
  ratesFor(sale: TaxableSale): Promise<readonly TaxRate[]>;
}

/** The standard rate of the seller's country, whatever is sold and to whom: see docs/decisions/0151. */
export function createFixedTaxRates(): TaxRates {
  return {
    ratesFor: async ({ sellerCountry }) => {
      const basisPoints = STANDARD_VAT.basisPoints[sellerCountry];
      return basisPoints === undefined ? [] : [{ name: 'VAT', country: sellerCountry, basisPoints }];
    },
  };
}
