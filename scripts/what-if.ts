/**
 * `npm run what-if -- --policy new-policy.yml`: runs the rules again over every purchase that has ended, as if it had been
 * opened under another policy, and prints which would have ended otherwise and whose money that would have been.
 */
import { parseArgs } from 'node:util';
import { helpIfAsked } from '../platform/arguments.ts';
import { openDatabase } from '../platform/database.ts';
import { createLogger } from '../platform/logging.ts';
import { loadPolicy } from '../services/transactions/index.ts';
import { localDatabaseUrl } from './stack/local-stack.ts';
import { StartError } from './stack/problems.ts';
import { compareAll } from './what-if/compare.ts';
import { csvOf, summaryOf, tablesOf } from './what-if/report.ts';
import { refuseUnwritable, writeTable } from './what-if/table-file.ts';

const USAGE = `Usage: npm run what-if -- --policy <file.yml> [--csv <file.csv>]

Runs the rules again over every purchase that has ended, as if it had been opened under this policy. What people and Stripe
did stays, and when they did it; what follows from it, and what the clock does, is worked out anew. Changes nothing.
  --policy <file>  a policy such as services/transactions/policy.yml
  --csv <file>     a line for each purchase, to be written there
Works on DATABASE_URL, else on the local stack. The same purchases and the same policy give the same output.`;

function readArguments(): { readonly policy: string; readonly csv: string | undefined } {
  const text = { type: 'string' } as const;
  try {
    const { policy, csv } = parseArgs({ options: { policy: text, csv: text } }).values;
    if (policy === undefined) throw new TypeError('--policy is missing.');
    return { policy, csv };
  } catch (error) {
    throw new StartError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}

const BAR_WIDTH = 30;
const TELL_EVERY = 1_000;

/** A bar that is written over and over on a terminal; elsewhere a line now and then. */
function tellProgress(done: number, total: number): void {
  const text = `${done} of ${total} purchases run again`;
  if (!process.stderr.isTTY) {
    if (done % TELL_EVERY === 0 || done === total) console.error(text);
    return;
  }
  const filled = total === 0 ? BAR_WIDTH : Math.round((done / total) * BAR_WIDTH);
  process.stderr.write(
    `\r[${'█'.repeat(filled)}${'·'.repeat(BAR_WIDTH - filled)}] ${text}${done === total ? '\n' : ''}`,
  );
}

helpIfAsked(USAGE);

try {
  const { policy: file, csv } = readArguments();
  const policy = loadPolicy(file);
  if (csv !== undefined) await refuseUnwritable(csv);
  const log = createLogger({ role: 'what-if', level: 'error' });
  const database = openDatabase({ url: await localDatabaseUrl(), maxConnections: 1, applicationName: 'what-if', log });
  try {
    const comparison = await compareAll(database, policy, tellProgress);
    console.log([...tablesOf(comparison), summaryOf(comparison)].join('\n\n'));
    if (csv !== undefined) await writeTable(csv, csvOf(comparison));
  } finally {
    await database.close();
  }
} catch (error) {
  // A person reads this: the reason alone, where it is one of ours.
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
