/** How a tool reaches the local stack that `npm start` runs, where the environment does not say where to go. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Ports, portsFor } from '../../platform/ports.ts';
import { StartError } from './problems.ts';
import { loadSecrets, type Secrets } from './secrets.ts';

export interface LocalStack {
  readonly ports: Ports;
  readonly secrets: Secrets;
}

/**
 * The stack whose data lies in `WELLPACT_DATA`, else in `.wellpact`, at `PORT_OFFSET`.
 * @param insteadOf the setting that would make it unnecessary
 * @throws StartError when there is none
 */
export async function localStack(insteadOf: string): Promise<LocalStack> {
  const { PORT_OFFSET, WELLPACT_DATA } = process.env;
  const folder = WELLPACT_DATA || fileURLToPath(new URL('../../.wellpact', import.meta.url));
  if (!existsSync(join(folder, 'secrets.json'))) {
    throw new StartError(`There is no local stack in ${folder}: run npm start first, or set ${insteadOf}.`);
  }
  return { ports: portsFor(Number(PORT_OFFSET || '0')), secrets: await loadSecrets(folder) };
}

/** `DATABASE_URL`, else the database of the local stack. @throws StartError when there is neither */
export async function localDatabaseUrl(): Promise<string> {
  const { DATABASE_URL } = process.env;
  if (DATABASE_URL) return DATABASE_URL;
  const { ports, secrets } = await localStack('DATABASE_URL');
  const password = encodeURIComponent(secrets.POSTGRES_APP_PASSWORD);
  return `postgres://wellpact_app:${password}@127.0.0.1:${ports.postgres}/wellpact`;
}
