/** What the judge has to find in clocks and workflows: each of these is well but for one place. */
import type { Doctored, Excused } from './doctored.ts';
import { AN_HOUR_MS, caseOf, DISPUTED, NOW_MS, WELL, withRow, withWorkflow } from './well-purchases.ts';

const LATE = { deadlineMs: NOW_MS - 120_000, unfinished: true, updatedMs: NOW_MS - 120_000 } as const;
const FAILING = { sinceMs: NOW_MS - 61_000, times: 7 } as const;

export const TIME: readonly Doctored[] = [
  {
    rule: 'standing_equals_row',
    what: 'its deadline was moved in the row alone',
    facts: withRow({ deadlineMs: NOW_MS + 2 * AN_HOUR_MS }),
  },
  { rule: 'not_past_deadline', what: 'it has ended, and its timer runs on', facts: withRow({ state: 'completed' }) },
  { rule: 'not_past_deadline', what: 'nothing happened', facts: withRow({ deadlineMs: NOW_MS - 61_000 }) },
  {
    rule: 'not_past_deadline',
    what: 'a step is tried for more than an hour',
    facts: {
      ...withRow({ deadlineMs: NOW_MS - AN_HOUR_MS - 1_000 }),
      workflow: { ...WELL.workflow, isActing: true },
    },
  },
  {
    rule: 'not_past_deadline',
    what: 'a blocked transfer became no case in time',
    facts: withRow({ deadlineMs: NOW_MS - 120_000, transferStatus: 'blocked', stateSinceMs: NOW_MS - 2 * AN_HOUR_MS }),
  },
  {
    rule: 'nothing_half_done',
    what: 'a step stands in the middle',
    facts: withRow({ unfinished: true, updatedMs: NOW_MS - 61_000 }),
  },
  {
    rule: 'nothing_half_done',
    what: 'the case is about a transfer, and none is blocked',
    facts: { ...withRow(LATE), cases: [caseOf('transfer_blocked')] },
  },
  {
    rule: 'nothing_half_done',
    what: 'the bank has decided long ago',
    facts: { ...withRow(LATE), cases: [caseOf('chargeback')] },
  },
  {
    rule: 'not_past_deadline',
    what: 'the hold limit is over, and a bank only asks',
    facts: {
      ...DISPUTED,
      row: { ...DISPUTED.row, deadlineMs: NOW_MS - 120_000, chargeback: 'inquiry' },
      cases: [caseOf('chargeback')],
    },
  },
  {
    rule: 'not_past_deadline',
    what: 'the case about the hold limit is of a standstill that is over',
    facts: { ...withRow(LATE), cases: [caseOf('hold_limit')] },
  },
  {
    rule: 'not_past_deadline',
    what: 'a case that was decided excuses nothing',
    facts: { ...withRow(LATE), cases: [caseOf('step_refused', { isOpen: false })] },
  },
  {
    rule: 'not_past_deadline',
    what: 'a refund that came back stops no deadline',
    facts: { ...withRow(LATE), cases: [caseOf('refund_failed'), caseOf('chargeback_remainder')] },
  },
  { rule: 'tasks_go_through', what: 'its task fails', facts: withWorkflow({ failing: FAILING }) },
  {
    rule: 'tasks_go_through',
    what: 'that of its aftercare fails',
    facts: { ...WELL, aftercare: { ...WELL.workflow, failing: FAILING } },
  },
  {
    rule: 'tasks_go_through',
    what: 'that of its dispute fails',
    facts: {
      ...DISPUTED,
      disputes: DISPUTED.disputes.map((one) => ({ ...one, workflow: { ...one.workflow, failing: FAILING } })),
    },
  },
  {
    rule: 'workflow_runs_while_open',
    what: 'its workflow has ended',
    facts: withWorkflow({ status: 'completed', standings: WELL.workflow.standings }),
  },
  { rule: 'workflow_runs_while_open', what: 'its workflow is gone', facts: withWorkflow({ status: 'none' }) },
  {
    rule: 'standing_equals_row',
    what: 'its workflow believes it held',
    facts: withWorkflow({ standings: WELL.workflow.standings.slice(0, 3) }),
  },
  {
    rule: 'end_equals_row',
    what: 'its workflow ended elsewhere',
    facts: withWorkflow({ status: 'failed', standings: WELL.workflow.standings.slice(0, 3) }),
  },
];

const JUST_NOW = { deadlineMs: NOW_MS - 59_000, unfinished: true, updatedMs: NOW_MS - 59_000 } as const;
const TRIED = { ...WELL.workflow, isActing: true } as const;

export const EXCUSED_TIME: readonly Excused[] = [
  ['it is late for a moment', 'not_past_deadline', withRow(JUST_NOW)],
  ['it is half done for a moment', 'nothing_half_done', withRow(JUST_NOW)],
  ['it is late while it is tried', 'not_past_deadline', { ...withRow(LATE), workflow: TRIED }],
  ['it is half done while it is tried', 'nothing_half_done', { ...withRow(LATE), workflow: TRIED }],
  ['it is late since it is refused', 'not_past_deadline', { ...withRow(LATE), cases: [caseOf('step_refused')] }],
  ['it is half done since it is refused', 'nothing_half_done', { ...withRow(LATE), cases: [caseOf('step_refused')] }],
  [
    'it is half done while the bank decides',
    'nothing_half_done',
    { ...withRow({ ...LATE, chargeback: 'open' }), cases: [caseOf('chargeback')] },
  ],
  ['a transfer is blocked', 'not_past_deadline', withRow({ deadlineMs: LATE.deadlineMs, transferStatus: 'blocked' })],
  [
    'finance know of the transfer',
    'not_past_deadline',
    {
      ...withRow({ deadlineMs: LATE.deadlineMs, transferStatus: 'blocked', stateSinceMs: NOW_MS - 2 * AN_HOUR_MS }),
      cases: [caseOf('transfer_blocked')],
    },
  ],
  [
    'finance know of the hold limit',
    'not_past_deadline',
    { ...withRow({ ...LATE, paused: true }), cases: [caseOf('hold_limit')] },
  ],
  ['a task has failed just now', 'tasks_go_through', withWorkflow({ failing: { sinceMs: NOW_MS - 59_000, times: 2 } })],
];
