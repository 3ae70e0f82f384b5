import { describe, expect, it } from 'vitest';
import { isTimeZone, localTimeText, mainTimeZone } from './time-zone-rules.ts';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('');
const CODES = LETTERS.flatMap((first) => LETTERS.map((second) => first + second));

describe('the main zone of a country', () => {
  it.each([
    ['DE', 'Europe/Berlin'],
    ['US', 'America/New_York'],
    ['CA', 'America/Toronto'],
    ['AU', 'Australia/Sydney'],
    ['BV', 'UTC'],
    ['', 'UTC'],
  ])('of %s is %s', (country, zone) => {
    expect(mainTimeZone(country)).toBe(zone);
  });

  it('is one that this machine can tell the time in', () => {
    expect(CODES.map(mainTimeZone).filter((zone) => !isTimeZone(zone))).toEqual([]);
    expect(CODES.filter((code) => mainTimeZone(code) !== 'UTC')).toHaveLength(247);
  });
});

describe('a time zone', () => {
  it.each(['Europe/Berlin', 'UTC', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5', 'Asia/Kolkata'])('is %s', (name) => {
    expect(isTimeZone(name)).toBe(true);
  });

  it.each(['', 'Berlin', '+01:00', 'Europe/', '/Europe', 'Europe/Berlin\n', 'Europe/../Berlin', 'x'.repeat(65)])(
    'is not %j',
    (name) => {
      expect(isTimeZone(name)).toBe(false);
    },
  );
});

describe('a time is told', () => {
  it.each([
    ['2027-03-28T00:30:00Z', 'Europe/Berlin', 'Sunday 28 March 2027 at 01:30 (CET)'],
    ['2027-03-28T07:00:00Z', 'Europe/Berlin', 'Sunday 28 March 2027 at 09:00 (CEST)'],
    ['2027-10-31T00:30:00Z', 'Europe/Berlin', 'Sunday 31 October 2027 at 02:30 (CEST)'],
    ['2027-10-31T01:30:00Z', 'Europe/Berlin', 'Sunday 31 October 2027 at 02:30 (CET)'],
    ['2027-03-14T07:00:00Z', 'America/New_York', 'Sunday 14 March 2027 at 03:00 (GMT-4)'],
    ['2027-01-01T00:00:00Z', 'UTC', 'Friday 1 January 2027 at 00:00 (UTC)'],
  ])('%s in %s as %s', (at, zone, text) => {
    expect(localTimeText(new Date(at), zone)).toBe(text);
  });
});
