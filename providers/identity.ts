/**
 * What Wellpact needs of an identity provider. Creating is not idempotent there, and nothing can be found by our ids:
 * callers store what they get before they go on. All of it throws `ProviderError`.
 */
export interface Identity {
  /** @returns the provider's id of the person */
  createApplicant(person: { firstName: string; lastName: string; birthDate: string }): Promise<string>;
  /** Starts a check of the person, tagged with our user id. */
  startCheck(request: { applicantId: string; userId: string; returnUrl: string }): Promise<IdentityCheck>;
  getCheck(checkId: string): Promise<IdentityCheck>;
}

/** How a check stands: `running` until the person has done it and the provider has looked. */
export type IdentityOutcome = 'running' | 'approved' | 'declined' | 'review' | 'abandoned' | 'error';

export interface IdentityCheck {
  readonly id: string;
  readonly outcome: IdentityOutcome;
  /** The provider's page on which the person shows a document and their face; null when there is none (any more). */
  readonly url: string | null;
}
