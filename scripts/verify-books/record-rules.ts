/** What was noted and told about a purchase, against what became of it. */
import { PURCHASE_ACCOUNTS, sum } from './arithmetic.ts';
import type { LedgerTransaction } from './facts.ts';
import type { Finding, Rule } from './rules.ts';

/** Each state follows the one before it in the audit trail, up to the one in the row. */
const chainOfStates: Rule = ({ row, audit }) => {
  const findings: Finding[] = [];
  let state: string | null = null;
  for (const { seq, from, to } of audit) {
    if (to === null) continue;
    if (from !== state)
      findings.push({ what: `audit entry ${seq}, from`, expected: state ?? 'nothing', found: from ?? 'nothing' });
    state = to;
  }
  if (state !== row.state) {
    findings.push({ what: 'the last state in the audit trail', expected: row.state, found: state ?? 'none' });
  }
  return findings;
};

/** Entries are numbered without a gap: none was left out. */
const numbered: Rule = ({ audit }) =>
  audit
    .filter(({ seq }, index) => seq !== index + 1)
    .slice(0, 1)
    .map(({ seq }, index) => ({
      what: 'the numbers of the audit trail',
      expected: String(index + 1),
      found: String(seq),
    }));

/** What was posted for a step is what the audit trail says the step moved, and nothing was moved unseen. */
const moneyIsAudited: Rule = ({ ledger, audit }) => {
  const steps = new Set([
    ...ledger.map(({ step }) => step),
    ...audit.flatMap(({ step, moved }) => (step !== null && moved > 0n ? [step] : [])),
  ]);
  return [...steps].flatMap((step) => {
    const posted = sum(ledger.filter((transaction) => transaction.step === step).map(movedBy));
    const noted = sum(audit.filter((entry) => entry.step === step).map(({ moved }) => moved));
    return posted === noted
      ? []
      : [{ what: `audited money of ${step}`, expected: String(posted), found: String(noted) }];
  });
};

/** What a posting moves between the accounts of its purchase: Stripe's fee, which is the company's, is none of it. */
const movedBy = ({ entries }: LedgerTransaction): bigint =>
  sum(
    entries
      .filter(({ account, amount }) => amount > 0n && PURCHASE_ACCOUNTS.includes(account))
      .map(({ amount }) => amount),
  );

/** Every state was told, in its turn. */
const statesAreTold: Rule = ({ audit, events }) => {
  const reached = audit.flatMap(({ to }) => (to === null ? [] : [`purchase.${to}`]));
  const told = events.filter((type) => reached.includes(type));
  const [expected, found] = [reached.join(', '), told.join(', ')];
  return expected === found ? [] : [{ what: 'the events about its states', expected, found }];
};

/** The states that the workflow's steps came to are those that were noted, in that order. */
const historyIsAudited: Rule = ({ audit, workflow }) => {
  const noted = audit.flatMap(({ to }) => (to === null ? [] : [to]));
  let at = 0;
  let last: string | undefined;
  for (const { state, step } of workflow.standings) {
    if (state === last) continue;
    last = state;
    const found = noted.indexOf(state, at);
    if (found === -1)
      return [
        { what: `the state after ${step} in the history`, expected: state, found: 'no audit entry of it in its turn' },
      ];
    at = found;
  }
  return [];
};

/** Every refund that Stripe has is kept beside the purchase, as it stands there; and no other. */
const refundsAreKept: Rule = ({ refunds, testimonies }) => {
  const told = (id: string, amount: bigint, status: string): string => `${id}: ${amount}, ${status}`;
  const atStripe = testimonies
    .flatMap(({ movements }) => movements)
    .filter(({ kind, status }) => kind === 'refund' && status !== undefined)
    .map(({ id, amount, status }) => told(id, amount, status ?? ''));
  const kept = refunds.map(({ id, amount, status }) => told(id, amount, status));
  return [
    ...atStripe
      .filter((one) => !kept.includes(one))
      .map((expected) => ({ what: 'a refund', expected, found: 'not kept so' })),
    ...kept
      .filter((one) => !atStripe.includes(one))
      .map((found) => ({ what: 'a refund', expected: 'none at Stripe', found })),
  ];
};

/** Who buys what from whom, and for how much, is what the buyer asked for. */
const asItWasAsked: Rule = ({ row, workflow: { asked } }) => {
  if (asked === null) return [];
  const pairs: readonly (readonly [string, string, string])[] = [
    ['the buyer', asked.buyerId, row.buyerId],
    ['the seller', asked.sellerId, row.sellerId],
    ['what is bought', `${asked.quantity} × ${asked.listingId}`, `${row.quantity} × ${row.listingId}`],
    ['the price', `${asked.price} ${asked.currency}`, `${String(row.terms['price'])} ${row.currency}`],
  ];
  return pairs
    .filter(([, expected, found]) => expected !== found)
    .map(([what, expected, found]) => ({ what, expected, found }));
};

export const recordRules = {
  as_it_was_asked: asItWasAsked,
  audit_follows_states: chainOfStates,
  audit_has_no_gap: numbered,
  money_is_audited: moneyIsAudited,
  states_are_told: statesAreTold,
  history_is_audited: historyIsAudited,
  refunds_are_kept: refundsAreKept,
} as const satisfies Readonly<Record<string, Rule>>;
