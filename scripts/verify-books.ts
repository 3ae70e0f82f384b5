/**
 * `npm run verify-books`: recomputes from what others wrote down – the sandbox's log or Stripe, the ledger, the histories
 * of the workflows – whether not a cent is lost. Knows nothing of the services' code. Ends with 1 when something is wrong.
 */
import { parseArgs } from 'node:util';
import { helpIfAsked } from '../platform/arguments.ts';
import { StartError } from './stack/problems.ts';
import {
  type JudgeOptions,
  judgeAll,
  judgePurchase,
  NoSuchPurchase,
  type Sources,
  type Verdict,
} from './verify-books/judge.ts';
import { summaryOf, tableOf } from './verify-books/report.ts';
import { sourceSettings } from './verify-books/settings.ts';
import { openSources } from './verify-books/sources.ts';
import { TooMuch } from './verify-books/stripe-facts.ts';

const USAGE = `Usage: npm run verify-books -- [--purchase <id>] [--stripe] [--grace <seconds>] [--json]

Judges all purchases, or one: the ledger against Stripe, every step of it against the money equation, the audit trail and
the events against the states, the deadlines and workflows against the clock. It reads, and changes nothing.
  --purchase <id>    this one only
  --stripe           Stripe's own lists alone; else the sandbox's log, too
  --grace <seconds>  how late something may be that is about to happen (60)
  --json             the verdict as JSON
Where it looks: DATABASE_URL, STRIPE_API_KEY, STRIPE_API_URL, SANDBOX_URL, TEMPORAL_ADDRESS, PAYLOAD_KEYS
(docs/reference/settings.md), else the local stack. Ends with 0 when all is well, with 1 when not.`;

interface Wanted {
  readonly purchase: string | undefined;
  readonly stripeOnly: boolean;
  readonly graceMs: number;
  readonly json: boolean;
}

function readArguments(): Wanted {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    const { values } = parseArgs({ options: { purchase: text, stripe: flag, grace: text, json: flag } });
    const grace = Number(values.grace ?? '60');
    if (!Number.isFinite(grace) || grace < 0) throw new TypeError(`--grace: ${values.grace} is no number of seconds.`);
    return {
      purchase: values.purchase,
      stripeOnly: values.stripe === true,
      graceMs: grace * 1_000,
      json: values.json === true,
    };
  } catch (error) {
    throw new StartError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

/** One line that is written over and over on a terminal; elsewhere a line for each page. */
function tellProgress(done: number, total: number): void {
  const text = `${done} of ${total} purchases judged`;
  if (process.stderr.isTTY) process.stderr.write(`\r${text}${done === total ? '\n' : ''}`);
  else console.error(text);
}

async function verdictOf(sources: Sources, { purchase, graceMs, json }: Wanted): Promise<Verdict> {
  const options: JudgeOptions = { graceMs, ...(!json && { onProgress: tellProgress }) };
  return purchase === undefined ? judgeAll(sources, options) : judgePurchase(sources, purchase, options);
}

helpIfAsked(USAGE);

try {
  const wanted = readArguments();
  const sources = openSources(await sourceSettings(wanted.stripeOnly));
  try {
    const verdict = await verdictOf(sources, wanted);
    if (wanted.json) console.log(JSON.stringify(verdict, null, 2));
    else console.log([tableOf(verdict.differences), summaryOf(verdict)].filter((text) => text !== '').join('\n'));
    if (verdict.differences.length > 0) process.exitCode = 1;
  } finally {
    await sources.close();
  }
} catch (error) {
  // A person reads this: the reason alone, where it is one of ours.
  const known = error instanceof StartError || error instanceof TooMuch || error instanceof NoSuchPurchase;
  console.error(known ? error.message : error);
  process.exitCode = 1;
}
