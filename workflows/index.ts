/** Every workflow a worker runs, by the name under which it is started. */
export { onboarding } from './onboarding.ts';
export { purchase } from './purchase.ts';
