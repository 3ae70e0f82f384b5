import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { type Database, openDatabase } from '../../platform/database.ts';
import { createLogger } from '../../platform/logging.ts';
import { ensureDatabase, roleOf } from '../../scripts/stack/databases.ts';
import { stack } from './stack.ts';

/** A migrated database of its own. */
export interface ClonedDatabase {
  /** As the role of api, worker and relay. */
  readonly url: string;
  /** As the role that owns the tables. */
  readonly ownerUrl: string;
  /** Open, as the role of api, worker and relay. */
  readonly database: Database;
  /** Closes the connections and drops it. */
  drop(): Promise<void>;
}

/**
 * Clones the migrated template: for tests of stores, which need no role of the stack. Call it in `beforeAll`, and
 * `drop` in `afterAll`.
 */
export async function cloneDatabase(): Promise<ClonedDatabase> {
  const { app, owner, superuser, template } = stack().databases;
  const name = `clone_${randomBytes(6).toString('hex')}`;
  const asSuperuser = async (work: (client: pg.Client) => Promise<unknown>): Promise<void> => {
    const client = new pg.Client({ connectionString: superuser });
    await client.connect();
    try {
      await work(client);
    } finally {
      await client.end();
    }
  };
  await asSuperuser((client) => ensureDatabase(client, name, roleOf(owner), template));
  const url = pointingAt(app, name);
  const database = openDatabase({
    url,
    maxConnections: 10,
    applicationName: 'test',
    log: createLogger({ role: 'test', level: 'error' }),
  });
  return {
    url,
    ownerUrl: pointingAt(owner, name),
    database,
    drop: async () => {
      await database.close();
      await asSuperuser((client) => client.query(`DROP DATABASE "${name}" WITH (FORCE)`));
    },
  };
}

function pointingAt(url: string, database: string): string {
  const result = new URL(url);
  result.pathname = `/${database}`;
  return result.href;
}
