/** Why a test card is declined, in the words of Stripe's documentation of testing and of error codes. */
export interface Decline {
  readonly code: string;
  readonly declineCode: string;
  readonly message: string;
  /** What the card's network advises to do. */
  readonly advice: 'try_again_later' | 'do_not_try_again' | 'confirm_card_data';
  readonly networkDeclineCode: string;
}

/** A card of Stripe's test mode. Which one is used decides how the payment goes. */
export interface TestCard {
  readonly brand: 'visa' | 'mastercard' | 'amex';
  readonly funding: 'credit' | 'debit';
  readonly last4: string;
  readonly country: string;
  readonly expiryMonth: number;
  readonly expiryYear: number;
  readonly fingerprint: string;
  readonly cvcCheck: 'pass' | 'fail';
  readonly decline?: Decline;
  /** It can be kept with a customer, and is declined when it is to pay. */
  readonly declinesLater?: true;
  /** The bank asks the buyer to authenticate: the payment stops at `requires_action` first. */
  readonly authentication?: 'required';
  /** The money is available at once instead of after the payout delay. */
  readonly bypassPending?: true;
  /** How its refunds go: they begin as `pending`, or as `succeeded` and fail later. */
  readonly refunds?: 'pending' | 'fail_later';
  /** The buyer's bank disputes what was captured as soon as it was; several share the amount. */
  readonly disputes?: readonly CardDispute[];
  /** The bank reports the payment as fraudulent, which is a warning and moves nothing. */
  readonly fraudWarning?: true;
}

export interface CardDispute {
  readonly reason: 'fraudulent' | 'product_not_received';
  /** An inquiry asks; a formal dispute takes the money at once. */
  readonly inquiry?: true;
}

const DECLINED = 'Your card was declined.';

const decline = (declineCode: string, more: Partial<Decline> = {}): { decline: Decline } => ({
  decline: {
    code: 'card_declined',
    declineCode,
    message: DECLINED,
    advice: 'try_again_later',
    networkDeclineCode: '01',
    ...more,
  },
});

const card = (last4: string, more: Partial<TestCard> = {}): TestCard => ({
  brand: 'visa',
  funding: 'credit',
  last4,
  country: 'US',
  expiryMonth: 11,
  expiryYear: 2034,
  // One card, one fingerprint: it depends on the number only.
  fingerprint: `WpSandbox${last4}Card`,
  cvcCheck: 'pass',
  ...more,
});

/** Source: https://docs.stripe.com/testing */
const CARDS: Readonly<Record<string, TestCard>> = {
  pm_card_visa: card('4242'),
  pm_card_visa_debit: card('5556', { funding: 'debit' }),
  pm_card_mastercard: card('4444', { brand: 'mastercard' }),
  pm_card_mastercard_debit: card('8210', { brand: 'mastercard', funding: 'debit' }),
  pm_card_amex: card('8431', { brand: 'amex' }),
  pm_card_bypassPending: card('0077', { bypassPending: true }),
  pm_card_pendingRefund: card('7726', { refunds: 'pending' }),
  pm_card_refundFail: card('5126', { refunds: 'fail_later' }),
  pm_card_createDispute: card('0259', { disputes: [{ reason: 'fraudulent' }] }),
  pm_card_createDisputeProductNotReceived: card('2685', { disputes: [{ reason: 'product_not_received' }] }),
  pm_card_createDisputeInquiry: card('1976', { disputes: [{ reason: 'fraudulent', inquiry: true }] }),
  pm_card_createMultipleDisputes: card('0404', {
    disputes: [{ reason: 'fraudulent' }, { reason: 'product_not_received' }],
  }),
  pm_card_createIssuerFraudRecord: card('5423', { fraudWarning: true }),
  pm_card_authenticationRequired: card('3184', { authentication: 'required' }),
  pm_card_threeDSecure2Required: card('3220', { authentication: 'required' }),
  pm_card_authenticationRequiredChargeDeclinedInsufficientFunds: card('3178', {
    authentication: 'required',
    ...decline('insufficient_funds', { message: 'Your card has insufficient funds.', networkDeclineCode: '51' }),
  }),
  pm_card_chargeCustomerFail: card('0341', { ...decline('generic_decline'), declinesLater: true }),
  pm_card_visa_chargeDeclined: card('0002', decline('generic_decline')),
  pm_card_visa_chargeDeclinedInsufficientFunds: card(
    '9995',
    decline('insufficient_funds', { message: 'Your card has insufficient funds.', networkDeclineCode: '51' }),
  ),
  pm_card_visa_chargeDeclinedLostCard: card(
    '9987',
    decline('lost_card', { advice: 'do_not_try_again', networkDeclineCode: '41' }),
  ),
  pm_card_visa_chargeDeclinedStolenCard: card(
    '9979',
    decline('stolen_card', { advice: 'do_not_try_again', networkDeclineCode: '43' }),
  ),
  pm_card_visa_chargeDeclinedVelocityLimitExceeded: card(
    '6975',
    decline('card_velocity_exceeded', { networkDeclineCode: '65' }),
  ),
  pm_card_chargeDeclinedExpiredCard: card(
    '0069',
    decline('expired_card', {
      code: 'expired_card',
      message: 'Your card has expired.',
      advice: 'do_not_try_again',
      networkDeclineCode: '54',
    }),
  ),
  pm_card_chargeDeclinedIncorrectCvc: card('0127', {
    cvcCheck: 'fail',
    ...decline('incorrect_cvc', {
      code: 'incorrect_cvc',
      message: "Your card's security code is incorrect.",
      advice: 'confirm_card_data',
      networkDeclineCode: 'N7',
    }),
  }),
  pm_card_chargeDeclinedProcessingError: card(
    '0119',
    decline('processing_error', {
      code: 'processing_error',
      message: 'An error occurred while processing your card. Try again in a little bit.',
      networkDeclineCode: '96',
    }),
  ),
};

/** The test card of a token such as `pm_card_visa`; undefined for any other id. */
export function testCard(token: string): TestCard | undefined {
  return Object.hasOwn(CARDS, token) ? CARDS[token] : undefined;
}

/** All tokens, for the start page and the reference. */
export const TEST_CARD_TOKENS: readonly string[] = Object.keys(CARDS);
