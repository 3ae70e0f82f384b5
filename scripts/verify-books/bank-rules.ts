/** What buyers' banks took back, as it is kept, against what Stripe says; and whether it came to an end. */
import { finalBalances, sum } from './arithmetic.ts';
import type { ProviderDispute, PurchaseFacts } from './facts.ts';
import type { Rule } from './rules.ts';
import { chaptersOf } from './story.ts';
import { isWithinTime } from './time-rules.ts';

/** What each of Stripe's words for a dispute lays over its purchase. */
const OVERLAYS: Readonly<Record<string, string>> = {
  warning_needs_response: 'inquiry',
  warning_under_review: 'inquiry',
  warning_closed: 'none',
  needs_response: 'open',
  under_review: 'open',
  prevented: 'prevented',
  won: 'won',
  lost: 'lost',
};
/** The gravest first. */
const BY_GRAVITY = ['open', 'inquiry', 'lost', 'prevented', 'won', 'none'] as const;

/** Undefined where nobody sees Stripe's disputes. */
const disputesAtStripe = ({
  testimonies,
}: Pick<PurchaseFacts, 'testimonies'>): readonly ProviderDispute[] | undefined =>
  testimonies.find(({ disputes }) => disputes !== undefined)?.disputes;

/** Every dispute that Stripe has is kept as it stands there, with what was put in for it; and no other. */
const chargebacksAreKept: Rule = (facts) => {
  const atStripe = disputesAtStripe(facts);
  if (atStripe === undefined) return [];
  const last = chaptersOf(facts).at(-1);
  const advancedFor = (id: string): bigint => last?.pending.get(id) ?? last?.settled.get(id) ?? 0n;
  const told = (id: string, status: string, taken: bigint, given: bigint, advanced: bigint): string =>
    `${id}: ${status}, ${taken} taken, ${given} given back, ${advanced} put in for it`;
  const expected = atStripe.map(({ id, status, withdrawn, reinstated }) =>
    told(id, status, withdrawn, reinstated, advancedFor(id)),
  );
  const kept = facts.chargebacks.map(({ id, status, withdrawn, reinstated, advanced }) =>
    told(id, status, withdrawn, reinstated, advanced),
  );
  return [
    ...expected
      .filter((one) => !kept.includes(one))
      .map((one) => ({ what: "a dispute of the buyer's bank", expected: one, found: 'not kept so' })),
    ...kept
      .filter((one) => !expected.includes(one))
      .map((found) => ({ what: "a dispute of the buyer's bank", expected: 'none that stands so at Stripe', found })),
  ];
};

/** What lies over the purchase is what Stripe's disputes lay over it, one whose money is still to come as an open one. */
const overlayEqualsProvider: Rule = (facts) => {
  const atStripe = disputesAtStripe(facts);
  if (atStripe === undefined) return [];
  const laid = atStripe.map(({ status }) => OVERLAYS[status] ?? status);
  const due = BY_GRAVITY.find((overlay) => laid.includes(overlay)) ?? 'none';
  const found = facts.row.chargeback;
  if (found === due || (found === 'open' && atStripe.some(isMoneyToCome))) return [];
  return [{ what: "what lies over it from the buyer's bank", expected: due, found }];
};

/** It is over by its word, and its money does not say the same yet. */
const isMoneyToCome = ({ status, withdrawn, reinstated }: ProviderDispute): boolean =>
  status === 'won' ? reinstated < withdrawn : ['lost', 'prevented'].includes(status) && withdrawn <= reinstated;

/** What nobody has to answer for while it is so: the bank has not decided, staff have stopped it, or somebody knows. */
const EXCUSES: ReadonlySet<string> = new Set(['chargeback', 'chargeback_remainder', 'hold_limit', 'step_refused']);

/** What was put in for a bank that has decided is settled: borne by those who bear it, or known to be lost. */
const isSettled: Rule = (facts, moment) => {
  const { row, aftercare, workflow } = facts;
  const pending = sum(chaptersOf(facts).at(-1)?.pending.values() ?? []);
  if (pending === 0n || row.paused || row.chargeback === 'open' || row.chargeback === 'inquiry') return [];
  if (facts.openCases.some((kind) => EXCUSES.has(kind))) return [];
  const isActing = [workflow, aftercare].some((one) => one.status === 'running' && one.isActing);
  if (isWithinTime(moment.nowMs - row.updatedMs, isActing, moment)) return [];
  return [{ what: 'what was put in for a bank that has decided', expected: 'settled', found: `${pending} unsettled` }];
};

/** Nothing is left in what has ended: no rule gives it to anybody any more. But what a bank gave back late is a case. */
const nothingLeft: Rule = ({ row, ledger, openCases, closedCases }) => {
  if (!ENDS.includes(row.state)) return [];
  const balances = finalBalances(ledger);
  const cases = [...openCases, ...closedCases];
  return Object.entries(LEFT_WITH_CASE).flatMap(([account, kind]) => {
    const left = balances[account] ?? 0n;
    if (left === 0n || (kind !== null && cases.includes(kind))) return [];
    const expected = kind === null ? '0' : `0, or a case ${kind}`;
    return [{ what: `${account}, though it is ${row.state}`, expected, found: String(left) }];
  });
};

const ENDS: readonly string[] = ['completed', 'refunded', 'cancelled', 'declined', 'expired'];
/** What can be left of a purchase that has ended, and the case that finance then have, or have had. */
const LEFT_WITH_CASE: Readonly<Record<string, string | null>> = {
  held: 'chargeback_remainder',
  suspense: 'chargeback_remainder',
  payable: null,
  owedToBuyer: 'refund_failed',
};

export const bankRules = {
  chargebacks_are_kept: chargebacksAreKept,
  overlay_equals_provider: overlayEqualsProvider,
  bank_is_settled: isSettled,
  nothing_left_behind: nothingLeft,
} as const satisfies Readonly<Record<string, Rule>>;
