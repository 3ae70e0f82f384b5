/** What buyers' banks took back, as it is kept, against what Stripe says; and whether it came to an end. */
import { finalBalances, sum } from './arithmetic.ts';
import { isExcused, isWithBank } from './cases.ts';
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
const isMoneyToCome = ({ status, withdrawn, reinstated }: Omit<ProviderDispute, 'purchaseId'>): boolean =>
  status === 'won' ? reinstated < withdrawn : ['lost', 'prevented'].includes(status) && withdrawn <= reinstated;

/** What was put in for a bank that has decided is settled: borne by those who bear it, or known to be lost. */
const isSettled: Rule = (facts, moment) => {
  const { row, aftercare, workflow } = facts;
  const pending = sum(
    [...(chaptersOf(facts).at(-1)?.pending ?? [])].filter(([id]) => isDecided(facts, id)).map(([, amount]) => amount),
  );
  if (pending === 0n || row.paused || isExcused('what a bank cost', facts)) return [];
  const isActing = [workflow, aftercare].some((one) => one.status === 'running' && one.isActing);
  if (isWithinTime(moment.nowMs - row.updatedMs, isActing, moment)) return [];
  return [{ what: 'what was put in for a bank that has decided', expected: 'settled', found: `${pending} unsettled` }];
};

/** One that goes on, or whose money is still to come, is not decided, whatever lies beside it over the purchase. */
function isDecided({ row, chargebacks }: PurchaseFacts, id: string): boolean {
  const one = chargebacks.find((kept) => kept.id === id);
  if (one === undefined) return true;
  if (isWithBank({ chargeback: OVERLAYS[one.status] ?? one.status })) return false;
  return row.chargeback !== 'open' || !isMoneyToCome(one);
}

/** Nothing is left in what has ended, and nothing waits for delivery once it was released: no rule gives it to anybody. */
const nothingLeft: Rule = ({ row, ledger }) => {
  const balances = finalBalances(ledger);
  return Object.entries(EMPTY_IN).flatMap(([account, states]) => {
    const left = balances[account] ?? 0n;
    if (left === 0n || !states.includes(row.state)) return [];
    return [{ what: `${account}, though it is ${row.state}`, expected: '0', found: String(left) }];
  });
};

const ENDS: readonly string[] = ['completed', 'refunded', 'cancelled', 'declined', 'expired'];
const EMPTY_IN: Readonly<Record<string, readonly string[]>> = { payable: ENDS, held: ['released', ...ENDS] };

/** What a bank gave back when nobody was waiting for it any more is what the last case says that finance have about it. */
const lateMoneyIsNamed: Rule = ({ ledger, cases }) => {
  const late = finalBalances(ledger)['suspense'] ?? 0n;
  const named = cases
    .flatMap(({ kind, names }) => (kind === 'chargeback_remainder' ? (names.returned ?? []) : []))
    .at(-1);
  if ((named ?? 0n) === late) return [];
  return [{ what: 'what came back late', expected: `a case that names ${late}`, found: String(named ?? 'none') }];
};

/** What refunds that came back have left the buyer to get is what the last case about it says. */
const owedIsNamed: Rule = ({ ledger, cases }) => {
  const owed = finalBalances(ledger)['owedToBuyer'] ?? 0n;
  const last = cases.findLast(({ kind }) => kind === 'refund_failed');
  const named = last?.names.amount ?? 0n;
  // One that is closed says what was owed before it was.
  if (owed === named || (owed === 0n && last?.isOpen !== true)) return [];
  return [{ what: 'what the buyer is owed', expected: `a case that names ${owed}`, found: String(named) }];
};

export const bankRules = {
  chargebacks_are_kept: chargebacksAreKept,
  overlay_equals_provider: overlayEqualsProvider,
  bank_is_settled: isSettled,
  nothing_left_behind: nothingLeft,
  late_money_is_named: lateMoneyIsNamed,
  owed_refunds_are_named: owedIsNamed,
} as const satisfies Readonly<Record<string, Rule>>;
