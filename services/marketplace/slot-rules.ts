/** When a listing can be booked: a weekly plan on the seller's wall clock, and the days that differ from it. Pure. */
import { Temporal } from 'temporal-polyfill';

export const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
export type Day = (typeof DAYS)[number];

/** A part of a day on the wall clock, as `09:00` to `12:30`; `24:00` is its end. It never goes over midnight. */
export interface Opening {
  readonly from: string;
  readonly to: string;
}

/** What a seller plans. */
export interface Availability {
  /** By its IANA name: `Europe/Berlin`. The plan is read on the wall clocks there. */
  readonly timeZone: string;
  readonly weekly: readonly (Opening & { readonly day: Day })[];
  /** Days, as `2027-12-24`, that have these openings instead of those of their weekday; none at all when it is empty. */
  readonly exceptions: readonly { readonly date: string; readonly openings: readonly Opening[] }[];
  /** How long before it begins a session can be booked at the latest; minutes. */
  readonly minimumNoticeMinutes: number;
}

export const AVAILABILITY_LIMITS = {
  openingsInWeek: 50,
  openingsInDay: 20,
  exceptions: 366,
  /** Thirty days. */
  noticeMinutes: 30 * 24 * 60,
  /** How many days can be looked at in one call. */
  daysListed: 31,
} as const;

/** A time of a session. */
export interface SlotTime {
  readonly startsAt: Date;
  readonly endsAt: Date;
}

/**
 * The times at which sessions begin between two instants, earliest first. Within an opening one follows the other. Sessions
 * begin at the same time on the wall clock all year. Where a clock is put forward, those whose beginning it skips are left
 * out; where it is put back, of two equal times the first counts; and one that would begin before the last one has ended,
 * or end after its opening, is left out.
 * @param durationMinutes how long a session really lasts, whatever the clocks do
 * @param fromMs milliseconds since 1970, included
 * @param toMs milliseconds since 1970, not included
 */
export function slotsBetween(
  availability: Availability,
  durationMinutes: number,
  fromMs: number,
  toMs: number,
): SlotTime[] {
  const { timeZone } = availability;
  const last = dateAt(toMs, timeZone);
  const slots: SlotTime[] = [];
  for (let date = dateAt(fromMs, timeZone); Temporal.PlainDate.compare(date, last) <= 0; date = date.add({ days: 1 })) {
    slots.push(...slotsOn(date, availability, durationMinutes));
  }
  return slots.filter(({ startsAt }) => startsAt.getTime() >= fromMs && startsAt.getTime() < toMs);
}

/** The session that begins at an instant; undefined when the plan has none then. */
export const slotAt = (availability: Availability, durationMinutes: number, startsAtMs: number): SlotTime | undefined =>
  slotsBetween(availability, durationMinutes, startsAtMs, startsAtMs + 1)[0];

/** Whether a session can still be booked. */
export const isEarlyEnough = ({ minimumNoticeMinutes }: Availability, startsAtMs: number, nowMs: number): boolean =>
  startsAtMs > nowMs && startsAtMs - nowMs >= minimumNoticeMinutes * MINUTE_MS;

/** Why a time cannot be booked. */
export type SlotRefusal = 'no_such_slot' | 'too_late_to_book' | 'slot_taken';

/** What is told to somebody who wanted it. */
export const SLOT_REFUSALS = {
  no_such_slot: {
    code: 'NO_SUCH_SLOT',
    message: 'This time is not offered. The times that are: GET /v1/listings/{id}/slots.',
  },
  too_late_to_book: {
    code: 'TOO_LATE_TO_BOOK',
    message: 'This time is past, or too soon to be booked. Choose a later one.',
  },
  slot_taken: { code: 'SLOT_TAKEN', message: 'There is no room left at this time. Choose another one.' },
} as const satisfies Record<SlotRefusal, { readonly code: string; readonly message: string }>;

/** What is wrong with openings of one day, in words; undefined when nothing is. */
export function problemOf(openings: readonly Opening[]): string | undefined {
  const sorted = [...openings].sort((one, other) => minutesOf(one.from) - minutesOf(other.from));
  for (const [index, { from, to }] of sorted.entries()) {
    if (minutesOf(from) >= minutesOf(to)) return `${from} to ${to}: it ends before it begins`;
    const next = sorted[index + 1];
    if (next !== undefined && minutesOf(next.from) < minutesOf(to)) {
      return `${from} to ${to} and ${next.from} to ${next.to} overlap`;
    }
  }
  return undefined;
}

const MINUTE_MS = 60_000;

function slotsOn(date: Temporal.PlainDate, availability: Availability, durationMinutes: number): SlotTime[] {
  const slots: SlotTime[] = [];
  for (const { from, to } of openingsOn(date, availability)) {
    const closesAtMs = zonedAt(date, minutesOf(to), availability.timeZone).epochMilliseconds;
    for (let minute = minutesOf(from); minute + durationMinutes <= minutesOf(to); minute += durationMinutes) {
      const start = zonedAt(date, minute, availability.timeZone);
      const startsAtMs = start.epochMilliseconds;
      const endsAtMs = startsAtMs + durationMinutes * MINUTE_MS;
      const isSkipped = start.hour * 60 + start.minute !== minute;
      const isTaken = startsAtMs < (slots.at(-1)?.endsAt.getTime() ?? startsAtMs);
      if (isSkipped || isTaken || endsAtMs > closesAtMs) continue;
      slots.push({ startsAt: new Date(startsAtMs), endsAt: new Date(endsAtMs) });
    }
  }
  return slots;
}

/** The openings of a day, the first one first. */
function openingsOn(date: Temporal.PlainDate, { weekly, exceptions }: Availability): Opening[] {
  const exception = exceptions.find((one) => one.date === date.toString());
  const openings = exception?.openings ?? weekly.filter(({ day }) => day === DAYS[date.dayOfWeek - 1]);
  return [...openings].sort((one, other) => minutesOf(one.from) - minutesOf(other.from));
}

function minutesOf(time: string): number {
  const [hours = '', minutes = ''] = time.split(':');
  return Number(hours) * 60 + Number(minutes);
}

/** An instant by the wall clock; of two equal times the first, and for one that the clock skips the one an hour later. */
const zonedAt = (date: Temporal.PlainDate, minute: number, timeZone: string): Temporal.ZonedDateTime =>
  date
    .toPlainDateTime({ hour: 0 })
    .add({ minutes: minute })
    .toZonedDateTime(timeZone, { disambiguation: 'compatible' });

const dateAt = (atMs: number, timeZone: string): Temporal.PlainDate =>
  Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timeZone).toPlainDate();
