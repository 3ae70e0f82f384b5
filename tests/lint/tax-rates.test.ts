import { expect, test } from 'vitest';
import { STANDARD_VAT } from '../../providers/tax-rates.ts';
import { PAYOUT_COUNTRIES } from '../../services/users/onboarding-rules.ts';

test('every country whose sellers can be paid has its rate, but those without one for the whole country', () => {
  const unknown = [...PAYOUT_COUNTRIES].filter((country) => STANDARD_VAT.basisPoints[country] === undefined);
  expect(unknown.sort()).toEqual(['CA', 'US']);
  expect(Object.keys(STANDARD_VAT.basisPoints).filter((country) => !PAYOUT_COUNTRIES.has(country))).toEqual([]);
});
