import knexModule from 'knex';
import { type Migration, migrations } from '../migrations/index.ts';

const { knex: createKnex } = knexModule;

const silent = (): void => undefined;
/** What fails is thrown; knex would print it, too. */
const SILENT = { debug: silent, warn: silent, error: silent, deprecate: silent };

/**
 * Brings the database to the newest version. Safe to call from several processes at once: knex holds a lock.
 * @param ownerUrl the database as the role that owns the tables
 * @param appRole the role that api, worker and relay connect as
 * @returns the names of the migrations that ran now; none if it was up to date
 */
export async function migrate(ownerUrl: string, appRole: string): Promise<string[]> {
  if (!/^[a-z_][a-z0-9_]*$/.test(appRole)) throw new RangeError(`not a plain role name: ${appRole}`);
  const knex = createKnex({ client: 'pg', connection: ownerUrl, pool: { min: 0, max: 2 }, log: SILENT });
  try {
    const [, names] = (await knex.migrate.latest({
      // knex's own loader cannot import TypeScript, and a list in code is checked by the compiler.
      migrationSource: {
        getMigrations: async () => [...migrations],
        getMigrationName: (migration: Migration) => migration.name,
        getMigration: async (migration: Migration) => ({
          up: (transaction) => migration.up(transaction, appRole),
          down: () => Promise.reject(new Error('Migrations only go forward: write a new one that undoes this.')),
        }),
      },
    })) as [number, string[]];
    // So that each process can tell whether the database is as new as its code (platform/migrations-applied.ts).
    await knex.raw(`GRANT SELECT ON knex_migrations TO "${appRole}"`);
    return names;
  } finally {
    await knex.destroy();
  }
}
