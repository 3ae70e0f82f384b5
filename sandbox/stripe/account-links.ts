import type { Stripe } from 'stripe';
import { findObject, insertObject, type ObjectKind } from '../store/objects.ts';
import { invalidRequest } from '../stripe-api/errors.ts';
import { randomText } from '../stripe-api/ids.ts';
import { type Call, operation, type Resource } from '../stripe-api/operation.ts';
import { oneOf, required, text, type Values } from '../stripe-api/parameters.ts';
import { change, lockKnown, record } from '../stripe-api/resources.ts';
import { testBankAccount } from './account-builder.ts';
import { ACCOUNT, applyToAccount, lockAccount } from './accounts.ts';

/** What the hosted page needs to know; Stripe has no way to retrieve a link, so it is no resource. */
export interface AccountLinkState {
  readonly id: string;
  readonly account: string;
  readonly expiresAt: number;
  readonly returnUrl: string;
  readonly refreshUrl: string;
  readonly used: boolean;
}

const ACCOUNT_LINK: ObjectKind<AccountLinkState> = { name: 'account_link' };

/** Source: the links of Stripe's test mode. */
const LINK_LIFETIME_SECONDS = 5 * 60;

const PARAMETERS = {
  account: required(text()),
  type: required(oneOf(['account_onboarding', 'account_update'])),
  refresh_url: text(),
  return_url: text(),
  collect: oneOf(['currently_due', 'eventually_due']),
} as const;

async function createLink(call: Call, values: Values<typeof PARAMETERS>): Promise<Stripe.AccountLink> {
  const account = await lockAccount(call, values.account);
  if (values.type === 'account_update' && account.body.controller?.requirement_collection === 'stripe') {
    throw invalidRequest(
      'You cannot create `account_update` type Account Links for accounts whose requirements are collected by Stripe.',
      { param: 'type' },
    );
  }
  const token = randomText(24);
  const state: AccountLinkState = {
    id: token,
    account: account.body.id,
    expiresAt: call.now + LINK_LIFETIME_SECONDS,
    returnUrl: requiredUrl(values.return_url, 'return_url'),
    refreshUrl: requiredUrl(values.refresh_url, 'refresh_url'),
    used: false,
  };
  await insertObject(call.tx, ACCOUNT_LINK, { body: state, hidden: {}, owner: call.platform });
  // From now on the person talks to Stripe directly, and Stripe no longer shows the platform what it was told.
  const { individual: _individual, ...rest } = account.body;
  const hides = account.body.controller?.requirement_collection === 'stripe';
  await change(call, { ...account, body: hides ? rest : account.body }, {}, { linked: true });
  return {
    object: 'account_link',
    created: call.now,
    expires_at: state.expiresAt,
    url: `${call.pagesUrl}/connect/onboarding/${account.body.id}/${token}`,
  };
}

function requiredUrl(url: string | undefined, param: string): string {
  if (url === undefined) {
    throw invalidRequest(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
  }
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw invalidRequest('Not a valid URL', { code: 'url_invalid', param });
  return url;
}

/** The link with this token, for the hosted page. */
export async function accountLink(call: Call, account: string, token: string): Promise<AccountLinkState | undefined> {
  const found = await findObject(call.tx, ACCOUNT_LINK, call.platform, token);
  return found?.body.account === account ? found.body : undefined;
}

/**
 * The person has filled in the hosted form: the account has its details and a bank account, and its capabilities become
 * active. A bank account that took no payouts is replaced. Doing it twice changes nothing.
 */
export async function completeOnboarding(call: Call, link: AccountLinkState, bankWorks: boolean): Promise<void> {
  const account = await lockKnown(call, ACCOUNT, link.account, call.platform);
  const stored = await findObject(call.tx, ACCOUNT_LINK, call.platform, link.id, { lock: true });
  if (stored === undefined || stored.body.used) return;
  await change(call, stored, { used: true });
  const banks = (account.body.external_accounts?.data ?? []).filter(
    (bank) => bank.object !== 'bank_account' || bank.status !== 'errored',
  );
  const body: Stripe.Account = {
    ...account.body,
    business_type: account.body.business_type ?? 'individual',
    external_accounts: {
      object: 'list',
      data: banks.length > 0 ? banks : [testBankAccount(account.body, bankWorks)],
      has_more: false,
      url: `/v1/accounts/${account.body.id}/external_accounts`,
    },
  };
  await record(call, { kind: 'account_onboarded', id: account.body.id });
  await applyToAccount(call, account, body, { ...account.hidden, submitted: true, demanded: [] });
}

export const accountLinks: Resource = {
  kinds: [],
  operations: [
    operation({
      method: 'POST',
      path: '/v1/account_links',
      returns: { kind: 'account_link', list: false },
      parameters: PARAMETERS,
      unmodelled: ['collection_options'],
      handle: async (call, values) => ({ answer: await createLink(call, values) }),
    }),
  ],
};
