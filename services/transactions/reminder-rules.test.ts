import { expect, test } from 'vitest';
import { remindersOf } from './reminder-rules.ts';

const OFFSETS = { acceptDeadline: 24, inspectionEnding: 12, bookingTomorrow: 24, bookingSoon: 1 };

test('a booking is reminded of a day and an hour ahead', () => {
  const occasions = { knownSinceMs: 0, deadlineMs: 200, startsAtMs: 100 };
  expect(remindersOf('held', OFFSETS, occasions)).toEqual([
    { name: 'booking_tomorrow', atMs: 76, dueMs: 100 },
    { name: 'booking_soon', atMs: 99, dueMs: 100 },
  ]);
});

test('what was booked too late for a reminder has none', () => {
  const occasions = { knownSinceMs: 80, deadlineMs: 200, startsAtMs: 100 };
  expect(remindersOf('held', OFFSETS, occasions).map(({ name }) => name)).toEqual(['booking_soon']);
});

test('goods that are held have none, and neither has what has ended', () => {
  expect(remindersOf('held', OFFSETS, { knownSinceMs: 0, deadlineMs: 200, startsAtMs: null })).toEqual([]);
  expect(remindersOf('cancelled', OFFSETS, { knownSinceMs: 0, deadlineMs: null, startsAtMs: 100 })).toEqual([]);
});

test('a purchase of before, which knows of none, has none', () => {
  expect(remindersOf('authorised', undefined, { knownSinceMs: 0, deadlineMs: 200, startsAtMs: null })).toEqual([]);
});
