import { z } from 'zod';
import { type CaseId, idPattern, type UserId } from '../../contracts/ids.ts';
import { notFound } from '../../platform/errors.ts';
import { createFlowSignals } from '../../platform/temporal/signals.ts';
import { type Case, decideCase, findCase, listCases } from '../../services/cases/index.ts';
import {
  CASE_DECISIONS,
  CASE_KINDS,
  CASE_RULES,
  CASE_STATES,
  decisionsOf,
  kindsFor,
} from '../../services/cases/rules.ts';
import { decodeCursor, pageFrom } from '../cursors.ts';
import type { ApiDeps } from '../deps.ts';
import { type Policy, type Route, route } from '../route.ts';
import { idOf, page, pageOf, text, timestamp } from '../schemas.ts';

type CaseRoutesDeps = Pick<ApiDeps, 'database' | 'temporal'>;

const caseSchema = z
  .object({
    id: idOf('cas'),
    kind: z.enum(CASE_KINDS),
    about: z.string().meta({ description: 'What a case of this kind is about.' }),
    subject: z.object({ type: z.string(), id: z.string() }),
    state: z.enum(CASE_STATES),
    details: z.record(z.string(), z.unknown()).meta({ description: 'References and figures.' }),
    decisions: z.array(z.string()).meta({
      description: 'What can be decided; empty once it is closed, and where only what it is about can close it.',
    }),
    dueAt: timestamp,
    escalatedAt: timestamp.nullable().meta({ description: 'When it was found past due.' }),
    openedAt: timestamp,
    closedAt: timestamp.nullable(),
    decision: z.string().nullable(),
    reason: z.string().nullable(),
    decidedBy: z.string().nullable().meta({ description: 'Who decided, as `staff:usr_…`.' }),
  })
  .meta({ id: 'Case' });

const policy: Policy = { access: 'staff', roles: ['support', 'mediator', 'compliance', 'finance', 'admin'] };
const tag = 'staff';
const params = z.object({ id: idOf('cas') });

/** What staff have to decide, and deciding it. Each sees the kinds that are theirs. */
export function caseRoutes({ database, temporal }: CaseRoutesDeps): Route[] {
  const signals = createFlowSignals(temporal.client);
  return [
    route({
      method: 'get',
      path: '/v1/admin/cases',
      operationId: 'listCases',
      tag,
      summary: 'List cases, newest first',
      policy,
      query: z.strictObject({
        ...page,
        state: z.enum(CASE_STATES).optional(),
        kind: z.enum(CASE_KINDS).optional(),
        subjectId: z.string().max(100).optional(),
      }),
      responses: { 200: { description: 'A page of them.', schema: pageOf(caseSchema) } },
      handle: async ({ query: { limit, cursor, state, kind, subjectId }, caller }) => {
        const before = cursor === undefined ? undefined : (decodeCursor(cursor, idPattern('cas')) as CaseId);
        const kinds = kindsFor(caller().roles).filter((one) => kind === undefined || one === kind);
        const found = await listCases(database, { kinds, state, subjectId, before }, limit + 1);
        const { rows, nextCursor } = pageFrom(found, limit);
        return { status: 200, body: { data: rows.map(bodyOf), nextCursor } };
      },
    }),
    route({
      method: 'get',
      path: '/v1/admin/cases/{id}',
      operationId: 'getCase',
      tag,
      summary: 'Read a case',
      policy,
      params,
      responses: { 200: { description: 'The case.', schema: caseSchema } },
      handle: async ({ params: { id }, caller }) => {
        const found = await findCase(database, id);
        if (found === undefined || !kindsFor(caller().roles).includes(found.kind)) throw notFound('case');
        return { status: 200, body: bodyOf(found) };
      },
    }),
    route({
      method: 'post',
      path: '/v1/admin/cases/{id}/decision',
      operationId: 'decideCase',
      tag,
      summary: 'Decide a case',
      description:
        'The decision is final, stands in the audit trail, and is carried out by the flow the case is about.',
      policy,
      idempotency: 'replay',
      params,
      body: z.strictObject({ decision: z.enum(CASE_DECISIONS), reason: text(1, 2_000) }).meta({ id: 'CaseDecision' }),
      problems: {
        CASE_CLOSED: { status: 409, when: 'it was decided already.' },
        NOT_DECIDED_BY_HAND: { status: 409, when: 'paused money has to be let go first, which closes the case.' },
        DECISION_NOT_POSSIBLE: { status: 422, when: 'a case of this kind is not decided so.' },
      },
      responses: { 200: { description: 'The case, closed.', schema: caseSchema } },
      handle: async ({ params: { id }, body, caller, log }) => {
        const { userId, roles } = caller();
        const decided = await decideCase(database, id, { actor: { type: 'staff', id: userId }, roles }, body);
        const { kind, decision, details } = decided;
        log.info('a case was decided', { caseId: id, kind, decision, staffId: userId });
        if (kind === 'identity_review') {
          // The relay tells it as well, from the event: this is only sooner.
          await signals
            .identity(details['userId'] as UserId, { eventId: `case/${id}` })
            .catch((error: unknown) => log.warn('a decision is left for the relay', { caseId: id, error }));
        }
        return { status: 200, body: bodyOf(decided) };
      },
    }),
  ];
}

function bodyOf({ subjectType, subjectId, ...one }: Case): z.input<typeof caseSchema> {
  const { about } = CASE_RULES[one.kind];
  return {
    ...one,
    about,
    subject: { type: subjectType, id: subjectId },
    decisions: one.state === 'open' ? [...decisionsOf(one.kind)] : [],
    dueAt: one.dueAt.toISOString(),
    escalatedAt: one.escalatedAt?.toISOString() ?? null,
    openedAt: one.openedAt.toISOString(),
    closedAt: one.closedAt?.toISOString() ?? null,
  };
}
