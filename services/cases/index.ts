/** The face of the cases service: what a person of staff has to decide. */
import type { EventType } from '../../contracts/events.ts';
import type { CaseId } from '../../contracts/ids.ts';
import { type Actor, audit } from '../../platform/audit.ts';
import type { Database, Tx } from '../../platform/database.ts';
import { conflict, notFound, unprocessable } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { emit } from '../../platform/outbox.ts';
import { CASE_RULES, type CaseKind, kindsFor } from './rules.ts';
import {
  type Case,
  insertCase,
  lockCase,
  lockOpenCase,
  markClosed,
  markEscalated,
  moveDue,
  type NewCase,
  setDetails,
} from './store.ts';

export { type Case, countWithOpenCase, findCase, latestCase, listCases, openCaseFigures } from './store.ts';

const SYSTEM: Actor = { type: 'system', id: 'cases' };

/**
 * Opens a case, in the transaction of what calls for it. One that is open already is found instead, unchanged.
 * @param request `details` are references and figures, never anything personal
 */
export async function openCase(tx: Tx, request: Omit<NewCase, 'id'>): Promise<Case> {
  const opened = await insertCase(tx, { id: newId('cas'), ...request });
  if (opened === undefined) {
    const open = await lockOpenCase(tx, request.kind, request.subjectId);
    if (open === undefined) throw new Error(`the case about ${request.subjectId} was closed at this very moment`);
    return open;
  }
  await note(tx, opened, SYSTEM, 'case.opened', { kind: opened.kind, dueAt: opened.dueAt.toISOString() });
  return opened;
}

/** Writes what an open case says anew, since more has come to it: references and figures. */
export const amendCase = (tx: Tx, { id }: Pick<Case, 'id'>, details: Case['details']): Promise<void> =>
  setDetails(tx, id, details);

/** The same of the open case of a kind about a subject: what is left out of the details stays as it is. */
export async function amendOpenCase(
  tx: Tx,
  kind: CaseKind,
  subjectId: string,
  details: Case['details'],
): Promise<void> {
  const open = await lockOpenCase(tx, kind, subjectId);
  if (open !== undefined) await setDetails(tx, open.id, { ...open.details, ...details });
}

/**
 * Closes the open case of a kind about a subject, when what it was about has been settled.
 * @returns undefined when none is open
 */
export async function closeCase(
  tx: Tx,
  kind: CaseKind,
  subjectId: string,
  { decision, actor }: { readonly decision: string; readonly actor: Actor },
): Promise<Case | undefined> {
  const open = await lockOpenCase(tx, kind, subjectId);
  return open && close(tx, open, decision, actor, null);
}

/** Moves until when the open case is to be decided, when what it waits for has moved. */
export async function postponeCase(tx: Tx, kind: CaseKind, subjectId: string, dueAt: Date): Promise<void> {
  const open = await lockOpenCase(tx, kind, subjectId);
  if (open === undefined || open.dueAt.getTime() === dueAt.getTime()) return;
  await moveDue(tx, open.id, dueAt);
  await note(tx, open, SYSTEM, 'case.postponed', { kind: open.kind, dueAt: dueAt.toISOString() });
}

/** Says loudly that the open case is past due. Once: a case that is marked already stays as it is. */
export async function escalateCase(tx: Tx, kind: CaseKind, subjectId: string): Promise<void> {
  const open = await lockOpenCase(tx, kind, subjectId);
  if (open === undefined || open.escalatedAt !== null) return;
  await markEscalated(tx, open.id);
  await note(tx, open, SYSTEM, 'case.escalated', { kind: open.kind, dueAt: open.dueAt.toISOString() });
}

export interface Ruling {
  readonly decision: string;
  /** Why, in the words of who decides: kept with the case, never in logs or events. */
  readonly reason: string;
}

/**
 * Decides a case as a person of staff. The same decision by the same person again changes nothing.
 * @param roles of the person: a case of a kind that is not theirs is not there
 * @throws Problem 404; 409 CASE_CLOSED, NOT_DECIDED_BY_HAND; 422 DECISION_NOT_POSSIBLE
 */
export function decideCase(
  db: Database,
  id: CaseId,
  staff: { readonly actor: Actor; readonly roles: readonly string[] },
  { decision, reason }: Ruling,
): Promise<Case> {
  return db.transaction(async (tx) => {
    const found = await lockCase(tx, id);
    if (found === undefined || !kindsFor(staff.roles).includes(found.kind)) throw notFound('case');
    const { decisions, closedBy } = CASE_RULES[found.kind];
    if (!decisions.includes(decision)) {
      const detail = `A case of the kind "${found.kind}" is decided as ${decisions.join(' or ')}.`;
      throw unprocessable('DECISION_NOT_POSSIBLE', detail, { decisions });
    }
    if (found.state === 'open' && closedBy !== undefined) {
      throw conflict('NOT_DECIDED_BY_HAND', `Deciding this case would change nothing: ${closedBy}. That closes it.`);
    }
    if (found.state === 'open') return close(tx, found, decision, staff.actor, reason);
    if (found.decision === decision && found.decidedBy === textOf(staff.actor)) return found;
    throw conflict('CASE_CLOSED', 'This case was decided already. Read it to see how.', { decision: found.decision });
  });
}

async function close(tx: Tx, open: Case, decision: string, actor: Actor, reason: string | null): Promise<Case> {
  const closed = await markClosed(tx, open.id, { decision, reason, decidedBy: textOf(actor) });
  await note(tx, closed, actor, 'case.closed', { kind: closed.kind, decision });
  return closed;
}

const textOf = ({ type, id }: Actor): string => `${type}:${id}`;

/** Audit entry and event of a change, in its transaction. */
async function note(
  tx: Tx,
  { id, subjectType, subjectId }: Case,
  actor: Actor,
  action: EventType,
  change: Readonly<Record<string, unknown>>,
): Promise<void> {
  await audit(tx, { subjectType: 'case', subjectId: id, actor, action, change: { ...change, subjectId } });
  await emit(tx, { type: action, key: id, data: { caseId: id, subjectType, subjectId, ...change } });
}
