/** Every workflow a worker runs, by the name under which it is started. */
export { aftercare } from './aftercare.ts';
export { dispute } from './dispute.ts';
export { onboarding } from './onboarding.ts';
export { payout } from './payout.ts';
export { purchase } from './purchase.ts';
export { reconciliation } from './reconciliation.ts';
