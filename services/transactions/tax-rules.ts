/** Taxes that are part of a price. They are shown, and move no money: the seller gets them, and owes them. Pure. */
import type { TaxRate } from '../../contracts/tax.ts';
import { shares } from './cancellation-rules.ts';

export interface TaxLine extends TaxRate {
  /** Minor units. */
  readonly amount: number;
}

export interface TaxedAmount {
  /** Without the taxes. */
  readonly net: number;
  readonly taxes: readonly TaxLine[];
}

/**
 * Takes a gross amount apart: net and taxes add up to it, to the last unit, by largest remainder.
 * @param gross minor units, 0 or more, taxes included
 */
export function taxesWithin(gross: number, rates: readonly TaxRate[]): TaxedAmount {
  const [net = gross, ...amounts] = shares<readonly number[]>(gross, [WHOLE, ...rates.map((rate) => rate.basisPoints)]);
  return { net, taxes: rates.map((rate, index) => ({ ...rate, amount: amounts[index] ?? 0 })) };
}

const WHOLE = 10_000;
