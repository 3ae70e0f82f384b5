/** The rules of payouts: which state can follow which, and what a failure means to the seller. Pure. */
import type { PayoutStatus } from '../../contracts/payout.ts';

/**
 * What a payout can become at Stripe. `paid` is not the end: the bank can send the money back. What we are told in another
 * order than it happened leads nowhere here, and changes nothing.
 */
export const PAYOUT_TRANSITIONS: Readonly<Record<PayoutStatus, readonly PayoutStatus[]>> = {
  pending: ['in_transit', 'paid', 'failed', 'canceled'],
  in_transit: ['paid', 'failed', 'canceled'],
  paid: ['failed'],
  failed: [],
  canceled: [],
};

export const canFollow = (from: PayoutStatus, to: PayoutStatus): boolean => PAYOUT_TRANSITIONS[from].includes(to);

/** Why a bank refused, by Stripe's word for it (https://docs.stripe.com/api/payouts/failures). */
const FAILURES: Readonly<Record<string, string>> = {
  account_closed: 'The bank account is closed.',
  account_frozen: 'The bank account is frozen.',
  bank_account_restricted: 'The bank account cannot take this kind of payment.',
  bank_ownership_changed: 'The bank account has another owner by now.',
  declined: 'The bank declined the payment.',
  incorrect_account_holder_details: 'Name or address of the holder do not fit the bank account.',
  incorrect_account_holder_name: 'The name of the holder does not fit the bank account.',
  incorrect_account_type: 'The bank account is of another kind than was said.',
  invalid_account_number: 'The account number is wrong.',
  invalid_currency: 'The bank account does not take this currency.',
  no_account: 'There is no such bank account.',
};

/** For the seller: why it failed, and that the money is safe. */
export const failureText = (code: string | null): string =>
  `${FAILURES[code ?? ''] ?? 'The bank did not take the payment.'} The money is in your account at Stripe; name a bank account ` +
  'that works there, and it is sent again.';
