import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Availability,
  DAYS,
  isEarlyEnough,
  problemOf,
  type SlotTime,
  slotAt,
  slotsBetween,
} from './slot-rules.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

const planned = (timeZone: string, weekly: Availability['weekly'], more: Partial<Availability> = {}): Availability => ({
  timeZone,
  weekly,
  exceptions: [],
  minimumNoticeMinutes: 0,
  ...more,
});

const daily = (from: string, to: string): Availability['weekly'] => DAYS.map((day) => ({ day, from, to }));

const wallTimes = (slots: readonly SlotTime[], timeZone: string): string[] =>
  slots.map(({ startsAt }) =>
    new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' }).format(startsAt),
  );

/** What is booked around the days on which clocks change, and the instants it has to be at. */
const GOLDEN = [
  {
    what: 'spring in Berlin, 28 March 2027',
    timeZone: 'Europe/Berlin',
    from: '2027-03-26T00:00:00+01:00',
    expected: [
      ['2027-03-26 09:00', '2027-03-26T08:00:00.000Z'],
      ['2027-03-27 09:00', '2027-03-27T08:00:00.000Z'],
      ['2027-03-28 09:00', '2027-03-28T07:00:00.000Z'],
      ['2027-03-29 09:00', '2027-03-29T07:00:00.000Z'],
    ],
  },
  {
    what: 'autumn in Berlin, 31 October 2027',
    timeZone: 'Europe/Berlin',
    from: '2027-10-29T00:00:00+02:00',
    expected: [
      ['2027-10-29 09:00', '2027-10-29T07:00:00.000Z'],
      ['2027-10-30 09:00', '2027-10-30T07:00:00.000Z'],
      ['2027-10-31 09:00', '2027-10-31T08:00:00.000Z'],
      ['2027-11-01 09:00', '2027-11-01T08:00:00.000Z'],
    ],
  },
  {
    what: 'spring in New York, 14 March 2027',
    timeZone: 'America/New_York',
    from: '2027-03-12T00:00:00-05:00',
    expected: [
      ['2027-03-12 09:00', '2027-03-12T14:00:00.000Z'],
      ['2027-03-13 09:00', '2027-03-13T14:00:00.000Z'],
      ['2027-03-14 09:00', '2027-03-14T13:00:00.000Z'],
      ['2027-03-15 09:00', '2027-03-15T13:00:00.000Z'],
    ],
  },
  {
    what: 'autumn in New York, 7 November 2027',
    timeZone: 'America/New_York',
    from: '2027-11-05T00:00:00-04:00',
    expected: [
      ['2027-11-05 09:00', '2027-11-05T13:00:00.000Z'],
      ['2027-11-06 09:00', '2027-11-06T13:00:00.000Z'],
      ['2027-11-07 09:00', '2027-11-07T14:00:00.000Z'],
      ['2027-11-08 09:00', '2027-11-08T14:00:00.000Z'],
    ],
  },
] as const;

describe('golden bookings', () => {
  test.each(GOLDEN)('keep their local time: $what', ({ timeZone, from, expected }) => {
    const fromMs = Date.parse(from);
    const slots = slotsBetween(planned(timeZone, daily('09:00', '10:00')), 60, fromMs, fromMs + 4 * DAY_MS);
    const times = wallTimes(slots, timeZone);
    expect(slots.map(({ startsAt }, index) => [times[index], startsAt.toISOString()])).toEqual(expected);
  });
});

describe('in the night in which clocks change', () => {
  const night = planned('Europe/Berlin', daily('01:00', '05:00'));
  const on = (day: string, durationMinutes: number) =>
    wallTimes(
      slotsBetween(night, durationMinutes, Date.parse(`${day}T00:00:00Z`) - DAY_MS / 8, Date.parse(`${day}T12:00:00Z`)),
      'Europe/Berlin',
    ).map((text) => text.slice(11));

  test('sessions whose beginning is skipped are left out', () => {
    expect(on('2027-03-28', 60)).toEqual(['01:00', '03:00', '04:00']);
  });

  test('of two equal times the first counts, and each session lasts as long as ever', () => {
    expect(on('2027-10-31', 60)).toEqual(['01:00', '02:00', '03:00', '04:00']);
  });

  test('one that would begin before the last one has ended is left out', () => {
    // 01:30 for 90 minutes ends at 04:00, since the hour from 02:00 is skipped.
    const plan = planned('Europe/Berlin', [{ day: 'sunday', from: '00:00', to: '06:00' }]);
    const slots = slotsBetween(plan, 90, Date.parse('2027-03-27T23:00:00Z'), Date.parse('2027-03-28T12:00:00Z'));
    expect(wallTimes(slots, 'Europe/Berlin').map((text) => text.slice(11))).toEqual(['00:00', '01:30', '04:30']);
  });
});

describe('the plan', () => {
  const monday = Date.parse('2027-06-07T00:00:00Z');

  test('fills its openings with sessions, as many as fit', () => {
    const plan = planned('UTC', [
      { day: 'monday', from: '14:00', to: '15:00' },
      { day: 'monday', from: '09:00', to: '10:50' },
    ]);
    expect(wallTimes(slotsBetween(plan, 45, monday, monday + 7 * DAY_MS), 'UTC')).toEqual([
      '2027-06-07 09:00',
      '2027-06-07 09:45',
      '2027-06-07 14:00',
    ]);
  });

  test('gives way to exceptions, with other openings or none', () => {
    const exceptions = [
      { date: '2027-06-07', openings: [] },
      { date: '2027-06-08', openings: [{ from: '20:00', to: '24:00' }] },
    ];
    const plan = planned('UTC', daily('09:00', '10:00'), { exceptions });
    expect(wallTimes(slotsBetween(plan, 120, monday, monday + 3 * DAY_MS), 'UTC')).toEqual([
      '2027-06-08 20:00',
      '2027-06-08 22:00',
    ]);
  });

  test('has a session only where one begins', () => {
    const plan = planned('UTC', daily('09:00', '11:00'));
    const nine = monday + 9 * 60 * 60_000;
    expect(slotAt(plan, 60, nine)?.endsAt).toEqual(new Date(nine + 60 * 60_000));
    expect(slotAt(plan, 60, nine + 1)).toBeUndefined();
    expect(slotAt(plan, 60, nine + 30 * 60_000)).toBeUndefined();
  });

  test('asks for notice, to the minute, and never sells the past', () => {
    const plan = planned('UTC', [], { minimumNoticeMinutes: 60 });
    expect(isEarlyEnough(plan, monday, monday - 60 * 60_000)).toBe(true);
    expect(isEarlyEnough(plan, monday, monday - 60 * 60_000 + 1)).toBe(false);
    expect(isEarlyEnough(planned('UTC', []), monday, monday)).toBe(false);
  });

  test('refuses openings that overlap or end before they begin', () => {
    expect(
      problemOf([
        { from: '09:00', to: '10:00' },
        { from: '10:00', to: '24:00' },
      ]),
    ).toBeUndefined();
    expect(problemOf([{ from: '10:00', to: '09:00' }])).toMatch('ends before');
    expect(
      problemOf([
        { from: '09:30', to: '11:00' },
        { from: '09:00', to: '10:00' },
      ]),
    ).toMatch('overlap');
  });

  test('never has two sessions at once, in any zone, on any day', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Casablanca', 'UTC'),
        fc.integer({ min: 15, max: 240 }),
        fc.integer({ min: 0, max: 365 }),
        (timeZone, durationMinutes, day) => {
          const fromMs = Date.parse('2027-01-01T00:00:00Z') + day * DAY_MS;
          const slots = slotsBetween(
            planned(timeZone, daily('00:00', '24:00')),
            durationMinutes,
            fromMs,
            fromMs + 2 * DAY_MS,
          );
          return slots.every(({ startsAt, endsAt }, index) => {
            const next = slots[index + 1];
            return (
              Number(endsAt) - Number(startsAt) === durationMinutes * 60_000 &&
              (next === undefined || next.startsAt >= endsAt)
            );
          });
        },
      ),
      { numRuns: 200 },
    );
  });
});
