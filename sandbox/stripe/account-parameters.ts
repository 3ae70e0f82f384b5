import { boolean, group, integer, metadata, oneOf, text, unsettable } from '../stripe-api/parameters.ts';
import { UNMODELLED_CAPABILITIES } from './account-capabilities.ts';

const address = group({
  city: text(100),
  country: text(),
  line1: text(200),
  line2: text(200),
  postal_code: text(),
  state: text(),
});

const birthDate = group({
  day: integer({ min: 1, max: 31 }),
  month: integer({ min: 1, max: 12 }),
  year: integer({ min: 1900, max: 2100 }),
});

/** The person an account of type `individual` belongs to. */
const individual = group(
  {
    address,
    dob: unsettable(birthDate),
    email: text(),
    first_name: text(100),
    last_name: text(100),
    phone: text(),
  },
  [
    'address_kana',
    'address_kanji',
    'first_name_kana',
    'first_name_kanji',
    'full_name_aliases',
    'gender',
    'id_number',
    'id_number_secondary',
    'last_name_kana',
    'last_name_kanji',
    'maiden_name',
    'metadata',
    'political_exposure',
    'registered_address',
    'relationship',
    'ssn_last_4',
    'verification',
  ],
);

const businessProfile = group(
  {
    mcc: text(4),
    name: text(),
    product_description: text(40_000),
    support_email: text(),
    support_phone: text(),
    support_url: unsettable(text()),
    url: text(),
  },
  [
    'annual_revenue',
    'estimated_worker_count',
    'minority_owned_business_designation',
    'monthly_estimated_revenue',
    'support_address',
  ],
);

const capability = group({ requested: boolean() });

/** The capabilities that the sandbox switches on and off. */
const capabilities = group({ card_payments: capability, transfers: capability }, UNMODELLED_CAPABILITIES);

const payouts = group(
  {
    debit_negative_balances: boolean(),
    schedule: group({ interval: oneOf(['daily', 'manual']) }, [
      'delay_days',
      'monthly_anchor',
      'monthly_payout_days',
      'weekly_anchor',
      'weekly_payout_days',
    ]),
  },
  ['statement_descriptor'],
);

const UNMODELLED_SETTINGS = [
  'bacs_debit_payments',
  'branding',
  'card_issuing',
  'card_payments',
  'invoices',
  'payments',
  'treasury',
];

/** What can be given at creation and changed later. */
export const ACCOUNT_UPDATE = {
  business_profile: businessProfile,
  business_type: oneOf(['company', 'individual', 'non_profit', 'government_entity']),
  capabilities,
  default_currency: text(3),
  email: text(),
  individual,
  metadata: metadata(),
  settings: group({ payouts }, [...UNMODELLED_SETTINGS, 'sepa_debit_payments']),
  tos_acceptance: group({
    date: integer(),
    ip: text(),
    service_agreement: oneOf(['full', 'recipient']),
    user_agent: text(),
  }),
} as const;

export const ACCOUNT_CREATE = {
  ...ACCOUNT_UPDATE,
  settings: group({ payouts }, UNMODELLED_SETTINGS),
  controller: group({
    fees: group({ payer: oneOf(['account', 'application']) }),
    losses: group({ payments: oneOf(['application', 'stripe']) }),
    requirement_collection: oneOf(['application', 'stripe']),
    stripe_dashboard: group({ type: oneOf(['express', 'full', 'none']) }),
  }),
  country: text(2),
  type: oneOf(['custom', 'express', 'standard']),
} as const;

export const ACCOUNT_UPDATE_UNMODELLED: readonly string[] = [
  'account_token',
  'company',
  'documents',
  'external_account',
  'groups',
];

export const ACCOUNT_CREATE_UNMODELLED: readonly string[] = [...ACCOUNT_UPDATE_UNMODELLED, 'bank_account'];
