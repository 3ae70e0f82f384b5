import { migrations } from '../migrations/index.ts';
import type { Queryable } from './database.ts';

/**
 * Makes sure that the database is at least as new as this code: newer is fine, since the code of before has to work
 * while a deploy is under way.
 * @throws Error naming how many migrations are missing
 */
export async function requireMigrations(database: Queryable): Promise<void> {
  const names = migrations.map(({ name }) => name);
  const { rows } = await database.query<{ applied: number }>(
    'SELECT count(*)::int AS applied FROM public.knex_migrations WHERE name = ANY($1)',
    [names],
  );
  const missing = names.length - (rows[0]?.applied ?? 0);
  if (missing > 0) throw new Error(`${missing} migrations are missing in the database: npm run migrate`);
}
