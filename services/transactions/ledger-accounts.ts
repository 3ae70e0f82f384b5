/** Accounts outside the purchases: what Stripe keeps of our balance, and the expense that is to us. */
export const COMPANY_ACCOUNTS = {
  stripeFees: { class: 'expense', about: "Stripe's fees on payments" },
  stripeFeesPaid: { class: 'asset', about: 'what Stripe kept of our balance for its fees' },
} as const;
