import pg from 'pg';

/** Makes a role that may log in, if it is missing. */
export async function ensureRole(client: pg.Client, name: string, password: string): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [name]);
  if (rowCount === 0) {
    await client.query(`CREATE ROLE ${client.escapeIdentifier(name)} LOGIN PASSWORD ${client.escapeLiteral(password)}`);
  }
}

export interface DatabaseToMake {
  readonly name: string;
  readonly owner: string;
  readonly template?: string;
  /** Roles that may connect, besides the owner. Nobody else may. */
  readonly sharedWith?: readonly string[];
}

/** Makes a database if it is missing. */
export async function ensureDatabase(client: pg.Client, wanted: DatabaseToMake): Promise<void> {
  const [name, owner, template] = [wanted.name, wanted.owner, wanted.template ?? 'template1'].map((part) =>
    client.escapeIdentifier(part),
  );
  const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [wanted.name]);
  if (rowCount === 0) await client.query(`CREATE DATABASE ${name} OWNER ${owner} TEMPLATE ${template}`);
  await client.query(`REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`);
  for (const role of wanted.sharedWith ?? []) {
    await client.query(`GRANT CONNECT ON DATABASE ${name} TO ${client.escapeIdentifier(role)}`);
  }
}

export interface WellpactDatabase {
  /** Some database of the same server, as a superuser. */
  readonly adminUrl: string;
  /** The database, as the role that is to own the tables. */
  readonly ownerUrl: string;
  /** The same, as the role of api, worker and relay. */
  readonly appUrl: string;
}

/** Makes the two roles, with the passwords of their addresses, and the database where they are missing. Safe to repeat. */
export async function createWellpactDatabase({ adminUrl, ownerUrl, appUrl }: WellpactDatabase): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const [owner, app] = [loginOf(ownerUrl), loginOf(appUrl)];
    for (const { role, password } of [owner, app]) await ensureRole(client, role, password);
    const name = decodeURIComponent(new URL(ownerUrl).pathname.slice(1));
    await ensureDatabase(client, { name, owner: owner.role, sharedWith: [app.role] });
  } finally {
    await client.end();
  }
}

/** Who an address of a database logs in as. */
export function loginOf(url: string): { readonly role: string; readonly password: string } {
  const { username, password } = new URL(url);
  return { role: decodeURIComponent(username), password: decodeURIComponent(password) };
}
