import type { Knex } from 'knex';

/**
 * Makes an index while the table is written to, outside a transaction.
 * @param rest what follows the name of the index
 */
export async function createIndexConcurrently(knex: Knex, name: string, rest: string): Promise<void> {
  // One whose making was broken off is there and of no use.
  await knex.raw(`DROP INDEX CONCURRENTLY IF EXISTS transactions.${name}`);
  await knex.raw(`CREATE INDEX CONCURRENTLY ${name} ${rest}`);
}
