/** The disputes of a purchase: what was decided and by whom, whether that was carried out, and whether somebody does. */
import { leaning, sum } from './arithmetic.ts';
import { isExcused, isWithBank } from './cases.ts';
import type { DisputeFacts, PurchaseFacts } from './facts.ts';
import type { Finding, Moment, Rule } from './rules.ts';
import { type Chapter, chaptersOf, isOfBank } from './story.ts';
import { isWithinTime } from './time-rules.ts';

const nameOf = ({ n }: Pick<DisputeFacts, 'n'>): string => `dispute ${n}`;
const isClosed = ({ state }: Pick<DisputeFacts, 'state'>): boolean => state === 'closed';

const forEachDispute =
  (look: (dispute: DisputeFacts, facts: PurchaseFacts, moment: Moment) => Finding[]): Rule =>
  (facts, moment) =>
    facts.disputes.flatMap((dispute) => look(dispute, facts, moment));

/** A purchase is disputed as often as it has disputes, numbered from 1; while it is disputed one of them is open. */
const disputesEqualPurchase: Rule = ({ row, audit, disputes }) => {
  const times = audit.filter(({ to }) => to === 'disputed').length;
  const numbers = disputes.map(({ n }) => n).join(', ');
  const expected = Array.from({ length: times }, (_, index) => index + 1).join(', ');
  const open = disputes.filter((dispute) => !isClosed(dispute)).length;
  const due = row.state === 'disputed' ? 1 : 0;
  return [
    ...(numbers === expected ? [] : [{ what: 'the numbers of its disputes', expected, found: numbers }]),
    ...(open === due
      ? []
      : [{ what: `open disputes, while it is ${row.state}`, expected: String(due), found: String(open) }]),
  ];
};

/** The step by which a purchase came into its `n`-th dispute, and those up to the one that led out of it again. */
function stepsOf(facts: PurchaseFacts, n: number): { readonly into?: Chapter; readonly until?: readonly Chapter[] } {
  const chapters = chaptersOf(facts);
  const into = chapters.filter(({ to }) => to === 'disputed')[n - 1];
  const outOf = chapters.filter(({ from, to }) => from === 'disputed' && to !== null)[n - 1];
  if (into === undefined || outOf === undefined) return { ...(into && { into }) };
  return { into, until: chapters.slice(chapters.indexOf(into) + 1, chapters.indexOf(outOf) + 1) };
}

const atLeastNothing = (amount: bigint): bigint => (amount > 0n ? amount : 0n);

/** Disputed is all that was left; and what was decided is what was carried out. */
const carriedOut = forEachDispute((dispute, facts) => {
  const { into, until } = stepsOf(facts, dispute.n);
  const { gross, decision } = dispute;
  const findings: Finding[] = [];
  const add = (what: string, expected: bigint, found: bigint): void => {
    if (expected !== found) findings.push({ what, expected: String(expected), found: String(found) });
  };
  if (into !== undefined) add(`what ${nameOf(dispute)} is about`, into.left.after, gross);
  const last = until?.at(-1);
  if (until === undefined || last === undefined || decision === null) return findings;
  // What a bank took meanwhile is the buyer's already: it counts as given back, and the seller keeps no more than is left.
  const taken = sum(until.filter(isOfBank).map(({ left }) => left.before - left.after));
  const forSeller = gross - (decision.refund > taken ? decision.refund : taken);
  add(`what ${nameOf(dispute)} has left the seller, gross`, atLeastNothing(forSeller), atLeastNothing(last.left.after));
  return findings;
});

/** What a dispute was decided on says the same amount: the claim, an offer, a ruling, the policy. */
const decidedByWords = forEachDispute((dispute) => {
  const { decision, gross, state } = dispute;
  if (decision === null) {
    return state === 'closed' ? [{ what: nameOf(dispute), expected: 'a decision', found: 'closed without one' }] : [];
  }
  const due = dueBy(dispute, decision.by);
  const amounts = [...new Set(due)];
  const isIn = decision.refund >= 0n && decision.refund <= gross;
  if (isIn && amounts.length === 1 && amounts[0] === decision.refund) return [];
  return [
    {
      what: `what ${nameOf(dispute)} gives the buyer by ${decision.by}`,
      expected: amounts.length === 0 ? 'something that says so' : amounts.join(' or '),
      found: String(decision.refund),
    },
  ];
});

/** What the buyer gets back by that; nothing where it is not there. */
function dueBy({ offers, rulings, terms, ...dispute }: DisputeFacts, by: string): readonly bigint[] {
  const policy = (name: string): bigint[] => {
    const percent = terms[name];
    return typeof percent === 'number' ? [leaning(dispute, BigInt(percent))] : [];
  };
  switch (by) {
    case 'claim':
      return [dispute.claimRefund];
    case 'silence':
      return policy('silencePercent');
    case 'default_ruling':
      return policy('defaultPercent');
    case 'agreement':
      return offers.filter(({ status }) => status === 'accepted').map(({ refund }) => refund);
    case 'ruling':
      return rulings
        .filter(({ status }) => status === 'stands')
        .slice(-1)
        .map(({ refund }) => refund);
    case 'chargeback':
      return [dispute.gross];
    default:
      return [];
  }
}

/** A ruling stands by enough people: none of them a party, and on appeal nobody who had ruled before. */
const ruledByOthers = forEachDispute((dispute) => {
  const { gross, rulings, parties, terms } = dispute;
  const fourEyesFrom = terms['fourEyesFrom'];
  const needsTwo = typeof fourEyesFrom === 'number' && gross >= BigInt(fourEyesFrom);
  const before = new Set(rulings.flatMap((ruling) => (ruling.onAppeal ? [] : judgesOf(ruling))));
  return rulings
    .filter(({ status, ruledBy }) => status === 'stands' && ruledBy !== null)
    .flatMap((ruling): Finding[] => {
      const judges = judgesOf(ruling);
      const what = `who ruled in ${nameOf(dispute)}`;
      const least = needsTwo ? 2 : 1;
      const findings: Finding[] = [];
      if (new Set(judges).size < least) findings.push({ what, expected: `${least} people`, found: judges.join(', ') });
      const forbidden = judges.filter((one) => parties.includes(one) || (ruling.onAppeal && before.has(one)));
      if (forbidden.length > 0) {
        findings.push({ what, expected: 'nobody who is a party, or ruled before', found: forbidden.join(', ') });
      }
      return findings;
    });
});

const judgesOf = ({ ruledBy, approvedBy }: DisputeFacts['rulings'][number]): string[] =>
  [ruledBy, approvedBy].filter((one) => one !== null);

/**
 * No dispute is past its deadline; what is decided is carried out, unless somebody knows what stops it. Its time stands still
 * while a bank looks at the payment, and not longer: the purchase tells it so in a moment.
 */
const deadline = forEachDispute((dispute, facts, moment) => {
  if (isClosed(dispute)) return [];
  const { row, workflow } = facts;
  if (dispute.decision !== null) {
    if (row.paused || waitsForBank(dispute, row.chargeback) || isExcused('a decision', facts)) return [];
    // What stopped it may have gone only now.
    const sinceMs = Math.max(dispute.decision.atMs, row.updatedMs);
    const isActing = workflow.status === 'running' && workflow.isActing;
    return lateness(`what ${nameOf(dispute)} has decided`, sinceMs, isActing, moment);
  }
  const isActing = dispute.workflow.status === 'running' && dispute.workflow.isActing;
  if (dispute.frozen) {
    if (isWithBank(row)) return [];
    return lateness(`${nameOf(dispute)}, which stands still though no bank looks`, row.updatedMs, isActing, moment);
  }
  if (dispute.deadlineMs === null) return [];
  const sinceMs = isWithBank(row) ? Math.max(dispute.deadlineMs, row.updatedMs) : dispute.deadlineMs;
  return lateness(`the deadline of ${nameOf(dispute)}`, sinceMs, isActing, moment);
});

/** What gives the buyer everything does not wait for a bank that has only asked. */
const waitsForBank = ({ decision, gross }: DisputeFacts, chargeback: string): boolean =>
  chargeback === 'open' || (chargeback === 'inquiry' && decision !== null && decision.refund < gross);

function lateness(what: string, sinceMs: number, isActing: boolean, moment: Moment): Finding[] {
  const lateMs = moment.nowMs - sinceMs;
  if (isWithinTime(lateMs, isActing, moment)) return [];
  const expected = `an action since ${new Date(sinceMs).toISOString()}`;
  return [{ what, expected, found: `nothing for ${Math.round(lateMs / 1_000)} s` }];
}

/** An open dispute has a workflow that runs and believes what the row says; one that is closed has none. */
const workflowRuns = forEachDispute((dispute, _facts, { nowMs, graceMs }) => {
  const { state, closedMs, workflow } = dispute;
  const justClosed = closedMs !== null && nowMs - closedMs <= graceMs;
  const allowed = isClosed(dispute) ? ['completed', 'none', ...(justClosed ? ['running'] : [])] : ['running'];
  if (allowed.includes(workflow.status)) return [];
  const what = `the workflow of ${nameOf(dispute)}, which is ${state}`;
  return [{ what, expected: allowed.join(' or '), found: workflow.status }];
});

const standingEqualsRow = forEachDispute((dispute) => {
  const { last } = dispute.workflow;
  if (last === null || isClosed(dispute)) return [];
  const told = (state: string, decided: boolean, frozen: boolean): string =>
    [state, ...(decided ? ['decided'] : []), ...(frozen ? ['frozen'] : [])].join(', ');
  const expected = told(dispute.state, dispute.decision !== null, dispute.frozen);
  const found = told(last.state, last.decided, last.frozen);
  return expected === found ? [] : [{ what: `${nameOf(dispute)}, as its workflow knows it`, expected, found }];
});

/** Who looked is noted, and told nobody. */
const UNTOLD: ReadonlySet<string> = new Set(['dispute.read', 'dispute.evidence_listed', 'dispute.evidence_read']);

/** Each state of a dispute follows the one before in its trail, up to the one in its row; and what was noted was told. */
const trail = forEachDispute((dispute) => {
  const findings: Finding[] = [];
  let state: string | null = null;
  for (const { action, from, state: to } of dispute.audit) {
    if (to === null) continue;
    if (from !== null && from !== state) {
      findings.push({ what: `${action} in ${nameOf(dispute)}, from`, expected: state ?? 'nothing', found: from });
    }
    state = to;
  }
  if (state !== dispute.state) {
    const what = `the last state in the trail of ${nameOf(dispute)}`;
    findings.push({ what, expected: dispute.state, found: state ?? 'none' });
  }
  const noted = dispute.audit.map(({ action }) => action).filter((action) => !UNTOLD.has(action));
  const [expected, found] = [noted.join(', '), dispute.events.join(', ')];
  if (expected !== found) findings.push({ what: `the events about ${nameOf(dispute)}`, expected, found });
  return findings;
});

export const disputeRules = {
  disputes_equal_purchase: disputesEqualPurchase,
  carried_out_as_decided: carriedOut,
  decided_by_words: decidedByWords,
  ruled_by_others: ruledByOthers,
  dispute_not_past_deadline: deadline,
  dispute_workflow_runs: workflowRuns,
  dispute_standing_equals_row: standingEqualsRow,
  dispute_is_told: trail,
} as const satisfies Readonly<Record<string, Rule>>;
