/** The steps of an onboarding: one call to a provider at most, then one transaction of the database. */

import type { Actor } from '../contracts/actor.ts';
import type { CaseId, UserId } from '../contracts/ids.ts';
import type { OnboardingInput, OnboardingState } from '../contracts/onboarding.ts';
import type { Database, Tx } from '../platform/database.ts';
import type { Identity, IdentityCheck } from '../providers/identity.ts';
import type { Payments, SellerAccount } from '../providers/payments.ts';
import { closeCase, escalateCase, findCase, openCase } from '../services/cases/index.ts';
import {
  ATTEMPTS,
  commitOnboarding,
  findOnboarding,
  getAccount,
  nextOnboardingState,
  type Onboarding,
} from '../services/users/index.ts';
import { CHECK_WINDOW_MS, type OnboardingEvent, REVIEW_WINDOW_MS } from '../services/users/onboarding-rules.ts';
import { refusal } from './failures.ts';

export interface OnboardingDeps {
  readonly database: Database;
  readonly identity: Identity;
  readonly payments: Payments;
}

/** How an onboarding stands: what the workflow has to know to go on. */
export interface OnboardingStanding {
  readonly state: OnboardingState;
  /** What the identity provider said last; null before the check began. */
  readonly identityOutcome: string | null;
  readonly transfersActive: boolean;
  /** Whether the payout account was opened. */
  readonly hasAccount: boolean;
  readonly hasCheck: boolean;
  /** When something happens by itself, milliseconds since 1970; null when nothing does. */
  readonly deadlineMs: number | null;
}

/** A step, and the workflow's time at which it is taken. */
export interface OnboardingStep extends OnboardingInput {
  readonly atMs: number;
}

export function createOnboardingActivities({ database, identity, payments }: OnboardingDeps) {
  return {
    /** Makes the user known to the identity provider. An applicant made twice by a crash is left without a check. */
    async createApplicant({ userId }: OnboardingInput): Promise<OnboardingStanding> {
      const onboarding = await onboardingOf(database, userId);
      if (onboarding.applicantId !== null) return standing(onboarding);
      const { birthDate } = await userOf(database, userId);
      const { firstName, lastName } = onboarding;
      const applicantId = await identity.createApplicant({ firstName, lastName, birthDate });
      return standing(
        await commitOnboarding(database, userId, ONFIDO, (current) =>
          current.applicantId === null ? { applicantId } : {},
        ),
      );
    },

    /** Starts the identity check: from now on the user can take it. */
    async startIdentityCheck({ userId, publicUrl, atMs }: OnboardingStep): Promise<OnboardingStanding> {
      const onboarding = await onboardingOf(database, userId);
      if (onboarding.checkId !== null) return standing(onboarding);
      const { applicantId } = onboarding;
      if (applicantId === null) throw refusal('NO_APPLICANT', 'The user is not known to the identity provider yet.');
      const check = await identity.startCheck({ applicantId, userId, returnUrl: `${publicUrl}/docs` });
      return standing(
        await commitOnboarding(database, userId, ONFIDO, (current) =>
          current.checkId === null
            ? {
                checkId: check.id,
                checkUrl: check.url,
                identityOutcome: check.outcome,
                state: follow(current, 'check_started'),
                checkDueAt: new Date(atMs + CHECK_WINDOW_MS),
              }
            : {},
        ),
      );
    },

    /** Looks at the identity check, and at what staff decided about it, after a hint that either moved. */
    async refreshIdentityCheck({ userId, atMs }: OnboardingStep): Promise<OnboardingStanding> {
      const { checkId } = await onboardingOf(database, userId);
      if (checkId === null) throw refusal('NO_CHECK', 'There is no identity check to look at.');
      const check = await identity.getCheck(checkId);
      return standing(
        await commitOnboarding(database, userId, ONFIDO, async (current, tx) => {
          const told = { ...current, ...checkChange(current, check) };
          const ruled = { ...told, ...(await rulingChange(tx, told)) };
          return { ...ruled, ...(await reviewChange(tx, ruled, atMs)) };
        }),
      );
    },

    /** The time for the check, or for the review, is over. */
    async passOnboardingDeadline({ userId, atMs }: OnboardingStep): Promise<OnboardingStanding> {
      return standing(
        await commitOnboarding(database, userId, CLOCK, async (current, tx) => {
          if (isPast(current.reviewDueAt, atMs)) {
            await escalateCase(tx, 'identity_review', current.id);
            return { reviewDueAt: null };
          }
          if (!isPast(current.checkDueAt, atMs)) return {};
          const over = { ...current, ...ended(current, 'check_window_over') };
          return { ...over, ...(await reviewChange(tx, over, atMs)) };
        }),
      );
    },

    /** The seller wants another check. Harmless when that is not possible. */
    async tryOnboardingAgain({ userId }: OnboardingStep): Promise<OnboardingStanding> {
      return standing(
        await commitOnboarding(database, userId, { type: 'user', id: userId }, (current) => {
          const state = follow(current, 'try_again');
          return state === current.state ? {} : { ...WITHOUT_CHECK, state };
        }),
      );
    },

    /** Opens the account to which the seller will be paid. */
    async createPayoutAccount({ userId }: OnboardingInput): Promise<OnboardingStanding> {
      const onboarding = await onboardingOf(database, userId);
      if (onboarding.accountId !== null) return standing(onboarding);
      const { email, country } = await userOf(database, userId);
      const { firstName, lastName } = onboarding;
      const account = await payments.createSellerAccount(
        { userId, email, country, firstName, lastName },
        `onboarding/${userId}/createPayoutAccount/1`,
      );
      return standing(
        await commitOnboarding(database, userId, STRIPE, (current) => ({
          ...accountChange(current, account),
          accountId: account.id,
        })),
      );
    },

    /** Looks at the seller's account, after a hint that it changed. */
    async refreshPayoutAccount({ userId }: OnboardingInput): Promise<OnboardingStanding> {
      const { accountId } = await onboardingOf(database, userId);
      if (accountId === null) throw refusal('NO_ACCOUNT', 'There is no payout account to look at.');
      const account = await payments.getSellerAccount(accountId);
      return standing(await commitOnboarding(database, userId, STRIPE, (current) => accountChange(current, account)));
    },
  };
}

const ONFIDO: Actor = { type: 'provider', id: 'onfido' };
const STRIPE: Actor = { type: 'provider', id: 'stripe' };

const CLOCK: Actor = { type: 'system', id: 'clock' };

/** Where an event leads an onboarding as it is. */
function follow(current: Onboarding, on: OnboardingEvent): OnboardingState {
  return nextOnboardingState(current.state, on, { ...current, identityGood: isIdentityGood(current) });
}

const isIdentityGood = ({ identityOutcome, reviewDecision }: Onboarding): boolean =>
  identityOutcome === 'approved' || reviewDecision === 'approve';

const isPast = (dueAt: Date | null, atMs: number): boolean => dueAt !== null && dueAt.getTime() <= atMs;

/** Makes room for another check. */
const WITHOUT_CHECK = { checkId: null, checkUrl: null, checkDueAt: null, identityOutcome: null, reviewDecision: null };

/** What a provider's new word about the check changes. */
function checkChange(current: Onboarding, check: IdentityCheck): Partial<Onboarding> {
  // Another check may have taken its place while the provider was asked; and what was said before is no news.
  if (check.id !== current.checkId || check.outcome === current.identityOutcome) return {};
  if (check.outcome === 'running') return {};
  const told: Onboarding = { ...current, identityOutcome: check.outcome, reviewDecision: null };
  return { ...told, ...ended(told, `identity_${check.outcome}`) };
}

/** A check came to an end of some kind: it counts, and the state follows. */
function ended(current: Onboarding, on: OnboardingEvent): Partial<Onboarding> {
  const waited = current.state === 'identity_check' || current.state === 'in_review';
  const failed = on === 'identity_declined' || on === 'identity_abandoned' || on === 'check_window_over';
  const state = follow(current, on);
  return {
    state,
    checkDueAt: null,
    ...(waited && failed && { attempts: current.attempts + 1 }),
    ...(on === 'identity_error' && { reruns: current.reruns + 1 }),
    ...(state === 'started' && WITHOUT_CHECK),
  };
}

/** What a person of staff has decided since. One who declines has the last word: no attempts are left. */
async function rulingChange(tx: Tx, current: Onboarding): Promise<Partial<Onboarding>> {
  if (current.reviewCaseId === null) return {};
  const ruling = await findCase(tx, current.reviewCaseId as CaseId);
  if (ruling?.state !== 'closed' || ruling.decision === null) return {};
  const approved = ruling.decision === 'approve';
  const ruled: Onboarding = { ...current, reviewDecision: ruling.decision };
  return {
    reviewDecision: ruling.decision,
    reviewCaseId: null,
    reviewDueAt: null,
    state: follow(ruled, approved ? 'review_approved' : 'review_declined'),
    ...(!approved && { attempts: Math.max(current.attempts, ATTEMPTS) }),
  };
}

/** Opens the case that the onboarding now needs, or closes the one that it no longer does. */
async function reviewChange(tx: Tx, current: Onboarding, atMs: number): Promise<Partial<Onboarding>> {
  const { id, userId, state, attempts, reviewCaseId } = current;
  const usedUp = (state === 'rejected' || state === 'abandoned') && attempts >= ATTEMPTS;
  const reversed = state === 'restricted' && !isIdentityGood(current);
  const needed = (state === 'in_review' || usedUp || reversed) && current.reviewDecision !== 'decline';
  if (needed && reviewCaseId === null) {
    const dueAt = new Date(atMs + REVIEW_WINDOW_MS);
    const why = usedUp ? 'attempts_used_up' : reversed ? 'reversed' : (current.identityOutcome ?? 'review');
    const details = { userId, why, attempts };
    const opened = await openCase(tx, {
      kind: 'identity_review',
      subjectType: 'onboarding',
      subjectId: id,
      dueAt,
      details,
    });
    return { reviewCaseId: opened.id, reviewDueAt: dueAt };
  }
  if (needed || reviewCaseId === null) return {};
  await closeCase(tx, 'identity_review', id, { decision: 'settled', actor: ONFIDO });
  return { reviewCaseId: null, reviewDueAt: null };
}

function accountChange(current: Onboarding, account: SellerAccount): Partial<Onboarding> {
  const told: Onboarding = {
    ...current,
    transfersActive: account.transfersActive,
    requirements: account.requirements,
    disabledReason: account.disabledReason,
    requirementsDueAt: account.requirementsDueMs === null ? null : new Date(account.requirementsDueMs),
  };
  return { ...told, state: follow(told, account.transfersActive ? 'transfers_enabled' : 'transfers_disabled') };
}

async function onboardingOf(database: Database, userId: UserId): Promise<Onboarding> {
  const onboarding = await findOnboarding(database, 'userId', userId);
  if (onboarding === undefined) throw refusal('NO_ONBOARDING', `${userId} has no onboarding.`);
  return onboarding;
}

async function userOf(database: Database, userId: UserId) {
  const user = await getAccount(database, userId);
  if (user === undefined) throw refusal('NO_USER', `There is no user ${userId}.`);
  return user;
}

function standing(onboarding: Onboarding): OnboardingStanding {
  const { state, identityOutcome, transfersActive, accountId, checkId, checkDueAt, reviewDueAt } = onboarding;
  const dueAt = reviewDueAt ?? checkDueAt;
  return {
    state,
    identityOutcome,
    transfersActive,
    hasAccount: accountId !== null,
    hasCheck: checkId !== null,
    deadlineMs: dueAt?.getTime() ?? null,
  };
}
