import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCountry } from './country-rules.ts';
import {
  ageOn,
  isPasswordLongEnough,
  isPasswordTheEmail,
  isPlausibleBirthDate,
  judgeRefresh,
  normalisedEmail,
  REFRESH_GRACE_SECONDS,
} from './rules.ts';

const day = (iso: string): Date => new Date(`${iso}T12:00:00Z`);

describe('age', () => {
  it.each([
    ['2008-01-31', '2026-01-30', 17],
    ['2008-01-31', '2026-01-31', 18],
    ['2008-02-29', '2026-02-28', 17],
    ['2008-02-29', '2026-03-01', 18],
    ['2008-12-31', '2026-01-01', 17],
  ])('of somebody born on %s is on %s %i', (born, on, years) => {
    expect(ageOn(born, day(on))).toBe(years);
  });

  it('is one year more exactly on each birthday', () => {
    const dates = fc.date({ min: new Date('1900-01-01'), max: new Date('2020-12-28'), noInvalidDate: true });
    fc.assert(
      fc.property(dates, fc.integer({ min: 1, max: 90 }), (born, years) => {
        fc.pre(!(born.getUTCMonth() === 1 && born.getUTCDate() === 29));
        const birthDate = born.toISOString().slice(0, 10);
        const birthday = new Date(Date.UTC(born.getUTCFullYear() + years, born.getUTCMonth(), born.getUTCDate()));
        const dayBefore = new Date(birthday.getTime() - 1);
        return ageOn(birthDate, birthday) === years && ageOn(birthDate, dayBefore) === years - 1;
      }),
    );
  });

  it('is neither negative nor beyond what people reach', () => {
    expect(isPlausibleBirthDate('2026-02-01', day('2026-01-31'))).toBe(false);
    expect(isPlausibleBirthDate('1890-01-01', day('2026-01-31'))).toBe(false);
    expect(isPlausibleBirthDate('1925-01-01', day('2026-01-31'))).toBe(true);
  });
});

describe('passwords', () => {
  it.each([
    [9, false],
    [10, true],
    [128, true],
    [129, false],
  ])('of %i characters, whatever the script: %s', (length, allowed) => {
    for (const character of ['x', 'ü', '🔑']) expect(isPasswordLongEnough(character.repeat(length))).toBe(allowed);
  });

  it('are counted in one form, however the keyboard composes characters', () => {
    expect(isPasswordLongEnough('e\u0301'.repeat(9))).toBe(false);
    expect(isPasswordLongEnough('e\u0301'.repeat(10))).toBe(true);
  });

  it('are not the address', () => {
    expect(isPasswordTheEmail('ANN@example.com ', 'ann@Example.com')).toBe(true);
    expect(isPasswordTheEmail('ann@example.com!', 'ann@example.com')).toBe(false);
  });
});

describe('addresses', () => {
  it('are one, whatever their capitals', () => {
    expect(normalisedEmail(' Ann.Lee@Example.COM')).toBe('ann.lee@example.com');
    fc.assert(
      fc.property(fc.emailAddress(), (email) => normalisedEmail(normalisedEmail(email)) === normalisedEmail(email)),
    );
  });
});

describe('refreshing', () => {
  const now = day('2026-01-31');
  const rotatedAgo = (seconds: number) => new Date(now.getTime() - seconds * 1_000);
  const current = { generation: 5, rotatedAt: rotatedAgo(0), over: false };

  it('goes on with the current token, however old', () => {
    expect(judgeRefresh(5, { ...current, rotatedAt: rotatedAgo(86_400) }, now)).toBe('rotate');
  });

  it('takes the immediate predecessor within the grace only', () => {
    const { generation } = current;
    expect(judgeRefresh(generation - 1, { ...current, rotatedAt: rotatedAgo(REFRESH_GRACE_SECONDS) }, now)).toBe(
      'again',
    );
    expect(judgeRefresh(generation - 1, { ...current, rotatedAt: rotatedAgo(REFRESH_GRACE_SECONDS + 1) }, now)).toBe(
      'reused',
    );
  });

  it('calls every older token a copy, at once', () => {
    for (const presented of [1, 2, 3]) expect(judgeRefresh(presented, current, now)).toBe('reused');
  });

  it('does nothing for a session that is over', () => {
    for (const presented of [1, 4, 5]) expect(judgeRefresh(presented, { ...current, over: true }, now)).toBe('ended');
  });
});

describe('countries', () => {
  it.each(['DE', 'FR', 'GB', 'US', 'CH'])('%s is one', (code) => expect(isCountry(code)).toBe(true));
  it.each(['XX', 'EU', 'UK', 'de', '', 'DEU'])('"%s" is none', (code) => expect(isCountry(code)).toBe(false));
});
