import type { Migration } from './index.ts';
import { createIndexConcurrently } from './index-concurrently.ts';

/** What Wellpact has for a seller: only the purchases in which there is something count. */
export const sellerBooks: Migration = {
  name: '0140_seller_books',
  withoutTransaction: true,
  async up(knex) {
    await createIndexConcurrently(
      knex,
      'purchases_seller_money',
      `ON transactions.purchases (seller_id, currency) INCLUDE (held, payable, advanced, recovered)
        WHERE held > 0 OR payable > 0 OR advanced > 0 OR recovered > 0`,
    );
  },
};
