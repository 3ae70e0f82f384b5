/** A tax that is part of a price, as it was known when the price was agreed on. */
export interface TaxRate {
  /** What people call it: `VAT`. */
  readonly name: string;
  /** The country whose tax it is, ISO 3166-1 alpha-2. */
  readonly country: string;
  /** Of the price without taxes: 1,900 is 19 %. */
  readonly basisPoints: number;
}
