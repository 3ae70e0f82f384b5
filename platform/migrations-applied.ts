import { migrations } from '../migrations/index.ts';
import type { Queryable } from './database.ts';

/**
 * Makes sure that the database is at least as new as this code: newer is fine, since the code of before has to work
 * while a deploy is under way.
 * @throws Error naming how many migrations are missing
 */
export async function requireMigrations(database: Queryable): Promise<void> {
  const names = migrations.map(({ name }) => name);
  const missing = names.length - (await applied(database, names));
  if (missing > 0) throw new Error(`${missing} migrations are missing in the database: npm run migrate`);
}

/** PostgreSQL: undefined_table. */
const NO_SUCH_TABLE = '42P01';

async function applied(database: Queryable, names: readonly string[]): Promise<number> {
  try {
    const { rows } = await database.query<{ applied: number }>(
      'SELECT count(*)::int AS applied FROM public.knex_migrations WHERE name = ANY($1)',
      [names],
    );
    return rows[0]?.applied ?? 0;
  } catch (error) {
    // Nobody has migrated it yet.
    if ((error as { code?: unknown }).code === NO_SUCH_TABLE) return 0;
    throw error;
  }
}
