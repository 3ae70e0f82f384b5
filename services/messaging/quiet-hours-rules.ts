/** The rule of quiet hours: when a message may reach a person. Pure. */
import { Temporal } from 'temporal-polyfill';

/** A span of every day on the person's own clock, `HH:MM`; one that begins later than it ends goes over midnight. */
export interface QuietHours {
  readonly from: string;
  readonly until: string;
}

/** A message waits for the end of quiet hours only if so much time is left then to do something about it. */
export const LEAST_LEAD_MS = 30 * 60 * 1_000;

/** When something is to be said. */
export interface Timing {
  readonly nowMs: number;
  /** IANA. */
  readonly timeZone: string;
  readonly quietHours: QuietHours | null;
  /** When it is too late for it, milliseconds since 1970. */
  readonly tooLateMs?: number;
}

/**
 * The earliest moment at which a message may go out, milliseconds since 1970: now, or the end of the quiet hours that run.
 * What would then come less than {@link LEAST_LEAD_MS} before it is too late goes out at once.
 */
export function earliestMs({ nowMs, timeZone, quietHours, tooLateMs = Number.POSITIVE_INFINITY }: Timing): number {
  const endMs = quietHours === null ? nowMs : endOfQuietMs(nowMs, timeZone, quietHours);
  return endMs + LEAST_LEAD_MS <= tooLateMs ? endMs : nowMs;
}

/**
 * The end of the quiet hours that run at this moment; the moment itself when none do. Read off the wall clock: an end that
 * the clock skips is when it has skipped it, and of an end that comes twice in one night the next one counts.
 */
function endOfQuietMs(nowMs: number, timeZone: string, { from, until }: QuietHours): number {
  const now = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(timeZone);
  const time = now.toPlainTime();
  const hasBegun = Temporal.PlainTime.compare(time, from) >= 0;
  const isBeforeEnd = Temporal.PlainTime.compare(time, until) < 0;
  const isOvernight = Temporal.PlainTime.compare(from, until) > 0;
  if (isOvernight ? !hasBegun && !isBeforeEnd : !hasBegun || !isBeforeEnd) return nowMs;
  const day = isOvernight && hasBegun ? now.toPlainDate().add({ days: 1 }) : now.toPlainDate();
  const end = day.toPlainDateTime(until);
  const first = end.toZonedDateTime(timeZone, { disambiguation: 'earlier' }).epochMilliseconds;
  const skipped = end.toZonedDateTime(timeZone, { disambiguation: 'later' });
  // An end in a gap is read as just after it: "earlier" would be an hour too soon on the wall.
  const isSkipped = !skipped.toPlainDateTime().equals(end);
  if (isSkipped) return skipped.getTimeZoneTransition('previous')?.epochMilliseconds ?? skipped.epochMilliseconds;
  return first > nowMs ? first : skipped.epochMilliseconds;
}
