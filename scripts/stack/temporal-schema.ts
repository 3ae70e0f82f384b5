import pg from 'pg';
import { ensureRole } from '../../platform/database-setup.ts';
import { lastLines, run } from './commands.ts';
import { ensureDatabase } from './databases.ts';
import { StartError } from './problems.ts';

/** The role and the databases of Temporal itself, beside ours. */
export const TEMPORAL_ROLE = 'temporal';
/** Name of the database, and which of the schemas that are built into the tool it gets. */
export const TEMPORAL_DATABASES = [
  { name: 'temporal', schema: 'postgresql/v12/temporal' },
  { name: 'temporal_visibility', schema: 'postgresql/v12/visibility' },
] as const;

const SCHEMA_TIMEOUT_MS = 60_000;

export interface TemporalSchemaOptions {
  readonly sqlTool: string;
  /** The database `postgres` as superuser. */
  readonly superuserUrl: string;
  /** Of the role `temporal`. */
  readonly password: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes Temporal's role and databases if they are missing and brings their schemas to the version of the tool.
 * Safe to repeat, not to run twice at the same time.
 * @throws StartError when the tool fails
 */
export async function ensureTemporalDatabases(options: TemporalSchemaOptions): Promise<void> {
  await asSuperuser(options.superuserUrl, async (client) => {
    await ensureRole(client, TEMPORAL_ROLE, options.password);
    for (const { name } of TEMPORAL_DATABASES) await ensureDatabase(client, name, TEMPORAL_ROLE);
  });
  for (const { name, schema } of TEMPORAL_DATABASES) {
    // The tool makes its version table anew each time it is told to set up: only an empty database is.
    if (!(await hasVersions(options.superuserUrl, name))) await tool(options, name, ['setup-schema', '-v', '0.0']);
    await tool(options, name, ['update-schema', '--schema-name', schema]);
  }
}

async function asSuperuser<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  // A server that is stopped under the connection is told by the query that fails; the event alone would end this process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function hasVersions(superuserUrl: string, database: string): Promise<boolean> {
  const url = new URL(superuserUrl);
  url.pathname = `/${database}`;
  return asSuperuser(url.href, async (client) => {
    const { rows } = await client.query<{ found: boolean }>(
      `SELECT to_regclass('public.schema_version') IS NOT NULL AS found`,
    );
    return rows[0]?.found === true;
  });
}

async function tool(options: TemporalSchemaOptions, database: string, args: readonly string[]): Promise<void> {
  const { hostname, port } = new URL(options.superuserUrl);
  const { code, output } = await run(options.sqlTool, {
    args: [
      '--plugin=postgres12',
      `--endpoint=${hostname}`,
      `--port=${port}`,
      `--user=${TEMPORAL_ROLE}`,
      `--database=${database}`,
      ...args,
    ],
    // Not an argument: everybody on the machine can read those.
    env: { ...process.env, SQL_PASSWORD: options.password },
    timeoutMs: SCHEMA_TIMEOUT_MS,
    signal: options.signal,
  });
  if (code !== 0) throw new StartError(`Temporal's schema in ${database}: ${lastLines(output, 3)}`);
}
