import { randomUUID } from 'node:crypto';
import type { WebhookEvent, WorkflowRun, WorkflowRunStatus } from '@onfido/api';
import { z } from 'zod';
import { writeLog } from '../store/log.ts';
import { findObject, insertObject, listObjects, type ObjectKind, type Stored, saveObject } from '../store/objects.ts';
import { enqueueDelivery } from '../store/outbox.ts';
import { APPLICANT, applicantById, ONFIDO_OWNER, readBody } from './applicants.ts';
import { invalidFields, notFound } from './errors.ts';
import type { OnfidoCall, OnfidoOperation } from './operation.ts';

const WORKFLOW_RUN: ObjectKind<WorkflowRun> = { name: 'onfido_workflow_run' };

export type StoredRun = Stored<WorkflowRun>;

/** How a run can end. */
export const RUN_OUTCOMES = ['approved', 'declined', 'review', 'abandoned', 'error'] as const;
export type RunOutcome = (typeof RUN_OUTCOMES)[number];

/** The applicant's last name decides, so that a tester chooses by signing up. Any other name is approved. */
const OUTCOME_BY_LAST_NAME: Readonly<Record<string, RunOutcome>> = {
  consider: 'review',
  declined: 'declined',
  abandoned: 'abandoned',
  errored: 'error',
};

const REASONS: Readonly<Partial<Record<RunOutcome, readonly string[]>>> = {
  declined: ['document_authenticity'],
  review: ['manual_review'],
};

/** How long a link works. Source: https://documentation.onfido.com/api/latest/#workflow-run-link (default) */
const LINK_LIFETIME_MS = 7 * 24 * 60 * 60 * 1000;
const PAGE_SIZE = 20;

const url = z.url('must be a valid URL');

const created = z.object({
  applicant_id: z.uuid('invalid format'),
  workflow_id: z.uuid('invalid format'),
  tags: z.array(z.string().min(1).max(128, 'is too long')).max(30, 'has too many items').nullable().optional(),
  customer_user_id: z.string().max(256, 'is too long').optional(),
  link: z
    .object({
      completed_redirect_url: url.nullable().optional(),
      expired_redirect_url: url.nullable().optional(),
      expires_at: z.iso.datetime({ offset: true, error: 'invalid date' }).nullable().optional(),
      language: z.enum(['en_US', 'de_DE', 'es_ES', 'fr_FR', 'it_IT', 'pt_PT', 'nl_NL']).nullable().optional(),
    })
    .optional(),
  custom_data: z.record(z.string(), z.unknown()).optional(),
});

function buildRun(call: OnfidoCall, values: z.output<typeof created>): WorkflowRun {
  const id = randomUUID();
  const now = call.clock.now();
  return {
    id,
    applicant_id: values.applicant_id,
    workflow_id: values.workflow_id,
    workflow_version_id: 1,
    status: 'awaiting_input',
    dashboard_url: `${call.pagesUrl}/identity/${id}`,
    output: {},
    reasons: [],
    tags: values.tags ?? [],
    ...(values.customer_user_id !== undefined && { customer_user_id: values.customer_user_id }),
    link: {
      url: `${call.pagesUrl}/identity/${id}`,
      completed_redirect_url: values.link?.completed_redirect_url ?? null,
      expired_redirect_url: values.link?.expired_redirect_url ?? null,
      expires_at: values.link?.expires_at ?? new Date(now.getTime() + LINK_LIFETIME_MS).toISOString(),
      language: values.link?.language ?? 'en_US',
    },
    sdk_token: null,
    created_at: now.toISOString(),
    updated_at: now.toISOString(),
  };
}

/** The run, for hosted pages too. @throws OnfidoError 404 */
export async function runById(call: OnfidoCall, id: string, options: { lock?: boolean } = {}): Promise<StoredRun> {
  const found = await findObject(call.tx, WORKFLOW_RUN, ONFIDO_OWNER, id, options);
  if (found === undefined) throw notFound(id);
  return found;
}

/**
 * The person has handed in what the check asked for (or walked away). The outcome comes from the applicant's last name
 * unless it is given. A run that is complete stays as it is.
 */
export async function completeRun(call: OnfidoCall, run: StoredRun, given?: RunOutcome): Promise<void> {
  if (run.body.status !== 'awaiting_input') return;
  await endRun(call, run, given ?? (await outcomeByName(call, run.body.applicant_id)));
}

/** Gives a run a final status and tells the application. A later reversal comes this way too. */
export async function endRun(call: OnfidoCall, run: StoredRun, outcome: RunOutcome): Promise<void> {
  const now = call.clock.now().toISOString();
  const ended: WorkflowRun = {
    ...run.body,
    status: outcome,
    reasons: [...(REASONS[outcome] ?? [])],
    updated_at: now,
    ...(outcome === 'error' && { error: { type: 'internal_error', message: 'The check could not be completed.' } }),
  };
  await saveObject(call.tx, { body: ended, hidden: {} });
  await writeLog(call.tx, { at: call.clock.now(), provider: 'onfido', kind: `run_${outcome}`, id: ended.id });
  await enqueueDelivery(call.tx, {
    endpoint: 'onfido',
    eventId: null,
    topic: 'workflow_run.completed',
    body: JSON.stringify(completedEvent(ended, now)),
  });
}

async function outcomeByName(call: OnfidoCall, applicantId: string): Promise<RunOutcome> {
  const applicant = await findObject(call.tx, APPLICANT, ONFIDO_OWNER, applicantId);
  const lastName = applicant?.body.last_name?.trim().toLowerCase() ?? '';
  return Object.hasOwn(OUTCOME_BY_LAST_NAME, lastName) ? (OUTCOME_BY_LAST_NAME[lastName] ?? 'approved') : 'approved';
}

/** Source: https://documentation.onfido.com/api/latest/#webhook-event-object */
function completedEvent(run: WorkflowRun, completedAt: string): WebhookEvent {
  const { status = 'approved', sdk_token: _token, ...resource } = run;
  return {
    payload: {
      resource_type: 'workflow_run',
      action: 'workflow_run.completed',
      object: {
        id: run.id,
        status,
        completed_at_iso8601: completedAt,
        href: `https://api.eu.onfido.com/v3.6/workflow_runs/${run.id}`,
      },
      resource: { ...resource, status, tags: run.tags ?? [] },
    },
  };
}

export const workflowRunOperations: readonly OnfidoOperation[] = [
  {
    method: 'POST',
    path: '/workflow_runs',
    handle: async (call, request) => {
      const values = readBody(created, request.body);
      if (values.workflow_id !== call.workflowId) throw invalidFields({ workflow_id: ['does not exist'] });
      const applicant = await findObject(call.tx, APPLICANT, ONFIDO_OWNER, values.applicant_id);
      if (applicant === undefined) throw invalidFields({ applicant_id: ['does not exist'] });
      await applicantById(call, values.applicant_id);
      const run = buildRun(call, values);
      await insertObject(call.tx, WORKFLOW_RUN, { body: run, hidden: {}, owner: ONFIDO_OWNER });
      await writeLog(call.tx, { at: call.clock.now(), provider: 'onfido', kind: 'run', id: run.id });
      return { status: 201, body: run };
    },
  },
  {
    method: 'GET',
    path: '/workflow_runs/:id',
    handle: async (call, request) => ({ status: 200, body: (await runById(call, request.id)).body }),
  },
  {
    method: 'GET',
    path: '/workflow_runs',
    handle: async (call, { query }) => listRuns(call, query),
  },
];

/** The newest runs that match, 20 a page, as far as 1,000 back. */
async function listRuns(
  call: OnfidoCall,
  query: URLSearchParams,
): Promise<{ status: number; body: WorkflowRun[]; headers: Record<string, string> }> {
  const page = z.coerce
    .number()
    .int()
    .min(1)
    .catch(1)
    .parse(query.get('page') ?? '1');
  const statuses = query.get('status')?.split(',') as WorkflowRunStatus[] | undefined;
  const applicant = query.get('applicant_id');
  const tags = query.get('tags')?.split(',') ?? [];
  const after = query.get('created_at_gt');
  const before = query.get('created_at_lt');
  const found = await listObjects(call.tx, WORKFLOW_RUN, {
    owner: ONFIDO_OWNER,
    where: { ...(applicant !== null && { applicant_id: applicant }), ...(tags.length > 0 && { tags }) },
    limit: 1_000,
  });
  const runs = found.objects
    .map((run) => run.body)
    .filter((run) => statuses === undefined || (run.status !== undefined && statuses.includes(run.status)))
    .filter((run) => after === null || Date.parse(run.created_at ?? '') > Date.parse(after))
    .filter((run) => before === null || Date.parse(run.created_at ?? '') < Date.parse(before));
  const ordered = query.get('sort') === 'asc' ? runs.toReversed() : runs;
  return {
    status: 200,
    body: ordered.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE),
    headers: { 'X-Total-Count': String(runs.length) },
  };
}
