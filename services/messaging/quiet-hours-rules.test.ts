import { describe, expect, test } from 'vitest';
import { earliestMs, type QuietHours } from './quiet-hours-rules.ts';

const NIGHT: QuietHours = { from: '22:00', until: '07:00' };
const NOON: QuietHours = { from: '12:00', until: '13:30' };

const earliest = (now: string, quietHours: QuietHours | null, timeZone = 'Europe/Berlin', tooLate?: string): string =>
  new Date(
    earliestMs({
      nowMs: Date.parse(now),
      timeZone,
      quietHours,
      ...(tooLate !== undefined && { tooLateMs: Date.parse(tooLate) }),
    }),
  ).toISOString();

describe('quiet hours', () => {
  test.each([
    ['in the evening, until the next morning', '2027-01-10T21:30:00.000Z', NIGHT, '2027-01-11T06:00:00.000Z'],
    ['in the morning, until this morning', '2027-01-11T02:00:00.000Z', NIGHT, '2027-01-11T06:00:00.000Z'],
    ['at their beginning', '2027-01-10T21:00:00.000Z', NIGHT, '2027-01-11T06:00:00.000Z'],
    ['at their end, not at all', '2027-01-11T06:00:00.000Z', NIGHT, '2027-01-11T06:00:00.000Z'],
    ['by day, not at all', '2027-01-11T12:00:00.000Z', NIGHT, '2027-01-11T12:00:00.000Z'],
    ['within one day', '2027-01-11T11:45:00.000Z', NOON, '2027-01-11T12:30:00.000Z'],
    ['before those of one day, not at all', '2027-01-11T10:45:00.000Z', NOON, '2027-01-11T10:45:00.000Z'],
  ])('hold a message back %s', (_when, now, quiet, expected) => {
    expect(earliest(now, quiet)).toBe(expected);
  });

  test('nobody who has none waits', () => {
    expect(earliest('2027-01-11T02:00:00.000Z', null)).toBe('2027-01-11T02:00:00.000Z');
  });

  test('are those of the person’s own clock', () => {
    expect(earliest('2027-01-11T04:00:00.000Z', NIGHT, 'America/New_York')).toBe('2027-01-11T12:00:00.000Z');
    expect(earliest('2027-01-11T04:00:00.000Z', NIGHT, 'Asia/Tokyo')).toBe('2027-01-11T04:00:00.000Z');
  });
});

describe('when the clocks change', () => {
  test('a night is an hour shorter in spring and an hour longer in autumn', () => {
    expect(earliest('2027-03-27T22:00:00.000Z', NIGHT)).toBe('2027-03-28T05:00:00.000Z');
    expect(earliest('2027-10-30T21:00:00.000Z', NIGHT)).toBe('2027-10-31T06:00:00.000Z');
  });

  test('an end that is skipped is when the clock has skipped it', () => {
    const quiet = { from: '22:00', until: '02:30' };
    expect(earliest('2027-03-28T00:30:00.000Z', quiet)).toBe('2027-03-28T01:00:00.000Z');
  });

  test('an end that comes twice is the next one', () => {
    const quiet = { from: '22:00', until: '02:30' };
    expect(earliest('2027-10-31T00:10:00.000Z', quiet)).toBe('2027-10-31T00:30:00.000Z');
    expect(earliest('2027-10-31T01:10:00.000Z', quiet)).toBe('2027-10-31T01:30:00.000Z');
  });
});

describe('what would be too late does not wait', () => {
  test.each([
    ['well after their end: waits', '2027-01-11T06:30:00.000Z', '2027-01-11T06:00:00.000Z'],
    ['shortly after their end: goes out', '2027-01-11T06:29:59.000Z', '2027-01-11T03:00:00.000Z'],
    ['before their end: goes out', '2027-01-11T05:00:00.000Z', '2027-01-11T03:00:00.000Z'],
  ])('with a deadline %s', (_case, tooLate, expected) => {
    expect(earliest('2027-01-11T03:00:00.000Z', NIGHT, 'Europe/Berlin', tooLate)).toBe(expected);
  });
});
