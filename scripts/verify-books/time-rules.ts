/** Whether a purchase is where it should be by now, and whether somebody looks after it. */
import { isExcused, type Late } from './cases.ts';
import type { PurchaseFacts } from './facts.ts';
import type { Finding, Moment, Rule } from './rules.ts';

const FINAL_STATES: ReadonlySet<string> = new Set(['completed', 'refunded', 'cancelled', 'declined', 'expired']);
/** A step that waits for a provider is about to act for so long; then it has to be a case. */
const ACTING_GRACE_MS = 60 * 60 * 1_000;

/** What a case says to be stopped is known to somebody; what is being tried is about to happen, for a while. */
function isLooked(what: Late, facts: PurchaseFacts, lateMs: number, moment: Moment): boolean {
  const { workflow } = facts;
  return isExcused(what, facts) || isWithinTime(lateMs, workflow.status === 'running' && workflow.isActing, moment);
}

/** Whether something may be as late as that. @param isActing a step is being tried */
export const isWithinTime = (lateMs: number, isActing: boolean, { graceMs }: Moment): boolean =>
  lateMs <= (isActing ? ACTING_GRACE_MS : graceMs);

/** No purchase is past its deadline, unless somebody knows; what has ended has none any more. */
const deadline: Rule = (facts, moment) => {
  const { row } = facts;
  if (row.deadlineMs === null) return [];
  if (FINAL_STATES.has(row.state)) {
    return [
      {
        what: `a deadline, though it is ${row.state}`,
        expected: 'none',
        found: new Date(row.deadlineMs).toISOString(),
      },
    ];
  }
  if (isBlocked(facts, moment)) return [];
  if (isLooked('a deadline', facts, moment.nowMs - row.deadlineMs, moment)) return [];
  return [late('its deadline', row.deadlineMs, moment)];
};

/** What was begun is gone through with, unless staff have paused it. */
const unfinished: Rule = (facts, moment) => {
  const { row } = facts;
  const what = 'a step that was begun';
  if (!row.unfinished || row.paused || isLooked(what, facts, moment.nowMs - row.updatedMs, moment)) return [];
  return [late(what, row.updatedMs, moment)];
};

const late = (what: string, sinceMs: number, { nowMs }: Moment): Finding => ({
  what,
  expected: `an action, or a case about what stops it, since ${new Date(sinceMs).toISOString()}`,
  found: `nothing for ${Math.round((nowMs - sinceMs) / 1_000)} s`,
});

/** A transfer that Stripe refuses keeps its purchase open, and becomes a case after the time that was agreed. */
function isBlocked({ row }: PurchaseFacts, { nowMs, graceMs }: Moment): boolean {
  const caseMs = row.terms['transferCaseMs'];
  if (row.transferStatus !== 'blocked' || typeof caseMs !== 'number') return false;
  return nowMs <= row.stateSinceMs + caseMs + retryMs(row.terms) + graceMs;
}

/** It is looked at as often as this. */
const retryMs = ({ transferRetryMs }: Readonly<Record<string, unknown>>): number =>
  typeof transferRetryMs === 'number' ? transferRetryMs : 0;

/** An open purchase has a workflow that runs, one that has ended has none. */
const workflowRuns: Rule = ({ row, workflow }) => {
  const isOpen = !FINAL_STATES.has(row.state);
  const allowed = isOpen ? ['running'] : ['completed', 'none'];
  if (allowed.includes(workflow.status)) return [];
  return [{ what: `its workflow, while it is ${row.state}`, expected: allowed.join(' or '), found: workflow.status }];
};

const timeOf = (ms: number | null): string => (ms === null ? 'none' : new Date(ms).toISOString());

/** The workflow believes what the row says. */
const standingEqualsRow: Rule = ({ row, workflow }) => {
  const last = workflow.standings.at(-1);
  if (last === undefined || workflow.status !== 'running') return [];
  const pairs: readonly (readonly [string, string, string])[] = [
    ['state', row.state, last.state],
    ['transfer', row.transferStatus, last.transfer ?? row.transferStatus],
    ['held', String(row.books['held'] ?? 0n), String(last.held ?? row.books['held'] ?? 0n)],
    ['the deadline', timeOf(row.deadlineMs), timeOf(last.deadlineMs === undefined ? row.deadlineMs : last.deadlineMs)],
  ];
  return pairs
    .filter(([, expected, found]) => expected !== found)
    .map(([what, expected, found]) => ({ what: `${what}, as its workflow knows it`, expected, found }));
};

/** What looks after a purchase that has ended goes well, believes what the row says, and never writes beside its workflow. */
const aftercareGoesWell: Rule = ({ row, aftercare }) => {
  const findings: Finding[] = [];
  const last = aftercare.standings.at(-1);
  if (aftercare.status === 'failed') {
    findings.push({ what: 'its aftercare', expected: 'running, completed or none', found: 'failed' });
  }
  if (!FINAL_STATES.has(row.state)) {
    if (aftercare.status !== 'running') return findings;
    return [...findings, { what: `its aftercare, while it is ${row.state}`, expected: 'none', found: 'running' }];
  }
  if (last === undefined) return findings;
  const pairs: readonly (readonly [string, string, string])[] = [
    ['state', row.state, last.state],
    ['held', String(row.books['held'] ?? 0n), String(last.held ?? row.books['held'] ?? 0n)],
  ];
  return [
    ...findings,
    ...pairs
      .filter(([, expected, found]) => expected !== found)
      .map(([what, expected, found]) => ({ what: `${what}, as its aftercare knows it`, expected, found })),
  ];
};

/** How the workflow ended is what the row says. */
const endEqualsRow: Rule = ({ row, workflow }) => {
  const last = workflow.standings.at(-1);
  if (last === undefined || workflow.status === 'running' || last.state === row.state) return [];
  return [{ what: 'the state in which its workflow ended', expected: row.state, found: last.state }];
};

/** What a workflow has to do next its worker does: a task that fails is tried for ever, and meanwhile nothing happens. */
const tasksGoThrough: Rule = ({ workflow, aftercare, disputes }, moment) => {
  const flows = [
    ['its workflow', workflow.failing],
    ['its aftercare', aftercare.failing],
    ...disputes.map(({ n, workflow: { failing } }) => [`the workflow of dispute ${n}`, failing] as const),
  ] as const;
  return flows.flatMap(([what, failing]) => {
    if (failing === null || isWithinTime(moment.nowMs - failing.sinceMs, false, moment)) return [];
    const expected = `a task that is done since ${new Date(failing.sinceMs).toISOString()}`;
    return [{ what: `what ${what} has to do next`, expected, found: `it has failed ${failing.times} times` }];
  });
};

export const timeRules = {
  not_past_deadline: deadline,
  nothing_half_done: unfinished,
  tasks_go_through: tasksGoThrough,
  workflow_runs_while_open: workflowRuns,
  standing_equals_row: standingEqualsRow,
  end_equals_row: endEqualsRow,
  aftercare_goes_well: aftercareGoesWell,
} as const satisfies Readonly<Record<string, Rule>>;
