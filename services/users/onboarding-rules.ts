/** The rules of an onboarding, as data. Pure. */
import type { OnboardingState } from '../../contracts/onboarding.ts';
import type { SellerState } from './rules.ts';

/**
 * Where sellers can be paid: the countries between which Stripe transfers from a platform in the European Economic Area
 * (https://docs.stripe.com/connect/cross-border-payouts).
 */
export const PAYOUT_COUNTRIES: ReadonlySet<string> = new Set(
  'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK GB CH US CA'.split(' '),
);

/** How often a check may end declined or abandoned before a person has to look. */
export const ATTEMPTS = 3;
/** How often a check that the provider could not complete is begun again by itself. */
export const RERUNS = 3;
/** How long a check can be taken: as long as Onfido's link works. */
export const CHECK_WINDOW_MS = 7 * 24 * 60 * 60 * 1_000;
/** How long staff have for a review. */
export const REVIEW_WINDOW_MS = 72 * 60 * 60 * 1_000;

/** What can happen to an onboarding: the provider's words, staff's decision, the clock, and the seller's wish. */
export type OnboardingEvent =
  | 'check_started'
  | 'identity_approved'
  | 'identity_declined'
  | 'identity_review'
  | 'identity_abandoned'
  | 'identity_error'
  | 'check_window_over'
  | 'review_approved'
  | 'review_declined'
  | 'try_again'
  | 'transfers_enabled'
  | 'transfers_disabled';

/** What decides between two rows of one event. */
export interface OnboardingCircumstances {
  readonly attempts: number;
  readonly reruns: number;
  /** The provider or a person has approved the identity, and neither has taken it back. */
  readonly identityGood: boolean;
  readonly transfersActive: boolean;
}

const NEEDS = {
  attempts_left: ({ attempts }: OnboardingCircumstances) => attempts < ATTEMPTS,
  reruns_left: ({ reruns }: OnboardingCircumstances) => reruns < RERUNS,
  reruns_used_up: ({ reruns }: OnboardingCircumstances) => reruns >= RERUNS,
  identity_good: ({ identityGood }: OnboardingCircumstances) => identityGood,
  transfers_active: ({ transfersActive }: OnboardingCircumstances) => transfersActive,
  transfers_inactive: ({ transfersActive }: OnboardingCircumstances) => !transfersActive,
} as const;

export interface OnboardingTransition {
  readonly from: OnboardingState;
  readonly on: OnboardingEvent;
  readonly to: OnboardingState;
  /** The row holds only while this is so. */
  readonly needs?: keyof typeof NEEDS;
}

/** Every way on. What stands in no row changes no state. */
export const ONBOARDING_TRANSITIONS: readonly OnboardingTransition[] = [
  { from: 'started', on: 'check_started', to: 'identity_check' },

  { from: 'identity_check', on: 'identity_approved', to: 'payout_account' },
  { from: 'identity_check', on: 'identity_declined', to: 'rejected' },
  { from: 'identity_check', on: 'identity_review', to: 'in_review' },
  { from: 'identity_check', on: 'identity_abandoned', to: 'abandoned' },
  { from: 'identity_check', on: 'check_window_over', to: 'abandoned' },
  { from: 'identity_check', on: 'identity_error', to: 'started', needs: 'reruns_left' },
  { from: 'identity_check', on: 'identity_error', to: 'in_review', needs: 'reruns_used_up' },

  { from: 'in_review', on: 'identity_approved', to: 'payout_account' },
  { from: 'in_review', on: 'identity_declined', to: 'rejected' },
  { from: 'in_review', on: 'review_approved', to: 'payout_account' },
  { from: 'in_review', on: 'review_declined', to: 'rejected' },

  { from: 'abandoned', on: 'try_again', to: 'started', needs: 'attempts_left' },
  { from: 'abandoned', on: 'identity_approved', to: 'payout_account' },
  { from: 'abandoned', on: 'identity_declined', to: 'rejected' },
  { from: 'abandoned', on: 'identity_review', to: 'in_review' },
  { from: 'abandoned', on: 'review_approved', to: 'payout_account' },
  { from: 'abandoned', on: 'review_declined', to: 'rejected' },

  { from: 'rejected', on: 'try_again', to: 'started', needs: 'attempts_left' },
  { from: 'rejected', on: 'identity_approved', to: 'payout_account' },
  { from: 'rejected', on: 'review_approved', to: 'payout_account' },

  { from: 'payout_account', on: 'transfers_enabled', to: 'verified' },
  { from: 'payout_account', on: 'identity_declined', to: 'restricted' },
  { from: 'payout_account', on: 'identity_review', to: 'restricted' },

  { from: 'verified', on: 'transfers_disabled', to: 'restricted' },
  { from: 'verified', on: 'identity_declined', to: 'restricted' },
  { from: 'verified', on: 'identity_review', to: 'restricted' },

  { from: 'restricted', on: 'transfers_enabled', to: 'verified', needs: 'identity_good' },
  { from: 'restricted', on: 'identity_approved', to: 'verified', needs: 'transfers_active' },
  { from: 'restricted', on: 'identity_approved', to: 'payout_account', needs: 'transfers_inactive' },
  { from: 'restricted', on: 'review_approved', to: 'verified', needs: 'transfers_active' },
  { from: 'restricted', on: 'review_approved', to: 'payout_account', needs: 'transfers_inactive' },
  { from: 'restricted', on: 'review_declined', to: 'rejected' },
];

/** Where an event leads from a state; the state itself when it leads nowhere. */
export function nextOnboardingState(
  from: OnboardingState,
  on: OnboardingEvent,
  circumstances: OnboardingCircumstances,
): OnboardingState {
  const row = ONBOARDING_TRANSITIONS.find(
    (one) => one.from === from && one.on === on && (one.needs === undefined || NEEDS[one.needs](circumstances)),
  );
  return row?.to ?? from;
}

/** What the account is as a seller in each state of its onboarding. Only `verified` sells. */
export const SELLER_STATE_OF: Readonly<Record<OnboardingState, SellerState>> = {
  started: 'pending',
  identity_check: 'pending',
  in_review: 'pending',
  payout_account: 'pending',
  credentials: 'pending',
  abandoned: 'pending',
  verified: 'verified',
  restricted: 'restricted',
  rejected: 'restricted',
};

/** What Stripe's names of what it asks for mean, the longest first that fits. */
const REQUIREMENT_TEXTS: readonly (readonly [string, string])[] = [
  ['individual.verification.document', 'a photo of your identity document'],
  ['individual.verification', 'proof of your identity'],
  ['individual.address', 'your address'],
  ['individual.dob', 'your date of birth'],
  ['individual.id_number', 'your tax or personal number'],
  ['individual', 'details about you'],
  ['external_account', 'your bank account'],
  ['business_profile', 'what you sell'],
  ['business_type', 'whether you sell as a person or a company'],
  ['tos_acceptance', "your agreement to Stripe's terms"],
];

/** A requirement in plain words. */
export const requirementText = (field: string): string =>
  REQUIREMENT_TEXTS.find(([prefix]) => field.startsWith(prefix))?.[1] ?? 'further details';

/** What an onboarding in this state waits for, in a sentence. */
export const ONBOARDING_NEXT: Readonly<Record<OnboardingState, string>> = {
  started: 'The identity check is being prepared.',
  identity_check: 'Take the identity check on the page of the first step.',
  in_review: 'A person is looking at the identity check.',
  payout_account: 'Give Stripe what it needs to pay you, on the page of the second step.',
  credentials: 'Send proof of the licence that your category needs.',
  verified: 'Nothing: you can publish listings.',
  restricted: 'Selling is paused. Open orders go on; see the steps for what is missing.',
  rejected: 'The identity check was not passed. POST /v1/onboardings begins another one, while attempts are left.',
  abandoned:
    'The identity check was not taken in time. POST /v1/onboardings begins another one, while attempts are left.',
};

/** The same for staff: how it stands and who has to do something, and what happens when the time for that is over. */
export const ONBOARDING_FOR_STAFF: Readonly<
  Record<OnboardingState, { readonly stands: string; readonly afterwards?: string }>
> = {
  started: { stands: 'Waits for us: the identity check is being prepared at Onfido.' },
  identity_check: {
    stands: 'Waits for the seller: they have to take the identity check at Onfido.',
    afterwards: 'the check counts as not taken, and the seller can begin another one while attempts are left',
  },
  in_review: {
    stands: 'Waits for compliance: a person has to decide the case about the identity check.',
    afterwards: 'the case is escalated',
  },
  payout_account: { stands: 'Waits for the seller: they have to give Stripe what it needs to pay them.' },
  credentials: { stands: 'Waits for the seller: they have to send proof of their licence.' },
  verified: { stands: 'Waits for nobody: the seller can sell and be paid.' },
  restricted: {
    stands:
      'The seller cannot sell: the identity check was taken back, or Stripe pays them nothing. Open purchases go on.',
    afterwards: 'the case is escalated',
  },
  rejected: {
    stands: 'The identity check was not passed. The seller can begin another one while attempts are left.',
    afterwards: 'the case is escalated',
  },
  abandoned: {
    stands: 'The identity check was not taken in time. The seller can begin another one while attempts are left.',
    afterwards: 'the case is escalated',
  },
};
