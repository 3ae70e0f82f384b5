/**
 * The parts of a reconciliation. Each takes a bounded piece of work and says where to go on; whatever it finds is written
 * page by page, so that a part that is done again finds it done.
 */
import { activityInfo, heartbeat } from '@temporalio/activity';
import type { DifferenceId, ReconciliationId } from '../contracts/ids.ts';
import type { ReconciliationInput } from '../contracts/reconciliation.ts';
import type { Database, Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { BalanceLine, Payments } from '../providers/payments.ts';
import {
  type Counts,
  endRun,
  forgetSeen,
  insertRun,
  markSeen,
  noteCounts,
  noteDifference,
  notSeen,
  openDifferences,
  periodOf,
  settle,
} from '../services/reconciliations/index.ts';
import {
  compare,
  isOneOfSeveral,
  isSettled,
  type SideLine,
  type Sides,
  type Subject,
  sidesOf,
  subjectKey,
} from '../services/reconciliations/rules.ts';
import { type EntryAtStripe, entriesAbout, postAll, referencesPosted } from '../services/transactions/index.ts';
import { companyPostingOf } from './reconciliation-postings.ts';

export interface ReconciliationDeps {
  readonly database: Database;
  readonly payments: Payments;
  /** What is younger is left to the next reconciliation; 15 minutes unless told. */
  readonly reconciliationSettleMs?: number;
}

/** What a reconciliation compares. Milliseconds since 1970. */
export interface Period {
  readonly id: ReconciliationId;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly settledMs: number;
}

/** A part of the work. */
export interface Part {
  readonly period: Period;
  /** Where the part before ended. */
  readonly after: string | undefined;
  /** What was counted so far. */
  readonly counts: Counts;
}

export interface PartDone {
  /** Where to go on; undefined when nothing is left. */
  readonly after: string | undefined;
  readonly counts: Counts;
}

const SETTLE_MS = 15 * 60_000;
const PAGES_AT_ONCE = 10;
const POSTINGS_AT_ONCE = 200;
const DIFFERENCES_AT_ONCE = 50;
const FORGOTTEN_AT_ONCE = 10_000;
/** Of one object of Stripe: hundreds of lines; most disputes have two. */
const MAX_PAGES_OF_SOURCE = 5;

export function createReconciliationActivities(deps: ReconciliationDeps) {
  const { database, payments, reconciliationSettleMs = SETTLE_MS } = deps;
  return {
    /** Decides what is compared, once for each workflow; of one that was asked for that is decided already. */
    async openReconciliation(input: ReconciliationInput | undefined): Promise<Period> {
      const workflowId = activityInfo().workflowExecution?.workflowId ?? 'no workflow';
      const run = await insertRun(database, {
        id: input?.id ?? newId('rec'),
        workflowId,
        requestedBy: input?.requestedBy ?? null,
        ...(await periodOf(database, input ?? {}, reconciliationSettleMs)),
      });
      return {
        id: run.id,
        fromMs: run.fromAt.getTime(),
        untilMs: run.untilAt.getTime(),
        settledMs: run.settledAt.getTime(),
      };
    },

    /** Each line of Stripe of the period, against the ledger. */
    async compareStripeLines(part: Part): Promise<PartDone> {
      return inPieces(deps, part, PAGES_AT_ONCE, async ({ period, after, counts }, beat) => {
        const { fromMs, untilMs } = period;
        const page = await payments.listBalanceLines({ fromMs, untilMs, after });
        const found = await comparePage(deps, period, page.lines, beat);
        const lines = counts.lines + page.lines.length;
        return {
          after: page.hasMore ? page.lines.at(-1)?.id : undefined,
          counts: { ...counts, pages: counts.pages + 1, lines, ...added(counts, found) },
        };
      });
    },

    /** Each posting of the period that none of those lines answered to: Stripe is asked for it. */
    async compareLedgerPostings(part: Part): Promise<PartDone> {
      return inPieces(deps, part, 1, async ({ period, after, counts }, beat) => {
        const { fromMs, untilMs, id } = period;
        const range = { from: new Date(fromMs), until: new Date(untilMs), after };
        const posted = await referencesPosted(database, range, POSTINGS_AT_ONCE);
        const subjects = [...ledgerSides(await entriesAbout(database, posted.references)).values()];
        const left = await notSeen(database, id, subjects);
        let { differences } = counts;
        for (const subject of left) {
          differences += await examine(deps, period, subject);
          beat();
        }
        return { after: posted.after, counts: { ...counts, postings: counts.postings + left.length, differences } };
      });
    },

    /** Each difference of before that was not found again: it is there still, or is no more. */
    async recheckDifferences(part: Part): Promise<PartDone> {
      return inPieces(deps, part, 1, async ({ period, after, counts }, beat) => {
        const open = await openDifferences(database, period.id, after as DifferenceId | undefined, DIFFERENCES_AT_ONCE);
        let { differences, settled } = counts;
        for (const difference of open) {
          const sides = await sidesNow(deps, difference);
          beat();
          if (!isSettled(sides, period.settledMs)) continue;
          const kind = compare(sides);
          const isOver = await database.transaction(async (tx) => {
            if (kind === undefined) return settle(tx, difference, 'vanished');
            await noteDifference(tx, period.id, sides, kind);
            return false;
          });
          if (kind !== undefined) differences += 1;
          if (isOver) settled += 1;
        }
        const more = open.length === DIFFERENCES_AT_ONCE;
        return { after: more ? open.at(-1)?.id : undefined, counts: { ...counts, differences, settled } };
      });
    },

    /** Nothing is left to compare, or it could not be gone on with. */
    async endReconciliation({
      id,
      counts,
      state,
    }: {
      readonly id: ReconciliationId;
      readonly counts: Counts;
      readonly state: 'completed' | 'failed';
    }): Promise<void> {
      await noteCounts(database, id, counts);
      await endRun(database, id, state);
      // Also of those that were terminated: nobody was there to do it.
      while (await forgetSeen(database, FORGOTTEN_AT_ONCE)) heartbeat();
    },
  };
}

/**
 * Does some pieces of a part; a try that is done again goes on where the one before was last heard of.
 * @param piece says with `beat` that it is still at work
 */
async function inPieces(
  { database }: ReconciliationDeps,
  part: Part,
  atMost: number,
  piece: (part: Part, beat: () => void) => Promise<PartDone>,
): Promise<PartDone> {
  const heard = activityInfo().heartbeatDetails as PartDone | undefined;
  let done: PartDone = heard?.counts === undefined ? part : heard;
  for (let pieces = 0; pieces < atMost; pieces++) {
    // Each sign of life says where to go on: one that said nothing would take the place of the last that did.
    const { after, counts } = done;
    done = await piece({ ...part, ...done }, () => heartbeat({ after, counts }));
    await noteCounts(database, part.period.id, done.counts);
    if (done.after === undefined) return done;
    heartbeat(done);
  }
  return done;
}

interface Found {
  readonly differences: number;
  readonly posted: number;
}

const added = (counts: Counts, found: Found): Found => ({
  differences: counts.differences + found.differences,
  posted: counts.posted + found.posted,
});

/** A page of lines, against the ledger. What differs is looked at once more, alone: it may have been posted meanwhile. */
async function comparePage(
  deps: ReconciliationDeps,
  period: Period,
  lines: readonly BalanceLine[],
  beat: () => void,
): Promise<Found> {
  const { database } = deps;
  const stripe = sidesOf((await completed(deps, lines, beat)).flatMap(sideLinesOf));
  const entries = await entriesAbout(database, entriesKeys(stripe.values()));
  const postings = lines.flatMap((line) => companyPostingOf(line, entries, causeOf(line)) ?? []);
  const written = await database.transaction(async (tx: Tx) => {
    await markSeen(tx, period.id, [...stripe.values()]);
    return postAll(tx, postings);
  });
  const posted = written.filter(Boolean).length;
  const known = posted === 0 ? entries : await entriesAbout(database, entriesKeys(stripe.values()));
  const ledger = ledgerSides(known);
  let differences = 0;
  for (const [key, side] of stripe) {
    if (compare({ category: side.category, ledger: ledger.get(key), stripe: side }) === undefined) continue;
    differences += await examine(deps, period, side);
    beat();
  }
  return { differences, posted };
}

/**
 * The lines of a page, with all that Stripe has about those objects of which it may show a part: what the ledger has about
 * them is whole, and a part of theirs that equals it proves nothing. Each of them is asked for once.
 */
async function completed(
  { payments }: ReconciliationDeps,
  lines: readonly BalanceLine[],
  beat: () => void,
): Promise<readonly BalanceLine[]> {
  const partly = new Set(lines.flatMap((line) => (isOneOfSeveral(line) ? [line.source] : [])));
  const all = lines.filter(({ source }) => !partly.has(source));
  for (const source of partly) {
    if (source !== null) all.push(...(await linesAbout(payments, source)));
    beat();
  }
  return all;
}

const entriesKeys = (subjects: Iterable<Subject>): string[] => [
  ...new Set([...subjects].map(({ reference }) => reference)),
];

function causeOf({ id }: BalanceLine): { cause: string; workflowId: string | undefined; causedBy: string } {
  const execution = activityInfo().workflowExecution;
  return { cause: execution?.runId ?? 'no workflow', workflowId: execution?.workflowId, causedBy: `line/${id}` };
}

/** Looks at all that both sides have about a subject, and notes the difference. @returns 1 when there is one, else 0 */
async function examine(deps: ReconciliationDeps, period: Period, subject: Subject): Promise<number> {
  const sides = await sidesNow(deps, subject);
  const kind = compare(sides);
  if (kind === undefined || !isSettled(sides, period.settledMs)) return 0;
  await deps.database.transaction((tx) => noteDifference(tx, period.id, sides, kind));
  return 1;
}

async function sidesNow({ database, payments }: ReconciliationDeps, { reference, category }: Subject): Promise<Sides> {
  const key = subjectKey({ reference, category });
  // Stripe first: what it has done, a step has posted by the time we look, or does so in a moment.
  const lines = await linesAbout(payments, reference);
  const entries = await entriesAbout(database, [reference]);
  return {
    reference,
    category,
    stripe: sidesOf(lines.flatMap(sideLinesOf)).get(key),
    ledger: ledgerSides(entries).get(key),
    purchaseId: entries.find(({ purchaseId }) => purchaseId !== null)?.purchaseId ?? undefined,
  };
}

async function linesAbout(payments: Payments, reference: string): Promise<BalanceLine[]> {
  if (reference.startsWith('txn_')) {
    const line = await payments.getBalanceLine(reference);
    return line === undefined ? [] : [line];
  }
  const lines: BalanceLine[] = [];
  for (let page = 0; page < MAX_PAGES_OF_SOURCE; page++) {
    const { lines: more, hasMore } = await payments.listBalanceLines({ source: reference, after: lines.at(-1)?.id });
    lines.push(...more);
    if (!hasMore) break;
  }
  return lines;
}

/** What a line of Stripe says: what it moved, and what was kept of it. */
function sideLinesOf({ id, source, category, amount, fee, currency, createdMs: atMs }: BalanceLine): SideLine[] {
  const line = { id, reference: source ?? id, currency, atMs };
  const parts = [
    { ...line, category, amount },
    { ...line, category: 'fee', amount: -fee },
  ];
  return parts.filter((part) => part.amount !== 0);
}

const ledgerSides = (entries: readonly EntryAtStripe[]) =>
  sidesOf(entries.map(({ postingId, postedAt, ...entry }) => ({ ...entry, id: postingId, atMs: postedAt.getTime() })));
