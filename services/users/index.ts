/** The face of the users service: accounts, sessions, and how far an account is as a seller. */
export {
  authenticate,
  changeProfile,
  createUser,
  getAccount,
  getUser,
  type ProfileChange,
  requestVerificationMail,
  type SignUp,
  setSellerState,
  type User,
} from './accounts.ts';
export * from './onboarding.ts';
export { ATTEMPTS, nextOnboardingState, ONBOARDING_NEXT, requirementText } from './onboarding-rules.ts';
export { findOnboarding, type Onboarding, storeLink } from './onboarding-store.ts';
export { type ActiveSession, deleteOldSessions, findActiveSession } from './session-store.ts';
export { endSession, type OpenSession, refreshSession, startSession } from './sessions.ts';
export { createStaff, hasStaffRole, staffWith } from './staff.ts';
export type { Account } from './store.ts';
export { verificationToken, verifyEmailByToken } from './verification.ts';
