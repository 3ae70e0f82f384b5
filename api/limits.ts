import type { RateLimit } from './route.ts';

const HOUR = 3_600;

/**
 * The limits on what strangers may try, counted in PostgreSQL over all replicas. By network address they are wide: whole
 * offices and mobile networks stand behind one. By account they are narrow: nobody mistypes a password so often.
 */
export const LIMITS = {
  signUpByAddress: { name: 'sign-up', limit: 3_000, windowSeconds: HOUR },
  /** How many addresses a stranger can find out to have an account, by trying to sign up with them. */
  emailTakenByAddress: { name: 'email-taken', limit: 60, windowSeconds: HOUR },
  verifyByAddress: { name: 'verify-email', limit: 3_000, windowSeconds: HOUR },
  verificationMailByAddress: { name: 'verification-mail', limit: 300, windowSeconds: HOUR },
  verificationMailByAccount: { name: 'verification-mail-account', limit: 5, windowSeconds: HOUR },
  signInByAddress: { name: 'sign-in', limit: 3_000, windowSeconds: HOUR },
  /** Only tries that fail count: a success clears the counter. */
  signInByAccount: { name: 'sign-in-account', limit: 20, windowSeconds: 900 },
  refreshByAddress: { name: 'refresh', limit: 6_000, windowSeconds: HOUR },
} as const satisfies Record<string, RateLimit>;
