import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CommissionTable, commissionRateFor } from './commission-rules.ts';
import { loadPolicy } from './policy.ts';

const JANUARY = Date.parse('2027-01-01T00:00:00Z');
const FEBRUARY = Date.parse('2027-02-01T00:00:00Z');
const TABLE: CommissionTable = {
  standard: { basisPoints: 1_000, minimum: { EUR: 30 }, maximum: {} },
  categories: { massage: { basisPoints: 800, minimum: {}, maximum: { EUR: 5_000 } } },
  promotions: [
    { category: 'massage', basisPoints: 300, minimum: {}, maximum: {}, fromMs: JANUARY, untilMs: FEBRUARY },
    { basisPoints: 500, minimum: {}, maximum: { GBP: 100 }, fromMs: JANUARY, untilMs: FEBRUARY },
  ],
};

describe('the rate of a purchase', () => {
  test.each([
    ['nutrition', 'EUR', JANUARY - 1, { basisPoints: 1_000, minimum: 30 }],
    ['nutrition', 'GBP', JANUARY - 1, { basisPoints: 1_000 }],
    ['massage', 'EUR', JANUARY - 1, { basisPoints: 800, maximum: 5_000 }],
    ['massage', 'EUR', JANUARY, { basisPoints: 300 }],
    ['nutrition', 'EUR', JANUARY, { basisPoints: 500 }],
    ['nutrition', 'GBP', FEBRUARY - 1, { basisPoints: 500, maximum: 100 }],
    ['massage', 'EUR', FEBRUARY, { basisPoints: 800, maximum: 5_000 }],
  ] as const)('of %s in %s at %i is %o', (category, currency, atMs, rate) => {
    expect(commissionRateFor(TABLE, { category, currency }, atMs)).toEqual(rate);
  });
});

describe('the table in the policy file', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'policy-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const withCommission = (commission: string): string => {
    const policy = readFileSync('services/transactions/policy.yml', 'utf8');
    const path = join(folder, 'policy.yml');
    writeFileSync(path, `${policy.slice(0, policy.indexOf('\ncommission:'))}\ncommission: ${commission}\n`);
    return path;
  };

  test('is read with its promotions', () => {
    const rule = '{ from: "2027-01-01T00:00:00Z", until: "2027-02-01T00:00:00Z", category: massage, basisPoints: 300 }';
    const path = withCommission(`{ standard: { basisPoints: 900 }, categories: {}, promotions: [${rule}] }`);
    expect(loadPolicy(path).commission.promotions).toEqual([TABLE.promotions[0]]);
  });

  test.each([
    [
      'an unknown category',
      '{ standard: { basisPoints: 900 }, categories: { weapons: { basisPoints: 1 } }, promotions: [] }',
    ],
    ['an unknown currency', '{ standard: { basisPoints: 900, minimum: { XTS: 1 } }, categories: {}, promotions: [] }'],
    ['more than everything', '{ standard: { basisPoints: 10001 }, categories: {}, promotions: [] }'],
    [
      'a minimum over the maximum',
      '{ standard: { basisPoints: 900, minimum: { EUR: 20 }, maximum: { EUR: 10 } }, categories: {}, promotions: [] }',
    ],
    [
      'a promotion that ends before it begins',
      '{ standard: { basisPoints: 900 }, categories: {}, promotions: [{ from: "2027-02-01T00:00:00Z", until: "2027-01-01T00:00:00Z", basisPoints: 1 }] }',
    ],
  ])('refuses %s', (_what, commission) => {
    const path = withCommission(commission);
    expect(() => loadPolicy(path)).toThrow(/policy file/);
  });
});
