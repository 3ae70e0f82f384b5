/** The steps of an onboarding: one call to a provider at most, then one transaction of the database. */

import type { Actor } from '../contracts/actor.ts';
import type { UserId } from '../contracts/ids.ts';
import type { OnboardingInput, OnboardingState } from '../contracts/onboarding.ts';
import type { Database } from '../platform/database.ts';
import type { Identity, IdentityCheck } from '../providers/identity.ts';
import type { Payments, SellerAccount } from '../providers/payments.ts';
import {
  commitOnboarding,
  findOnboarding,
  getAccount,
  nextOnboardingState,
  type Onboarding,
} from '../services/users/index.ts';
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
}

export type OnboardingActivities = ReturnType<typeof createOnboardingActivities>;

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
    async startIdentityCheck({ userId, publicUrl }: OnboardingInput): Promise<OnboardingStanding> {
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
                state: nextOnboardingState(current.state, 'check_started'),
              }
            : {},
        ),
      );
    },

    /** Looks at the identity check, after a hint that it moved. */
    async refreshIdentityCheck({ userId }: OnboardingInput): Promise<OnboardingStanding> {
      const { checkId } = await onboardingOf(database, userId);
      if (checkId === null) throw refusal('NO_CHECK', 'There is no identity check to look at.');
      const check = await identity.getCheck(checkId);
      return standing(await commitOnboarding(database, userId, ONFIDO, (current) => checkChange(current, check)));
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
          accountId: account.id,
          ...accountChange(current, account),
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

function checkChange(current: Onboarding, check: IdentityCheck): Partial<Onboarding> {
  if (check.outcome === current.identityOutcome) return {};
  const approved = check.outcome === 'approved';
  return {
    identityOutcome: check.outcome,
    state: approved ? nextOnboardingState(current.state, 'identity_approved') : current.state,
  };
}

function accountChange(current: Onboarding, account: SellerAccount): Partial<Onboarding> {
  return {
    transfersActive: account.transfersActive,
    requirements: account.requirements,
    disabledReason: account.disabledReason,
    state: account.transfersActive ? nextOnboardingState(current.state, 'transfers_enabled') : current.state,
  };
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

function standing({ state, identityOutcome, transfersActive, accountId }: Onboarding): OnboardingStanding {
  return { state, identityOutcome, transfersActive, hasAccount: accountId !== null };
}
