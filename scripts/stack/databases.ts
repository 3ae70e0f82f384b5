import pg from 'pg';
import { ensureRole, loginOf, ensureDatabase as makeDatabase } from '../../platform/database-setup.ts';
import { StartError } from './problems.ts';

/** The databases and roles of the local stack. */
export interface DatabaseUrls {
  /** As the role of api, worker and relay. */
  readonly app: string;
  /** As the role that owns the tables and migrates. */
  readonly owner: string;
  readonly sandbox: string;
}

const OWNER = 'wellpact_owner';
const APP = 'wellpact_app';
const SANDBOX = 'wellpact_sandbox';

/** The name of the role that an URL connects as. */
export function roleOf(databaseUrl: string): string {
  return loginOf(databaseUrl).role;
}

/**
 * A PostgreSQL of somebody's own, when the environment names one.
 * @throws StartError when only a part of it is named
 */
export function ownDatabases(env: NodeJS.ProcessEnv): DatabaseUrls | undefined {
  const names = ['DATABASE_URL', 'MIGRATION_DATABASE_URL', 'SANDBOX_DATABASE_URL'] as const;
  const [app, owner, sandbox] = names.map((name) => env[name] || undefined);
  if (app !== undefined && owner !== undefined && sandbox !== undefined) return { app, owner, sandbox };
  if (app === undefined && owner === undefined && sandbox === undefined) return undefined;
  const missing = names.filter((name) => !env[name]);
  throw new StartError(
    `To use your own PostgreSQL, set ${missing.join(' and ')} too; to use the embedded one, unset ${names.join(', ')}.`,
  );
}

export interface Passwords {
  readonly owner: string;
  readonly app: string;
  readonly sandbox: string;
}

/**
 * Makes roles and databases that are missing. Safe to repeat.
 * @param superuserUrl the database `postgres` as superuser
 */
export async function ensureDatabases(superuserUrl: string, passwords: Passwords): Promise<DatabaseUrls> {
  const client = new pg.Client({ connectionString: superuserUrl });
  // A server that is stopped under the connection is told by the query that fails; the event alone would end this process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await ensureRole(client, OWNER, passwords.owner);
    await ensureRole(client, APP, passwords.app);
    await ensureRole(client, SANDBOX, passwords.sandbox);
    await ensureDatabase(client, 'wellpact', OWNER);
    await ensureDatabase(client, 'wellpact_sandbox', SANDBOX);
  } finally {
    await client.end();
  }
  const url = (role: string, password: string, database: string): string => {
    const result = new URL(superuserUrl);
    result.username = role;
    result.password = password;
    result.pathname = `/${database}`;
    return result.href;
  };
  return {
    app: url(APP, passwords.app, 'wellpact'),
    owner: url(OWNER, passwords.owner, 'wellpact'),
    sandbox: url(SANDBOX, passwords.sandbox, 'wellpact_sandbox'),
  };
}

/** Makes a database if it is missing; only its owner may connect, and to ours the role of the processes. */
export function ensureDatabase(client: pg.Client, name: string, owner: string, template?: string): Promise<void> {
  return makeDatabase(client, {
    name,
    owner,
    ...(template !== undefined && { template }),
    sharedWith: owner === OWNER ? [APP] : [],
  });
}
