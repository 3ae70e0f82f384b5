/** Gathers what is known of purchases and judges it: one of them, or all, and what belongs to none. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type pg from 'pg';
import type { Stripe } from 'stripe';
import type { EncryptionCodec } from '../../platform/temporal/codec.ts';
import { countPurchases, judgeLedger, knownPurchases, purchaseIdsAfter, readPurchases } from './database-facts.ts';
import type { Difference, PurchaseFacts, Testimony } from './facts.ts';
import { flat, grouped } from './lists.ts';
import { logFacts } from './log-facts.ts';
import { judge } from './rules.ts';
import { allStripeFacts, type StripeFacts, stripeFactsOf } from './stripe-facts.ts';
import { disputeWorkflowFactsOf, workflowFactsOf } from './workflow-facts.ts';

/** Where the judge looks. */
export interface Sources {
  readonly database: pg.Pool;
  readonly stripe: Stripe;
  /** The sandbox's control port; undefined when Stripe itself is the provider. */
  readonly sandboxUrl: string | undefined;
  readonly temporal: Client;
  readonly codec: EncryptionCodec;
}

export interface JudgeOptions {
  /** How late something may be that is about to happen. */
  readonly graceMs: number;
  /** Rules that are left out. */
  readonly except?: readonly string[];
  /** Told now and then, and at the end. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Verdict {
  readonly purchases: number;
  /** Those of the first broken purchase first; what belongs to no purchase last. */
  readonly differences: readonly Difference[];
}

/**
 * What is under way looks wrong for a moment: Stripe has acted and the step is not committed yet. So a purchase that
 * differs is looked at again after these times, and what counts is what it comes to. A workflow that is at work is looked at
 * as long as what it does may be late: a task that was lost, with all that was done in it, is given anew after 10 seconds.
 */
const LOOK_AGAIN_AFTER_MS = [250, 500, 1_000, 3_000] as const;
const THEN_EVERY_MS = 3_000;
const PAGE = 200;

export class NoSuchPurchase extends Error {
  override name = 'NoSuchPurchase';
}

/** Judges one purchase. @throws NoSuchPurchase */
export async function judgePurchase(sources: Sources, purchaseId: string, options: JudgeOptions): Promise<Verdict> {
  const { differences } = await lookAt(sources, purchaseId, options);
  return { purchases: 1, differences: await lasting(sources, differences, options) };
}

/** Judges all purchases, the ledger as a whole, and what Stripe has that no purchase claims. */
export async function judgeAll(sources: Sources, options: JudgeOptions): Promise<Verdict> {
  const { database, stripe, sandboxUrl } = sources;
  const total = await countPurchases(database);
  const atStripe = await allStripeFacts(stripe);
  const log = sandboxUrl === undefined ? undefined : await logFacts(sandboxUrl);
  const index = [byPurchase(atStripe), ...(log === undefined ? [] : [byPurchase(log)])];

  const differences: Difference[] = [];
  let done = 0;
  for (let ids = await purchaseIdsAfter(database, '', PAGE); ids.length > 0; ) {
    const facts = await gathered(sources, ids, (id) => index.map((of) => of(id)));
    differences.push(...facts.flatMap((one) => judge(one, momentOf(options), options.except)));
    done += ids.length;
    options.onProgress?.(done, Math.max(done, total));
    ids = await purchaseIdsAfter(database, ids.at(-1) ?? '', PAGE);
  }
  const whole = [...(await judgeLedger(database)), ...(await lastingUnclaimed(sources, { atStripe, log }))];
  return { purchases: done, differences: [...(await lasting(sources, differences, options)), ...whole] };
}

const momentOf = ({ graceMs }: JudgeOptions) => ({ nowMs: Date.now(), graceMs });

/** Looks again at the purchases that differ, as long as they may be under way. @returns what still differs */
async function lasting(
  sources: Sources,
  first: readonly Difference[],
  options: JudgeOptions,
): Promise<readonly Difference[]> {
  let differences = first;
  let untilMs = 0;
  for (let times = 0; times < LOOK_AGAIN_AFTER_MS.length || Date.now() < untilMs; times++) {
    const suspects = [...new Set(differences.map(({ purchaseId }) => purchaseId).filter((id) => id !== null))];
    if (suspects.length === 0) break;
    await sleep(LOOK_AGAIN_AFTER_MS[times] ?? THEN_EVERY_MS);
    const looks = await flat(suspects, async (id) => [await lookAt(sources, id, options)]);
    differences = looks.flatMap((look) => look.differences);
    untilMs = Math.max(0, ...looks.map((look) => (look.differences.length === 0 ? 0 : look.underWayUntilMs)));
  }
  return differences;
}

interface Look {
  readonly differences: readonly Difference[];
  /** Until when it may be under way, milliseconds since 1970; 0 when none of its workflows is at work. */
  readonly underWayUntilMs: number;
}

async function lookAt(sources: Sources, purchaseId: string, options: JudgeOptions): Promise<Look> {
  const { stripe, sandboxUrl } = sources;
  // The provider first: what is committed meanwhile is found by looking again.
  const testimonies = [
    await stripeFactsOf(stripe, purchaseId),
    ...(sandboxUrl === undefined ? [] : [await logFacts(sandboxUrl, purchaseId)]),
  ];
  const [found] = await gathered(sources, [purchaseId], () => testimonies);
  if (found === undefined) throw new NoSuchPurchase(`There is no purchase ${purchaseId}.`);
  const { workflow, aftercare, disputes, row } = found;
  const isAtWork = [workflow, aftercare, ...disputes.map((dispute) => dispute.workflow)].some((flow) => flow.isAtWork);
  return {
    differences: judge(found, momentOf(options), options.except),
    underWayUntilMs: isAtWork ? row.updatedMs + options.graceMs : 0,
  };
}

/** Everything about some purchases. */
async function gathered(
  { database, temporal, codec }: Sources,
  ids: readonly string[],
  testimoniesOf: (id: string) => readonly Testimony[],
): Promise<PurchaseFacts[]> {
  const known = await readPurchases(database, ids);
  return flat(known, async (facts) => {
    const { id } = facts.row;
    const workflow = await workflowFactsOf(temporal, codec, `purchase/${id}`);
    const aftercare = await workflowFactsOf(temporal, codec, `aftercare/${id}`);
    const disputes = await flat(facts.disputes, async (dispute) => [
      { ...dispute, workflow: await disputeWorkflowFactsOf(temporal, codec, `dispute/${id}/${dispute.n}`) },
    ]);
    return [{ ...facts, disputes, workflow, aftercare, testimonies: testimoniesOf(id) }];
  });
}

/** The part of a testimony that is about one purchase, for any of them. */
function byPurchase({ witness, movements, fees, disputes }: Testimony): (id: string) => Testimony {
  const itself = <T>(one: T): T => one;
  const movementsOf = grouped(movements, ({ purchaseId }) => purchaseId, itself);
  const feesOf = fees && grouped(fees, ({ purchaseId }) => purchaseId, itself);
  const disputesOf = disputes && grouped(disputes, ({ purchaseId }) => purchaseId, itself);
  return (id) => ({
    witness,
    movements: movementsOf.get(id) ?? [],
    fees: feesOf && (feesOf.get(id) ?? []),
    disputes: disputesOf && (disputesOf.get(id) ?? []),
  });
}

/**
 * What moved at Stripe and is no purchase's. Its lists are read one after another, so what moves meanwhile is in one of them
 * and not in the other: what counts is found each time that they are read again.
 */
async function lastingUnclaimed(
  { database, stripe }: Sources,
  { atStripe, log }: { readonly atStripe: StripeFacts; readonly log: Testimony | undefined },
): Promise<Difference[]> {
  let found = await unclaimed(database, atStripe, log);
  for (const waitMs of LOOK_AGAIN_AFTER_MS) {
    if (found.length === 0) break;
    await sleep(waitMs);
    const again = new Set((await unclaimed(database, await allStripeFacts(stripe), log)).map(({ what }) => what));
    found = found.filter(({ what }) => again.has(what));
  }
  return found;
}

/** What of this no purchase claims. */
async function unclaimed(db: pg.Pool, atStripe: StripeFacts, log: Testimony | undefined): Promise<Difference[]> {
  const moved = [...atStripe.movements, ...(log?.movements ?? [])];
  const groups = new Set(moved.map(({ purchaseId }) => purchaseId).filter((id) => id !== null));
  const known = await knownPurchases(db, [...groups]);
  const strange = moved.filter(({ purchaseId }) => purchaseId === null || !known.has(purchaseId));
  const difference = (what: string, found: string): Difference => ({
    purchaseId: null,
    rule: 'nothing_unclaimed',
    what,
    expected: 'a purchase that claims it',
    found,
  });
  return [
    ...strange.map(({ kind, id, amount, currency, purchaseId }) =>
      difference(`${kind} ${id}`, `${amount} ${currency} of ${purchaseId ?? 'no purchase'}`),
    ),
    ...atStripe.strays.map(({ id, type, text }) => difference(`balance transaction ${id} (${type})`, text)),
  ];
}
