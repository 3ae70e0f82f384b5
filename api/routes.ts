import type { ApiDeps } from './deps.ts';
import type { Route } from './route.ts';
import { accountRoutes } from './routes/accounts.ts';
import { caseRoutes } from './routes/cases.ts';
import { discountRoutes } from './routes/discounts.ts';
import { disputeRoutes } from './routes/disputes.ts';
import { ledgerRoutes } from './routes/ledger.ts';
import { listingRoutes } from './routes/listings.ts';
import { notificationRoutes } from './routes/notifications.ts';
import { onboardingRoutes } from './routes/onboardings.ts';
import { operationsRoutes } from './routes/operations.ts';
import { payoutRoutes } from './routes/payouts.ts';
import { purchaseRoutes } from './routes/purchases.ts';
import { reconciliationRoutes } from './routes/reconciliations.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { slotRoutes } from './routes/slots.ts';
import { staffPurchaseRoutes } from './routes/staff-purchases.ts';
import { statementRoutes } from './routes/statements.ts';
import { verificationPageRoutes } from './routes/verification-page.ts';
import { webhookRoutes } from './webhooks/routes.ts';

/** All routes, one resource a line. */
export function routesOf(deps: ApiDeps): Route[] {
  return [
    ...accountRoutes(deps),
    ...verificationPageRoutes(deps),
    ...sessionRoutes(deps),
    ...onboardingRoutes(deps),
    ...listingRoutes(deps),
    ...slotRoutes(deps),
    ...purchaseRoutes(deps),
    ...disputeRoutes(deps),
    ...payoutRoutes(deps),
    ...statementRoutes(deps),
    ...notificationRoutes(deps),
    ...caseRoutes(deps),
    ...staffPurchaseRoutes(deps),
    ...discountRoutes(deps),
    ...ledgerRoutes(deps),
    ...reconciliationRoutes(deps),
    ...webhookRoutes(deps),
    ...operationsRoutes(deps),
  ];
}
