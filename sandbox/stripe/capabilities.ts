import type { Stripe } from 'stripe';
import type { Stored } from '../store/objects.ts';
import type { AccountHidden, Capability } from './account-builder.ts';

/** Why a capability does not work, in its own words: they are fewer than an account's. */
const DISABLED_REASONS: Readonly<Record<string, string>> = {
  platform_paused: 'platform_paused',
  'rejected.fraud': 'rejected.other',
  'rejected.other': 'rejected.other',
  'requirements.past_due': 'requirements.fields_needed',
  under_review: 'pending.review',
};

/** What an account can do, as `capability.updated` shows it. It follows from the account and is not stored. */
export function capabilitiesOf({ body, hidden }: Stored<Stripe.Account, AccountHidden>): readonly Stripe.Capability[] {
  return hidden.requested.map((name) => capability(body, name));
}

function capability(account: Stripe.Account, name: Capability): Stripe.Capability {
  const { requirements } = account;
  const reason = requirements?.disabled_reason ?? null;
  return {
    id: name,
    object: 'capability',
    account: account.id,
    requested: true,
    requested_at: account.created ?? 0,
    requirements: {
      alternatives: [],
      current_deadline: requirements?.current_deadline ?? null,
      currently_due: requirements?.currently_due ?? [],
      disabled_reason: reason === null ? null : (DISABLED_REASONS[reason] ?? 'other'),
      errors: [],
      eventually_due: requirements?.eventually_due ?? [],
      past_due: requirements?.past_due ?? [],
      pending_verification: [],
    },
    status: account.capabilities?.[name] ?? 'inactive',
  };
}

/** Those that are new or stand differently: each has an event of its own, beside the account's. */
export function changedCapabilities(
  before: Stored<Stripe.Account, AccountHidden>,
  after: Stored<Stripe.Account, AccountHidden>,
): readonly { readonly now: Stripe.Capability; readonly previous: Stripe.Capability | undefined }[] {
  const known = new Map(capabilitiesOf(before).map((one) => [one.id, one]));
  return capabilitiesOf(after)
    .map((now) => ({ now, previous: known.get(now.id) }))
    .filter(({ now, previous }) => JSON.stringify(now) !== JSON.stringify(previous));
}
