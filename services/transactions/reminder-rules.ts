/** When the parties of a purchase are reminded of what is coming. Pure. */
import type { PurchaseState } from '../../contracts/purchase.ts';

/** How long before its occasion each reminder comes, in milliseconds. */
export interface ReminderOffsets {
  readonly acceptDeadline: number;
  readonly inspectionEnding: number;
  readonly bookingTomorrow: number;
  readonly bookingSoon: number;
}

/** What is reminded of; whom it reaches and how stands with the notifications. */
export type ReminderName = 'accept_deadline' | 'inspection_ending' | 'booking_tomorrow' | 'booking_soon';

interface ReminderRule {
  readonly name: ReminderName;
  /** The state in which it makes sense; it is not given in any other. */
  readonly state: PurchaseState;
  readonly offset: keyof ReminderOffsets;
  /** What it comes before. */
  readonly occasion: 'deadline' | 'start';
}

export const REMINDERS: readonly ReminderRule[] = [
  { name: 'accept_deadline', state: 'authorised', offset: 'acceptDeadline', occasion: 'deadline' },
  { name: 'inspection_ending', state: 'delivered', offset: 'inspectionEnding', occasion: 'deadline' },
  { name: 'booking_tomorrow', state: 'held', offset: 'bookingTomorrow', occasion: 'start' },
  { name: 'booking_soon', state: 'held', offset: 'bookingSoon', occasion: 'start' },
];

/** A reminder to be given. */
export interface Reminder {
  readonly name: ReminderName;
  /** When, in milliseconds since 1970. */
  readonly atMs: number;
  /** What it reminds of: the deadline, or the beginning of the booking. */
  readonly dueMs: number;
}

/** What the reminders of a state are counted from, in milliseconds since 1970. */
export interface Occasions {
  /** Since when the deadline and the start are what they are: a reminder of before that has nothing to say. */
  readonly knownSinceMs: number;
  readonly deadlineMs: number | null;
  readonly startsAtMs: number | null;
}

/** The reminders that come in a state, the next one first. */
export function remindersOf(
  state: PurchaseState,
  offsets: ReminderOffsets | undefined,
  { knownSinceMs, deadlineMs, startsAtMs }: Occasions,
): Reminder[] {
  if (offsets === undefined) return [];
  return REMINDERS.filter((rule) => rule.state === state)
    .flatMap(({ name, offset, occasion }) => {
      const dueMs = occasion === 'start' ? startsAtMs : deadlineMs;
      return dueMs === null ? [] : [{ name, atMs: dueMs - offsets[offset], dueMs }];
    })
    .filter(({ atMs }) => atMs > knownSinceMs)
    .sort((one, other) => one.atMs - other.atMs);
}
