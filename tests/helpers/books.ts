/** The judge of `npm run verify-books`, at the stack of the tests. */
import { expect } from 'vitest';
import { readPurchases } from '../../scripts/verify-books/database-facts.ts';
import * as judge from '../../scripts/verify-books/judge.ts';
import { summaryOf, tableOf } from '../../scripts/verify-books/report.ts';
import { type OpenSources, openSources } from '../../scripts/verify-books/sources.ts';
import { TEST_PAYLOAD_KEYS } from './payload-key.ts';
import type { PurchaseBody } from './purchases.ts';
import { stack } from './stack.ts';

/** Far more than anything that is about to happen is late in a test. */
const OPTIONS = { graceMs: 20_000 } as const;
/** What is wrong with every purchase whose steps a test takes by itself, behind the back of its workflow. */
const OF_WORKFLOWS = [
  'workflow_runs_while_open',
  'standing_equals_row',
  'end_equals_row',
  'nothing_half_done',
  'dispute_workflow_runs',
  'dispute_standing_equals_row',
  'aftercare_goes_well',
];

/** So many are looked at together. */
const AT_ONCE = 8;

interface Judged {
  /** The test took its steps itself. */
  readonly withoutWorkflow?: true;
  /** How late something may be, unless told as {@link OPTIONS} have it. */
  readonly graceMs?: number;
}

/** Row, ledger, Stripe, the sandbox's own log, audit trail, events and history of a purchase tell the same. */
export const judgePurchase = (id: string, { withoutWorkflow, ...times }: Judged = {}): Promise<void> =>
  withSources(async (sources) => {
    const options = { ...OPTIONS, ...times, ...(withoutWorkflow && { except: OF_WORKFLOWS }) };
    expectNothingWrong(await judge.judgePurchase(sources, id, options));
  });

/** What is wrong with each of these, in words: empty where everybody tells the same. */
export const wrongAbout = (ids: readonly string[]): Promise<ReadonlyMap<string, string>> =>
  withSources(async (sources) => {
    const wrong = new Map<string, string>();
    for (let at = 0; at < ids.length; at += AT_ONCE) {
      const judged = ids.slice(at, at + AT_ONCE).map(async (id) => {
        const { differences } = await judge.judgePurchase(sources, id, OPTIONS);
        wrong.set(id, differences.length === 0 ? '' : tableOf(differences));
      });
      await Promise.all(judged);
    }
    return wrong;
  });

/** The same of every purchase of the stack, and nothing at Stripe is nobody's. @returns how many there are */
export const judgeAll = (): Promise<number> =>
  withSources(async (sources) => {
    const verdict = await judge.judgeAll(sources, OPTIONS);
    expectNothingWrong(verdict);
    return verdict.purchases;
  });

/** The same of a purchase as the API has shown it: what it says of its money is what everybody says. */
export async function expectEqualBooks({ id, money }: PurchaseBody, judged: Judged = {}): Promise<void> {
  await judgePurchase(id, judged);
  const [facts] = await withSources(({ database }) => readPurchases(database, [id]));
  const shown = Object.entries(facts?.row.books ?? {}).map(([account, amount]) => [account, Number(amount)]);
  expect(money, `the money of ${id} in the API`).toMatchObject(Object.fromEntries(shown));
}

function expectNothingWrong(verdict: judge.Verdict): void {
  const { differences } = verdict;
  if (differences.length > 0) expect.fail(`${summaryOf(verdict)}\n${tableOf(differences)}`);
}

async function withSources<T>(work: (sources: OpenSources) => Promise<T>): Promise<T> {
  const { databases, env, temporal, urls } = stack();
  const sources = openSources({
    databaseUrl: databases.app,
    stripeApiKey: env['STRIPE_API_KEY'] ?? '',
    stripeApiUrl: urls.stripe,
    sandboxUrl: urls.sandbox,
    temporal: {
      temporal: { connection: { address: temporal.address }, namespace: temporal.namespace },
      PAYLOAD_KEYS: [...TEST_PAYLOAD_KEYS],
    },
  });
  try {
    return await work(sources);
  } finally {
    await sources.close();
  }
}
