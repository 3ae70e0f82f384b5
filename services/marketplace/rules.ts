/** The rules of listings: pure, without input or output. */
import { CURRENCIES, type Currency, MAXIMUM_CHARGE } from '../../contracts/money.ts';

export const LISTING_STATES = ['draft', 'published', 'paused'] as const;
export type ListingState = (typeof LISTING_STATES)[number];

export const LISTING_KINDS = ['goods', 'booking'] as const;
export type ListingKind = (typeof LISTING_KINDS)[number];

/** What a wellness marketplace has on its shelves. */
export const CATEGORIES = [
  'massage',
  'yoga_and_pilates',
  'fitness_equipment',
  'nutrition',
  'aromatherapy',
  'skin_care',
  'sleep_and_relaxation',
  'meditation',
  'recovery_and_therapy_aids',
  'books_and_courses',
] as const;
export type Category = (typeof CATEGORIES)[number];

/** Days that a seller has from the payment to the delivery, unless the listing says otherwise. */
export const HANDLING_DAYS = { minimum: 1, maximum: 30, usual: 14 } as const;
/** How long one session of a booking lasts, in minutes. */
export const DURATION_MINUTES = { minimum: 15, maximum: 24 * 60 } as const;
/** Seats of one session at the most. */
export const MAXIMUM_SEATS = 100;

/** What a buyer who cancels a booking gets back; the tiers of each stand in the policy of purchases. */
export const CANCELLATION_POLICIES = ['flexible', 'moderate', 'strict'] as const;
export type CancellationPolicy = (typeof CANCELLATION_POLICIES)[number];

/** Pieces of one listing at the most. */
export const MAXIMUM_STOCK = 100_000;

export type ListingCommand = 'publish' | 'pause';

/** No command leads back to a draft. */
type ReachedState = Exclude<ListingState, 'draft'>;

/** Which command leads from which state to which. A command whose target is the state itself changes nothing. */
export const LISTING_TRANSITIONS: Readonly<
  Record<ListingState, Readonly<Partial<Record<ListingCommand, ReachedState>>>>
> = {
  draft: { publish: 'published' },
  published: { publish: 'published', pause: 'paused' },
  paused: { publish: 'published', pause: 'paused' },
};

/** @returns undefined when the command is not allowed in this state */
export const nextListingState = (from: ListingState, command: ListingCommand): ReachedState | undefined =>
  LISTING_TRANSITIONS[from][command];

/** What one piece may cost, in minor units: what Stripe can charge for it. */
export const priceLimits = (currency: Currency): { readonly minimum: number; readonly maximum: number } => ({
  minimum: CURRENCIES[currency].minimumCharge,
  maximum: MAXIMUM_CHARGE,
});

/**
 * What is left to sell when the seller says anew how many there are in all, sold and reserved ones included: those stay
 * what they are. @returns undefined when there are already more sold and reserved than that
 */
export function availableAfter(
  stock: { readonly total: number; readonly available: number },
  newTotal: number,
): number | undefined {
  const taken = stock.total - stock.available;
  return newTotal >= taken ? newTotal - taken : undefined;
}
