/** Accounts outside the purchases: what Stripe keeps of our balance, and the expense that is to us. */
export const COMPANY_ACCOUNTS = {
  stripeFees: { class: 'expense', about: "Stripe's fees on payments" },
  disputeFees: { class: 'expense', about: 'what Stripe charges for the disputes of buyers with their banks' },
  stripeFeesPaid: { class: 'asset', about: 'what Stripe kept of our balance for its fees' },
} as const;
