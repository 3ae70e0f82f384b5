/** Mediators read a dispute from when it has come to them, and what they looked at stands in its audit trail. */
import { notFound, Problem } from '../../platform/errors.ts';
import { latestCase } from '../../services/cases/index.ts';
import { type Dispute, type Looked, readAsMediator } from '../../services/disputes/index.ts';
import type { ApiDeps } from '../deps.ts';
import type { Caller } from '../route.ts';
import { isMediator, viewerOf } from './view.ts';

export const NOT_YET = {
  NOT_WITH_MEDIATORS: { status: 403, when: 'you are a mediator, and it has not come to one.' },
} as const;

/**
 * As whom somebody looks at a dispute. What people say to each other before they ask for a mediator, or without ever asking
 * for one, is theirs; only admins see that, too.
 * @throws Problem 404 to strangers, 403 to mediators while it is none of theirs
 */
export async function viewerIn(
  database: ApiDeps['database'],
  dispute: Dispute,
  { userId, roles }: Caller,
): Promise<'buyer' | 'seller' | 'staff'> {
  const viewer = viewerOf(dispute, userId);
  if (viewer !== undefined) return viewer;
  if (!isMediator(roles)) throw notFound('dispute');
  if (roles.includes('admin')) return 'staff';
  // It has come to mediators when they have, or have had, a case about it.
  if ((await latestCase(database, 'dispute_mediation', dispute.id)) !== undefined) return 'staff';
  throw new Problem(
    403,
    'NOT_WITH_MEDIATORS',
    'This dispute has not come to a mediator: you can read it from when one of its sides asks for you.',
  );
}

/** The same, for who looks: staff leave a trace. */
export async function lookingIn(
  database: ApiDeps['database'],
  dispute: Dispute,
  caller: Caller,
  looked: Looked,
  change: Readonly<Record<string, unknown>> = {},
): Promise<'buyer' | 'seller' | 'staff'> {
  const viewer = await viewerIn(database, dispute, caller);
  if (viewer !== 'staff') return viewer;
  await readAsMediator(database, dispute.id, { type: 'staff', id: caller.userId }, looked, change);
  return viewer;
}
