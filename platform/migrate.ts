import knexModule from 'knex';
import type pg from 'pg';
import { type Migration, migrations } from '../migrations/index.ts';

const { knex: createKnex } = knexModule;

const silent = (): void => undefined;
/** What fails is thrown; knex would print it, too. */
const SILENT = { debug: silent, warn: silent, error: silent, deprecate: silent };

/** Whoever waits for the lock of a table has everybody behind it wait, too: longer than this nobody is to. */
const LOCK_TIMEOUT = '5s';
/** PostgreSQL: lock_not_available. */
const LOCK_NOT_AVAILABLE = '55P03';

function setLockTimeout(client: pg.Client, done: (error: Error | null, client: pg.Client) => void): void {
  client.query(`SET lock_timeout = '${LOCK_TIMEOUT}'`, (error: Error | null) => done(error, client));
}

/**
 * Brings the database to the newest version. Safe to call from several processes at once: knex holds a lock.
 * @param ownerUrl the database as the role that owns the tables
 * @param appRole the role that api, worker and relay connect as
 * @returns the names of the migrations that ran now; none if it was up to date
 */
export async function migrate(ownerUrl: string, appRole: string): Promise<string[]> {
  if (!/^[a-z_][a-z0-9_]*$/.test(appRole)) throw new RangeError(`not a plain role name: ${appRole}`);
  const knex = createKnex({
    client: 'pg',
    connection: ownerUrl,
    pool: { min: 0, max: 2, afterCreate: setLockTimeout },
    log: SILENT,
  });
  try {
    const [, names] = (await knex.migrate.latest({
      // knex's own loader cannot import TypeScript, and a list in code is checked by the compiler.
      migrationSource: {
        getMigrations: async () => [...migrations],
        getMigrationName: (migration: Migration) => migration.name,
        getMigration: async (migration: Migration) => ({
          config: { transaction: migration.withoutTransaction !== true },
          up: (transaction) => migration.up(transaction, appRole),
          down: () => Promise.reject(new Error('Migrations only go forward: write a new one that undoes this.')),
        }),
      },
    })) as [number, string[]];
    // So that each process can tell whether the database is as new as its code (platform/migrations-applied.ts).
    await knex.raw(`GRANT SELECT ON knex_migrations TO "${appRole}"`);
    return names;
  } catch (error) {
    if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
    throw new Error(
      `A migration has waited ${LOCK_TIMEOUT} for a lock that somebody holds, and given up before others had to wait for it. Nothing is half done: run it again.`,
      { cause: error },
    );
  } finally {
    await knex.destroy();
  }
}
