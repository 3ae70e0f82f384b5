import { createAftercareActivities } from './aftercare.ts';
import { createOnboardingActivities, type OnboardingDeps } from './onboarding.ts';
import { createPurchaseActivities, type PurchaseDeps } from './purchase.ts';
import { createReconciliationActivities, type ReconciliationDeps } from './reconciliation.ts';

export type ActivityDeps = PurchaseDeps & OnboardingDeps & ReconciliationDeps;

/** Every activity of every flow, over real providers and a real database. */
export function createActivities(deps: ActivityDeps) {
  return {
    ...createPurchaseActivities(deps),
    ...createAftercareActivities(deps),
    ...createOnboardingActivities(deps),
    ...createReconciliationActivities(deps),
  };
}

export type Activities = ReturnType<typeof createActivities>;
