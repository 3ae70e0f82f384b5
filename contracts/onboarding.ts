import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type { OnboardingId, UserId } from './ids.ts';

/** The states of a seller's onboarding, in the order of its story. */
export const ONBOARDING_STATES = [
  'started',
  'identity_check',
  'in_review',
  'payout_account',
  'credentials',
  'verified',
  'restricted',
  'rejected',
  'abandoned',
] as const;
export type OnboardingState = (typeof ONBOARDING_STATES)[number];

/** The workflow of a user's onboarding: one per user. */
export const onboardingWorkflowId = (userId: UserId): string => `onboarding/${userId}`;

export interface OnboardingInput {
  readonly onboardingId: OnboardingId;
  readonly userId: UserId;
  /** Where people reach Wellpact: they come back to it from the providers' pages. */
  readonly publicUrl: string;
}

export interface OnboardingResult {
  readonly state: OnboardingState;
}

export type OnboardingWorkflow = (input: OnboardingInput) => Promise<OnboardingResult>;

/** What is committed now. Everything else is read from the database. */
export interface OnboardingOutcome {
  readonly state: OnboardingState;
}

/** Sent with the start: answers once the identity check can be taken. */
export const beginOnboardingUpdate = defineUpdate<OnboardingOutcome>('beginOnboarding');

/** The seller wants another identity check, after one that was not passed or not taken. Changes nothing in other states. */
export const tryAgainUpdate = defineUpdate<OnboardingOutcome>('tryAgain');

/** A provider said that something changed. A hint: the workflow looks for itself. */
export interface ProviderHint {
  /** One event counts once. */
  readonly eventId: string;
}
/** Onfido said that the identity check moved, or staff decided the case about it. */
export const identityHintSignal = defineSignal<[ProviderHint]>('identityHint');
/** Stripe said that the seller's account changed. */
export const accountHintSignal = defineSignal<[ProviderHint]>('accountHint');
