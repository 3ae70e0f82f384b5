/** The rules of an onboarding, as data. Pure. */
import type { OnboardingState } from '../../contracts/onboarding.ts';

/**
 * Where sellers can be paid: the countries between which Stripe transfers from a platform in the European Economic Area
 * (https://docs.stripe.com/connect/cross-border-payouts).
 */
export const PAYOUT_COUNTRIES: ReadonlySet<string> = new Set(
  'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK GB CH US CA'.split(' '),
);

/** What can happen to an onboarding. */
export type OnboardingEvent = 'check_started' | 'identity_approved' | 'transfers_enabled';

export interface OnboardingTransition {
  readonly from: OnboardingState;
  readonly on: OnboardingEvent;
  readonly to: OnboardingState;
}

/** The way of a seller whom nothing speaks against. */
export const ONBOARDING_TRANSITIONS: readonly OnboardingTransition[] = [
  { from: 'started', on: 'check_started', to: 'identity_check' },
  { from: 'identity_check', on: 'identity_approved', to: 'payout_account' },
  { from: 'payout_account', on: 'transfers_enabled', to: 'verified' },
];

/** Where an event leads from a state; the state itself when it leads nowhere. */
export function nextOnboardingState(from: OnboardingState, on: OnboardingEvent): OnboardingState {
  return ONBOARDING_TRANSITIONS.find((row) => row.from === from && row.on === on)?.to ?? from;
}

/** What an onboarding in this state waits for, in a sentence. */
export const ONBOARDING_NEXT: Readonly<Record<OnboardingState, string>> = {
  started: 'The identity check is being prepared.',
  identity_check: 'Take the identity check on the page of the first step.',
  in_review: 'A person is looking at the identity check.',
  payout_account: 'Give Stripe what it needs to pay you, on the page of the second step.',
  credentials: 'Send proof of the licence that your category needs.',
  verified: 'Nothing: you can publish listings.',
  restricted: 'Selling is paused.',
  rejected: 'The identity check was not passed.',
  abandoned: 'The identity check was not taken in time.',
};
