import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/client';
import { z } from 'zod';
import { idPattern, type ReconciliationId } from '../../contracts/ids.ts';
import { type ReconciliationWorkflow, reconciliationWorkflowId } from '../../contracts/reconciliation.ts';
import { TASK_QUEUES } from '../../contracts/task-queues.ts';
import { notFound } from '../../platform/errors.ts';
import { idFrom } from '../../platform/ids.ts';
import {
  type Difference,
  differencesOf,
  findRun,
  listRuns,
  MAX_RUNNING,
  RECONCILIATION_STATES,
  type Reconciliation,
  reserveRun,
} from '../../services/reconciliations/index.ts';
import { DIFFERENCE_KINDS } from '../../services/reconciliations/rules.ts';
import { decodeCursor, pageFrom } from '../cursors.ts';
import type { ApiDeps } from '../deps.ts';
import { ANSWER_WITHIN_MS, temporalAnswers } from '../outcomes.ts';
import { endLeftovers } from '../reconciliations/leftovers.ts';
import { type Policy, type Route, route } from '../route.ts';
import { idOf, page, pageOf, timestamp } from '../schemas.ts';

const policy: Policy = { access: 'staff', roles: ['finance', 'admin'] };
const tag = 'staff';
const MAX_SHOWN = 200;

const count = z.int().min(0);

const members = {
  id: idOf('rec'),
  state: z.enum(RECONCILIATION_STATES),
  requestedBy: z.string().nullable().meta({ description: 'Who asked for it; null for the one of the day.' }),
  from: timestamp,
  until: timestamp,
  pages: count.meta({ description: 'Of Stripe, read so far.' }),
  lines: count,
  postings: count.meta({ description: 'Of ours, that no line of the period answered to: Stripe was asked for each.' }),
  posted: count.meta({ description: "Stripe's fees and payouts that were posted from its lines." }),
  differences: count.meta({ description: 'Found, or found again.' }),
  settled: count.meta({ description: 'Differences of before that are no more.' }),
  startedAt: timestamp,
  endedAt: timestamp.nullable(),
};
const runSchema = z.object(members).meta({ id: 'Reconciliation' });
const reportSchema = z
  .object({
    ...members,
    found: z
      .array(
        z.object({
          id: idOf('dif'),
          kind: z.enum(DIFFERENCE_KINDS),
          reference: z.string().meta({ description: 'The object of Stripe.' }),
          category: z.string(),
          purchaseId: z.string().nullable(),
          caseId: idOf('cas'),
          details: z.record(z.string(), z.unknown()).meta({ description: 'Both sides.' }),
        }),
      )
      .meta({ description: `The differences, at most ${MAX_SHOWN}. Each has a case.` }),
  })
  .meta({ id: 'ReconciliationReport' });

/** The ledger against Stripe, on demand, and what came out. */
export function reconciliationRoutes({
  config,
  database,
  temporal,
}: Pick<ApiDeps, 'config' | 'database' | 'temporal'>): Route[] {
  const { client } = temporal;
  return [
    route({
      method: 'post',
      path: '/v1/admin/reconciliations',
      operationId: 'beginReconciliation',
      tag,
      summary: "Compare the ledger with Stripe's balance, line by line",
      description:
        'Begins at once and takes its time: read it to see how far it has come. Without `from` it goes on where the last ' +
        'one ended, less three days. What is younger than some minutes is left to the next one. Each difference is a case.',
      policy,
      idempotency: 'replay',
      body: z
        .strictObject({ from: timestamp.optional(), until: timestamp.optional() })
        .refine(({ from, until }) => from === undefined || until === undefined || from < until, {
          message: '`from` is before `until`',
          path: ['from'],
        })
        .meta({ id: 'NewReconciliation' }),
      problems: {
        RECONCILIATIONS_RUNNING: { status: 409, when: `${MAX_RUNNING} are running already.` },
        NOTHING_SETTLED: { status: 422, when: '`from` is later than `settledUntil`, before which all is old enough.' },
      },
      responses: { 202: { description: 'It has begun.', schema: z.object({ id: idOf('rec') }) } },
      handle: async ({ body: { from, until }, caller, operationUuid }) => {
        await endLeftovers(database, client);
        const settleMs = config.RECONCILIATION_SETTLE_SECONDS * 1_000;
        const id = idFrom('rec', operationUuid);
        const workflowId = reconciliationWorkflowId(id);
        const requestedBy = caller().userId;
        const asked = {
          ...(from !== undefined && { fromMs: Date.parse(from) }),
          ...(until !== undefined && { untilMs: Date.parse(until) }),
        };
        const { state } = await reserveRun(database, { id, workflowId, requestedBy }, asked, settleMs);
        const reply = { status: 202, body: { id }, headers: { Location: `/v1/admin/reconciliations/${id}` } };
        if (state !== 'running') return reply;
        await temporalAnswers(client, Date.now() + ANSWER_WITHIN_MS, () =>
          client.workflow.start<ReconciliationWorkflow>('reconciliation', {
            workflowId,
            taskQueue: TASK_QUEUES.workflows,
            args: [{ id, requestedBy, ...asked }],
            workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
            workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
            staticSummary: `Reconciliation ${id}`,
          }),
        );
        return reply;
      },
    }),
    route({
      method: 'get',
      path: '/v1/admin/reconciliations',
      operationId: 'listReconciliations',
      tag,
      summary: 'List reconciliations, newest first',
      policy,
      query: z.strictObject(page),
      responses: { 200: { description: 'A page of them.', schema: pageOf(runSchema) } },
      handle: async ({ query: { limit, cursor } }) => {
        const before = cursor === undefined ? undefined : (decodeCursor(cursor, idPattern('rec')) as ReconciliationId);
        const { rows, nextCursor } = pageFrom(await listRuns(database, before, limit + 1), limit);
        return { status: 200, body: { data: rows.map(bodyOf), nextCursor } };
      },
    }),
    route({
      method: 'get',
      path: '/v1/admin/reconciliations/{id}',
      operationId: 'getReconciliation',
      tag,
      summary: 'Read a reconciliation and its differences',
      policy,
      params: z.object({ id: idOf('rec') }),
      responses: { 200: { description: 'How far it is, or what came out.', schema: reportSchema } },
      handle: async ({ params: { id } }) => {
        const run = await findRun(database, id);
        if (run === undefined) throw notFound('reconciliation');
        const found = await differencesOf(database, id, MAX_SHOWN);
        return { status: 200, body: { ...bodyOf(run), found: found.map(differenceBody) } };
      },
    }),
  ];
}

function bodyOf(run: Reconciliation): z.input<typeof runSchema> {
  const { workflowId: _workflow, fromAt, untilAt, settledAt: _settled, startedAt, endedAt, ...rest } = run;
  return {
    ...rest,
    from: fromAt.toISOString(),
    until: untilAt.toISOString(),
    startedAt: startedAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
  };
}

const differenceBody = ({ id, kind, reference, category, purchaseId, caseId, details }: Difference) => ({
  id,
  kind,
  reference,
  category,
  purchaseId,
  caseId,
  details: { ...details },
});
