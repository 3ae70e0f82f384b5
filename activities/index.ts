import { createAftercareActivities } from './aftercare.ts';
import { createDisputeActivities } from './dispute.ts';
import { createOnboardingActivities, type OnboardingDeps } from './onboarding.ts';
import { createPayoutActivities, type PayoutDeps } from './payout.ts';
import { createPurchaseActivities, type PurchaseDeps } from './purchase.ts';
import { createReconciliationActivities, type ReconciliationDeps } from './reconciliation.ts';

export type ActivityDeps = PurchaseDeps & OnboardingDeps & PayoutDeps & ReconciliationDeps;

/** Every activity of every flow, over real providers and a real database. */
export function createActivities(deps: ActivityDeps) {
  return {
    ...createPurchaseActivities(deps),
    ...createAftercareActivities(deps),
    ...createDisputeActivities(deps),
    ...createOnboardingActivities(deps),
    ...createPayoutActivities(deps),
    ...createReconciliationActivities(deps),
  };
}

export type Activities = ReturnType<typeof createActivities>;
