/** Every workflow a worker runs, by the name under which it is started. */
export { aftercare } from './aftercare.ts';
export { onboarding } from './onboarding.ts';
export { purchase } from './purchase.ts';
export { reconciliation } from './reconciliation.ts';
