import type { OnboardingId, UserId } from '../../contracts/ids.ts';
import { type Actor, audit, canonicalJson } from '../../platform/audit.ts';
import type { Database, Queryable, Tx } from '../../platform/database.ts';
import { unprocessable } from '../../platform/errors.ts';
import { emit } from '../../platform/outbox.ts';
import { getUser, setSellerState } from './accounts.ts';
import { PAYOUT_COUNTRIES, SELLER_STATE_OF } from './onboarding-rules.ts';
import {
  correctName,
  findOnboarding,
  insertOnboarding,
  lockOnboarding,
  type Onboarding,
  updateOnboarding,
} from './onboarding-store.ts';

/** What an onboarding begins with. */
export interface OnboardingRequest {
  readonly id: OnboardingId;
  readonly userId: UserId;
  /** Their legal name, as on the document that they will show. */
  readonly firstName: string;
  readonly lastName: string;
}

/**
 * Opens a user's onboarding, once. @returns it, also when it was opened before
 * @throws Problem 422 COUNTRY_NOT_SUPPORTED
 */
export async function openOnboarding(db: Database, request: OnboardingRequest): Promise<Onboarding> {
  const country = (await getUser(db, request.userId))?.country ?? '';
  if (!PAYOUT_COUNTRIES.has(country)) {
    throw unprocessable('COUNTRY_NOT_SUPPORTED', `Sellers in ${country} cannot be paid yet.`, {
      supported: [...PAYOUT_COUNTRIES].sort(),
    });
  }
  await db.transaction(async (tx) => {
    if (!(await insertOnboarding(tx, { ...request, state: 'started', createdAt: new Date() }))) {
      // A name that the identity provider has not taken yet can still be corrected.
      await correctName(tx, request);
      return;
    }
    await setSellerState(tx, request.userId, 'pending');
    await audit(tx, {
      subjectType: 'onboarding',
      subjectId: request.id,
      actor: { type: 'user', id: request.userId },
      action: 'onboarding.started',
      change: { to: 'started' },
    });
    await emit(tx, { type: 'onboarding.started', key: request.id, data: { userId: request.userId } });
  });
  const opened = await findOnboarding(db, 'userId', request.userId);
  if (opened === undefined) throw new Error(`the onboarding of ${request.userId} was not written`);
  return opened;
}

/**
 * Changes an onboarding: row, audit entry and event in one transaction. A change that is there already changes nothing.
 * @param decide what changes, given the onboarding as it is now; called with the row locked, in the transaction of the change
 */
export async function commitOnboarding(
  db: Database,
  userId: UserId,
  actor: Actor,
  decide: (onboarding: Onboarding, tx: Tx) => Partial<Onboarding> | Promise<Partial<Onboarding>>,
): Promise<Onboarding> {
  return db.transaction(async (tx) => {
    const before = await lockOnboarding(tx, userId);
    if (before === undefined) throw new Error(`${userId} has no onboarding`);
    const wanted: Onboarding = { ...before, ...(await decide(before, tx)) };
    if (canonicalJson(wanted) === canonicalJson(before)) return before;
    const after: Onboarding = { ...wanted, updatedAt: new Date() };
    await updateOnboarding(tx, after);
    const stateChanged = before.state !== after.state;
    await audit(tx, {
      subjectType: 'onboarding',
      subjectId: after.id,
      actor,
      action: stateChanged ? `onboarding.${after.state}` : 'onboarding.updated',
      change: {
        ...(stateChanged && { from: before.state, to: after.state }),
        identityOutcome: after.identityOutcome,
        transfersActive: after.transfersActive,
      },
    });
    if (before.transfersActive !== after.transfersActive) {
      const type = after.transfersActive ? 'onboarding.transfers_enabled' : 'onboarding.transfers_disabled';
      await emit(tx, { type, key: after.id, data: { userId } });
    }
    if (!stateChanged) return after;
    await setSellerState(tx, userId, SELLER_STATE_OF[after.state]);
    await emit(tx, { type: `onboarding.${after.state}`, key: after.id, data: { userId } });
    return after;
  });
}

/** The provider's account that a seller is paid to, or undefined when they have none. */
export async function payoutAccountOf(db: Queryable, userId: UserId): Promise<string | undefined> {
  return (await findOnboarding(db, 'userId', userId))?.accountId ?? undefined;
}
