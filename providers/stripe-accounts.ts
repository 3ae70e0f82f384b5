/** The sellers' accounts at Stripe Connect. */
import type { Stripe } from 'stripe';
import type { HostedLink, Payments, SellerAccount, SellerAccountRequest } from './payments.ts';
import { asked, missing, required } from './stripe-calls.ts';

type AccountCalls = Pick<Payments, 'createSellerAccount' | 'getSellerAccount' | 'createAccountLink'>;

export function stripeAccounts(stripe: Stripe): AccountCalls {
  return {
    createSellerAccount: (request, idempotencyKey) => createSellerAccount(stripe, request, idempotencyKey),
    getSellerAccount: (accountId) => asked(async () => toSellerAccount(await stripe.accounts.retrieve(accountId))),
    createAccountLink: (accountId, urls) => createAccountLink(stripe, accountId, urls),
  };
}

async function createSellerAccount(
  stripe: Stripe,
  request: SellerAccountRequest,
  idempotencyKey: string,
): Promise<SellerAccount> {
  const { userId, email, country, firstName, lastName } = request;
  return asked(async () =>
    toSellerAccount(
      await stripe.accounts.create(
        {
          country,
          email,
          business_type: 'individual',
          individual: { first_name: firstName, last_name: lastName },
          // The platform carries losses and pays the fees; Stripe collects what it needs from the seller.
          controller: {
            fees: { payer: 'application' },
            losses: { payments: 'application' },
            requirement_collection: 'stripe',
            stripe_dashboard: { type: 'express' },
          },
          capabilities: { transfers: { requested: true } },
          metadata: { userId },
        },
        { idempotencyKey },
      ),
    ),
  );
}

async function createAccountLink(
  stripe: Stripe,
  accountId: string,
  { refreshUrl, returnUrl }: { refreshUrl: string; returnUrl: string },
): Promise<HostedLink> {
  return asked(async () => {
    const link = await stripe.accountLinks.create({
      account: accountId,
      type: 'account_onboarding',
      refresh_url: refreshUrl,
      return_url: returnUrl,
    });
    if (link.object !== 'account_link') return missing('account_link');
    return { url: link.url, expiresAtMs: link.expires_at * 1_000 };
  });
}

function toSellerAccount(given: Stripe.Account): SellerAccount {
  const account = required(given);
  const deadline = account.requirements?.current_deadline ?? null;
  return {
    id: account.id,
    transfersActive: account.capabilities?.transfers === 'active',
    requirements: account.requirements?.currently_due ?? [],
    disabledReason: account.requirements?.disabled_reason ?? null,
    requirementsDueMs: deadline === null ? null : deadline * 1_000,
  };
}
