/**
 * `npm run staff -- create --email ada@example.org --name "Ada" --role compliance`: makes an account of staff and prints its
 * password, once. Works on `DATABASE_URL`, else on the local stack whose data lies in `WELLPACT_DATA` (`.wellpact`).
 */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { helpIfAsked } from '../platform/arguments.ts';
import { openDatabase } from '../platform/database.ts';
import { Problem } from '../platform/errors.ts';
import { createLogger } from '../platform/logging.ts';
import { createStaff } from '../services/users/index.ts';
import { STAFF_ROLES } from '../services/users/rules.ts';
import { localDatabaseUrl } from './stack/local-stack.ts';
import { codeOf, StartError } from './stack/problems.ts';

const USAGE = `Usage: npm run staff -- create --email <address> --name <name> --role <${STAFF_ROLES.join('|')}>`;

const wanted = z.object({
  email: z.email('--email: an e-mail address'),
  name: z.string('--name is missing').trim().min(1, '--name is empty').max(80, '--name: at most 80 characters'),
  role: z.enum(STAFF_ROLES, `--role: one of ${STAFF_ROLES.join(', ')}`),
});

function readArguments(): z.output<typeof wanted> {
  const text = { type: 'string' } as const;
  let parsed: { positionals: string[]; values: { email?: string; name?: string; role?: string } };
  try {
    parsed = parseArgs({ allowPositionals: true, options: { email: text, name: text, role: text } });
  } catch (error) {
    throw new TypeError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`, { cause: error });
  }
  const { positionals, values } = parsed;
  if (positionals.join() !== 'create') throw new TypeError(USAGE);
  const result = wanted.safeParse(values);
  if (result.success) return result.data;
  throw new TypeError([...result.error.issues.map(({ message }) => message), USAGE].join('\n'));
}

/** A database that is not there is no riddle for whoever types this. */
const saidPlainly =
  (url: string) =>
  (error: unknown): never => {
    if (codeOf(error) !== 'ECONNREFUSED') throw error;
    throw new StartError(
      `PostgreSQL does not answer at ${new URL(url).host}: run npm start first, or set DATABASE_URL.`,
    );
  };

helpIfAsked(USAGE);

try {
  const { email, name, role } = readArguments();
  const log = createLogger({ role: 'staff', level: 'error' });
  const url = await localDatabaseUrl();
  const database = openDatabase({ url, maxConnections: 1, applicationName: 'wellpact-staff', log });
  try {
    const { id, password } = await createStaff(database, { email, displayName: name, role }).catch(saidPlainly(url));
    console.log(`${id} has the role ${role}.\nPassword, shown this once and stored nowhere: ${password}`);
  } finally {
    await database.close();
  }
} catch (error) {
  // A person reads this: the reason alone, where it is one of ours.
  const known = error instanceof TypeError || error instanceof StartError || error instanceof Problem;
  console.error(known ? error.message : error);
  process.exitCode = 1;
}
