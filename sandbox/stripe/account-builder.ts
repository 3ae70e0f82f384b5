import type { Stripe } from 'stripe';
import type { Stored } from '../store/objects.ts';
import { invalidRequest } from '../stripe-api/errors.ts';
import { randomText } from '../stripe-api/ids.ts';
import { mergedMetadata, type Values } from '../stripe-api/parameters.ts';
import type { ACCOUNT_CREATE, ACCOUNT_UPDATE } from './account-parameters.ts';

/** The facts from which an account's capabilities and requirements follow. */
export interface AccountHidden {
  /** The person has completed the hosted onboarding. */
  readonly submitted: boolean;
  /** An account link was made: from then on Stripe shows the platform less of the person. */
  readonly linked: boolean;
  readonly requested: readonly Capability[];
  /** Set by the control API: the account is disabled for this reason. */
  readonly disabledReason: Stripe.Account.Requirements.DisabledReason | null;
  /** Set by the control API: its person has left the platform, which reaches nothing of it any more. */
  readonly gone?: boolean;
  /** Set by the control API: fields that Stripe demands after onboarding. */
  readonly demanded: readonly string[];
  /** Until when what is demanded can be given before the account is disabled, seconds since 1970; past due without. */
  readonly demandedUntil?: number | null;
}

export type Capability = 'card_payments' | 'transfers';
type Created = Partial<Values<typeof ACCOUNT_CREATE>>;
type Updated = Partial<Values<typeof ACCOUNT_UPDATE>>;

const CAPABILITIES: readonly Capability[] = ['card_payments', 'transfers'];

/** What the hosted onboarding of a person asks for. */
const ONBOARDING_FIELDS: readonly string[] = [
  'business_profile.mcc',
  'business_profile.url',
  'business_type',
  'external_account',
  'individual.address.city',
  'individual.address.line1',
  'individual.address.postal_code',
  'individual.dob.day',
  'individual.dob.month',
  'individual.dob.year',
  'individual.email',
  'individual.first_name',
  'individual.last_name',
  'individual.phone',
  'tos_acceptance.date',
  'tos_acceptance.ip',
];

const CURRENCY_BY_COUNTRY: Readonly<Record<string, string>> = { US: 'usd', GB: 'gbp', CH: 'chf', LI: 'chf' };

/** A new account, before its person has told Stripe anything. */
export function buildAccount(
  id: string,
  created: number,
  values: Created,
  platformCountry: string,
): { body: Stripe.Account; hidden: AccountHidden } {
  const country = values.country ?? platformCountry;
  if (!/^[A-Z]{2}$/.test(country)) {
    throw invalidRequest(
      `Country '${country.slice(0, 10)}' is unknown. Try using a 2-character alphanumeric country code instead, such as 'US', 'EG', or 'GB'.`,
      {
        code: 'country_unsupported',
        param: 'country',
      },
    );
  }
  const { type, controller } = ownership(values);
  const body: Stripe.Account = {
    id,
    object: 'account',
    business_profile: businessProfile(null, values),
    business_type: values.business_type ?? null,
    capabilities: {},
    charges_enabled: false,
    controller,
    country,
    created,
    default_currency: values.default_currency ?? CURRENCY_BY_COUNTRY[country] ?? 'eur',
    details_submitted: false,
    email: values.email ?? null,
    external_accounts: { object: 'list', data: [], has_more: false, url: `/v1/accounts/${id}/external_accounts` },
    ...(values.individual !== undefined && { individual: person(id, created, undefined, values) }),
    metadata: mergedMetadata({}, values.metadata),
    payouts_enabled: false,
    settings: accountSettings(null, values),
    tos_acceptance: termsOfService(undefined, values),
    type,
  };
  const hidden: AccountHidden = {
    submitted: false,
    linked: false,
    // Standard accounts get both without asking, as at Stripe.
    requested: type === 'standard' ? CAPABILITIES : requestedCapabilities([], values),
    disabledReason: null,
    demanded: [],
  };
  return { body: withRequirements(body, hidden), hidden };
}

/** The account with the given members changed. What follows from them is up to {@link withRequirements}. */
export function changedAccount(
  account: Stored<Stripe.Account, AccountHidden>,
  values: Updated,
): { body: Stripe.Account; hidden: AccountHidden } {
  const before = account.body;
  if (
    values.individual !== undefined &&
    account.hidden.linked &&
    before.controller?.requirement_collection === 'stripe'
  ) {
    throw invalidRequest(
      'You cannot change the individual of this account: its requirements are collected by Stripe.',
      {
        code: 'oauth_not_supported',
        param: 'individual',
      },
    );
  }
  return {
    body: {
      ...before,
      business_profile: businessProfile(before.business_profile ?? null, values),
      business_type: values.business_type ?? before.business_type ?? null,
      default_currency: values.default_currency ?? before.default_currency ?? 'eur',
      email: values.email ?? before.email,
      ...(values.individual !== undefined && {
        individual: person(before.id, before.created ?? 0, before.individual, values),
      }),
      settings: accountSettings(before.settings ?? null, values),
      tos_acceptance: termsOfService(before.tos_acceptance, values),
    },
    hidden: { ...account.hidden, requested: requestedCapabilities(account.hidden.requested, values) },
  };
}

/** The account with everything that follows from its facts: capabilities, requirements, what is enabled. */
export function withRequirements(body: Stripe.Account, hidden: AccountHidden): Stripe.Account {
  const due = hidden.submitted ? [...hidden.demanded] : missingFields(body);
  const until = hidden.submitted && due.length > 0 ? (hidden.demandedUntil ?? null) : null;
  const disabledReason = hidden.disabledReason ?? (due.length > 0 && until === null ? 'requirements.past_due' : null);
  const working = hidden.submitted && disabledReason === null;
  const requirements = {
    alternatives: [],
    current_deadline: until,
    currently_due: due,
    disabled_reason: disabledReason,
    errors: [],
    eventually_due: due,
    past_due: until === null ? due : [],
    pending_verification: [],
  };
  return {
    ...body,
    capabilities: Object.fromEntries(hidden.requested.map((name) => [name, working ? 'active' : 'inactive'])),
    charges_enabled: working,
    payouts_enabled: working,
    details_submitted: hidden.submitted,
    requirements,
    future_requirements: {
      alternatives: [],
      current_deadline: null,
      currently_due: [],
      disabled_reason: null,
      errors: [],
      eventually_due: [],
      past_due: [],
      pending_verification: [],
    },
  };
}

/** The last digits of a bank account that takes no payouts. Source: https://docs.stripe.com/connect/testing#account-numbers */
export const FAILING_BANK = '3001';
const WORKING_BANK = '3000';

/** A bank account as the hosted onboarding attaches it; payouts to one that does not work fail. */
export function testBankAccount(account: Stripe.Account, works: boolean): Stripe.BankAccount {
  return {
    id: `ba_1${randomText(23)}`,
    object: 'bank_account',
    account: account.id,
    account_holder_name: null,
    account_holder_type: 'individual',
    account_type: null,
    available_payout_methods: ['standard'],
    bank_name: 'STRIPE TEST BANK',
    country: account.country ?? 'DE',
    currency: account.default_currency ?? 'eur',
    default_for_currency: true,
    fingerprint: randomText(16),
    last4: works ? WORKING_BANK : FAILING_BANK,
    metadata: {},
    routing_number: null,
    status: 'new',
  };
}

type Ownership = { type: Stripe.Account.Type; controller: Stripe.Account.Controller };

/** Who answers for what, by `controller` or by the older `type`, each of which implies the other. */
function ownership(values: Created): Ownership {
  const dashboard = values.controller?.stripe_dashboard?.type ?? dashboardOf(values.type);
  const collector = values.controller?.requirement_collection ?? (dashboard === 'none' ? 'application' : 'stripe');
  const losses = values.controller?.losses?.payments ?? (dashboard === 'full' ? 'stripe' : 'application');
  const payer = values.controller?.fees?.payer ?? (dashboard === 'full' ? 'account' : 'application');
  return {
    type: typeOf(values.type, dashboard, losses, payer),
    controller: {
      fees: { payer: values.controller === undefined ? feePayerOfType(values.type, payer) : payer },
      is_controller: true,
      losses: { payments: losses },
      requirement_collection: collector,
      stripe_dashboard: { type: dashboard },
      type: 'application',
    },
  };
}

function dashboardOf(type: Created['type']): 'express' | 'full' | 'none' {
  if (type === 'express') return 'express';
  return type === 'custom' ? 'none' : 'full';
}

function feePayerOfType(type: Created['type'], payer: 'account' | 'application'): Stripe.Account.Controller.Fees.Payer {
  if (type === 'express') return 'application_express';
  return type === 'custom' ? 'application_custom' : payer;
}

/** Combinations that equal an older type carry its name; others are `none`. */
function typeOf(
  type: Created['type'],
  dashboard: 'express' | 'full' | 'none',
  losses: 'application' | 'stripe',
  payer: 'account' | 'application',
): Stripe.Account.Type {
  if (type !== undefined) return type;
  const platformPays = losses === 'application' && payer === 'application';
  if (dashboard === 'full' && losses === 'stripe' && payer === 'account') return 'standard';
  if (dashboard === 'express' && platformPays) return 'express';
  return dashboard === 'none' && platformPays ? 'custom' : 'none';
}

function requestedCapabilities(before: readonly Capability[], values: Updated): readonly Capability[] {
  return CAPABILITIES.filter((name) => values.capabilities?.[name]?.requested ?? before.includes(name));
}

function missingFields(account: Stripe.Account): string[] {
  const known = (field: string): boolean => {
    const value = field
      .split('.')
      .reduce<unknown>((part, name) => (part as Record<string, unknown> | null | undefined)?.[name], account);
    return value !== undefined && value !== null;
  };
  return ONBOARDING_FIELDS.filter((field) => !known(field));
}

function businessProfile(
  before: Stripe.Account.BusinessProfile | null,
  values: Updated,
): Stripe.Account.BusinessProfile {
  const given = values.business_profile;
  return {
    annual_revenue: null,
    estimated_worker_count: null,
    mcc: given?.mcc ?? before?.mcc ?? null,
    minority_owned_business_designation: null,
    name: given?.name ?? before?.name ?? null,
    product_description: given?.product_description ?? before?.product_description ?? null,
    support_address: null,
    support_email: given?.support_email ?? before?.support_email ?? null,
    support_phone: given?.support_phone ?? before?.support_phone ?? null,
    support_url: given?.support_url === undefined ? (before?.support_url ?? null) : given.support_url,
    url: given?.url ?? before?.url ?? null,
  };
}

function person(account: string, created: number, before: Stripe.Person | undefined, values: Updated): Stripe.Person {
  const given = values.individual;
  const address = given?.address;
  return {
    id: before?.id ?? `person_1${randomText(23)}`,
    object: 'person',
    account,
    address: {
      city: address?.city ?? before?.address?.city ?? null,
      country: address?.country ?? before?.address?.country ?? null,
      line1: address?.line1 ?? before?.address?.line1 ?? null,
      line2: address?.line2 ?? before?.address?.line2 ?? null,
      postal_code: address?.postal_code ?? before?.address?.postal_code ?? null,
      state: address?.state ?? before?.address?.state ?? null,
    },
    created,
    dob: {
      day: given?.dob?.day ?? before?.dob?.day ?? null,
      month: given?.dob?.month ?? before?.dob?.month ?? null,
      year: given?.dob?.year ?? before?.dob?.year ?? null,
    },
    email: given?.email ?? before?.email ?? null,
    first_name: given?.first_name ?? before?.first_name ?? null,
    last_name: given?.last_name ?? before?.last_name ?? null,
    metadata: {},
    phone: given?.phone ?? before?.phone ?? null,
  };
}

function accountSettings(before: Stripe.Account.Settings | null, values: Updated): Stripe.Account.Settings {
  const payouts = values.settings?.payouts;
  return {
    branding: { icon: null, logo: null, primary_color: null, secondary_color: null },
    card_payments: {
      decline_on: { avs_failure: false, cvc_failure: false },
      statement_descriptor_prefix: null,
      statement_descriptor_prefix_kana: null,
      statement_descriptor_prefix_kanji: null,
    },
    dashboard: { display_name: null, timezone: 'Etc/UTC' },
    payments: {
      statement_descriptor: null,
      statement_descriptor_kana: null,
      statement_descriptor_kanji: null,
      statement_descriptor_prefix_kana: null,
      statement_descriptor_prefix_kanji: null,
    },
    payouts: {
      debit_negative_balances: payouts?.debit_negative_balances ?? before?.payouts?.debit_negative_balances ?? true,
      schedule: {
        delay_days: 7,
        interval: payouts?.schedule?.interval ?? before?.payouts?.schedule.interval ?? 'daily',
      },
      statement_descriptor: null,
    },
  };
}

function termsOfService(
  before: Stripe.Account.TosAcceptance | undefined,
  values: Updated,
): Stripe.Account.TosAcceptance {
  const given = values.tos_acceptance;
  const agreement = given?.service_agreement ?? before?.service_agreement;
  return {
    date: given?.date ?? before?.date ?? null,
    ip: given?.ip ?? before?.ip ?? null,
    ...(agreement !== undefined && { service_agreement: agreement }),
    user_agent: given?.user_agent ?? before?.user_agent ?? null,
  };
}
