import type { Knex } from 'knex';

/**
 * Makes an index while the table is written to, outside a transaction.
 * @param name of the index, with its schema where that is not `transactions`
 * @param rest what follows the name of the index
 */
export async function createIndexConcurrently(knex: Knex, name: string, rest: string): Promise<void> {
  // One whose making was broken off is there and of no use.
  const [index, schema = 'transactions'] = name.split('.').toReversed();
  await knex.raw(`DROP INDEX CONCURRENTLY IF EXISTS ${schema}.${index}`);
  await knex.raw(`CREATE INDEX CONCURRENTLY ${index} ${rest}`);
}
