import { expect, test } from 'vitest';
import { createFixedTaxRates } from './tax.ts';

const SALE = { buyerCountry: 'FR', category: 'massage', gross: 2_500, currency: 'EUR' } as const;

test('the rate is that of the country of the seller', async () => {
  const rates = createFixedTaxRates();
  expect(await rates.ratesFor({ ...SALE, sellerCountry: 'DE' })).toEqual([
    { name: 'VAT', country: 'DE', basisPoints: 1_900 },
  ]);
  expect(await rates.ratesFor({ ...SALE, sellerCountry: 'US' })).toEqual([]);
});
