/**
 * Everything people are told, as data: when, whom, over which channels, in which words, and when it is too late for it.
 * Subjects and pushes show on locked screens: they never name what was bought, its category or the other person.
 */
import type { OnboardingState } from '../../contracts/onboarding.ts';
import type { PurchaseState, TransferStatus } from '../../contracts/purchase.ts';
import type { Channel } from './rules.ts';

/** What a notification has to be true of when it goes out, which may be hours after its event; otherwise it is stale. */
export interface Validity {
  /** The purchase is in one of these states. */
  readonly purchase?: readonly PurchaseState[];
  readonly transfer?: TransferStatus;
  readonly onboarding?: OnboardingState;
  /** The address still has to be proven. */
  readonly emailUnproven?: true;
  /** What it reminds of is still to come; and a booking still begins when the event says. */
  readonly ahead?: 'deadline' | 'booking';
}

export interface NotificationRule {
  /** Unique; names it in logs, metrics and in what an app is sent. */
  readonly name: string;
  /** The type of the event. */
  readonly on: string;
  /** Of `purchase.reminder`: which one. */
  readonly reminder?: string;
  /** The member of the event's data that holds the recipient's user id. */
  readonly to: 'userId' | 'buyerId' | 'sellerId';
  readonly channels: readonly Channel[];
  /** Sent whatever the person's preferences say: without it they lose money or their account. */
  readonly essential?: true;
  readonly valid: Validity;
  /** The subject of the mail and the title of the push. */
  readonly subject: string;
  /** The push in a sentence. `{when}`: as in `text`. */
  readonly short: string;
  /**
   * The paragraphs of the mail between greeting and signature. `{when}`: the time the event speaks of, in the person's own
   * zone; `{link}`: where it goes on.
   */
  readonly text: readonly string[];
}

const BOTH: readonly Channel[] = ['email', 'push'];
const MAIL: readonly Channel[] = ['email'];

const VERIFICATION: Pick<NotificationRule, 'to' | 'channels' | 'essential' | 'valid' | 'subject' | 'short' | 'text'> = {
  to: 'userId',
  channels: MAIL,
  essential: true,
  valid: { emailUnproven: true },
  subject: 'Confirm your e-mail address',
  short: 'Open the link in the mail.',
  text: [
    'Please confirm that this is your e-mail address by opening this link. It is good for 24 hours.',
    '{link}',
    'If you have not made an account with us, you need not do anything.',
  ],
};

const ACCOUNT: readonly NotificationRule[] = [
  { name: 'user.signed_up', on: 'user.signed_up', ...VERIFICATION },
  { name: 'user.verification_requested', on: 'user.verification_requested', ...VERIFICATION },
];

const PURCHASE: readonly NotificationRule[] = [
  {
    name: 'purchase.authorised.seller',
    on: 'purchase.authorised',
    to: 'sellerId',
    channels: BOTH,
    valid: { purchase: ['authorised'] },
    subject: 'You have a new order',
    short: 'Please accept or decline it soon.',
    text: [
      'Somebody wants to buy from you, and their payment is authorised.',
      'Please accept or decline the order soon. If you do neither, it is declined and nobody is charged.',
      '{link}',
    ],
  },
  {
    name: 'purchase.authorised.buyer',
    on: 'purchase.authorised',
    to: 'buyerId',
    channels: MAIL,
    valid: { purchase: ['authorised'] },
    subject: 'Your order is with the seller',
    short: 'We tell you as soon as the seller has answered.',
    text: [
      'Your payment is authorised, and the seller has been asked to accept your order.',
      'You are charged only when the seller accepts. We tell you either way.',
      '{link}',
    ],
  },
  {
    name: 'purchase.held.buyer',
    on: 'purchase.held',
    to: 'buyerId',
    channels: BOTH,
    valid: { purchase: ['held'] },
    subject: 'Your order was accepted',
    short: 'Your payment is held until you have what you paid for.',
    text: [
      'The seller has accepted your order. Your payment is held, and goes to the seller only when you have what you paid for.',
      '{link}',
    ],
  },
  {
    name: 'purchase.declined.buyer',
    on: 'purchase.declined',
    to: 'buyerId',
    channels: BOTH,
    valid: {},
    subject: 'Your order was not accepted',
    short: 'You are not charged.',
    text: [
      'The seller has not accepted your order. You are not charged: what was reserved on your card is given back to it, which can take your bank a few days to show.',
      '{link}',
    ],
  },
  {
    name: 'purchase.declined.seller',
    on: 'purchase.declined',
    to: 'sellerId',
    channels: MAIL,
    valid: {},
    subject: 'An order was declined',
    short: 'Nobody is charged.',
    text: [
      'One of your orders was declined, by you or because the time to accept it was over. Nobody is charged.',
      '{link}',
    ],
  },
  {
    name: 'purchase.expired.buyer',
    on: 'purchase.expired',
    to: 'buyerId',
    channels: MAIL,
    valid: {},
    subject: 'Your order has expired',
    short: 'It was not paid in time. You are not charged.',
    text: [
      'Your order was not paid in time and has expired. You are not charged. You are welcome to order again.',
      '{link}',
    ],
  },
  {
    name: 'purchase.cancelled.buyer',
    on: 'purchase.cancelled',
    to: 'buyerId',
    channels: BOTH,
    valid: {},
    subject: 'Your order was cancelled',
    short: 'What you paid comes back to your card.',
    text: [
      'Your order was cancelled. If you had paid already, all of it comes back to your card, which can take your bank five to ten days to show. If you had not, you are not charged.',
      '{link}',
    ],
  },
  {
    name: 'purchase.cancelled.seller',
    on: 'purchase.cancelled',
    to: 'sellerId',
    channels: BOTH,
    valid: {},
    subject: 'An order was cancelled',
    short: 'The buyer gets their money back. There is nothing left for you to do.',
    text: [
      'One of your orders was cancelled, and the buyer gets their money back. Please do not deliver it.',
      '{link}',
    ],
  },
  {
    name: 'purchase.delivered.buyer',
    on: 'purchase.delivered',
    to: 'buyerId',
    channels: BOTH,
    valid: { purchase: ['delivered'] },
    subject: 'Is everything as it should be?',
    short: 'Please look at what you got and confirm it.',
    text: [
      'Your order counts as delivered.',
      'Please look at what you got and confirm. If you say nothing, the held payment goes to the seller when the time for inspection is over.',
      '{link}',
    ],
  },
  {
    name: 'purchase.released.seller',
    on: 'purchase.released',
    to: 'sellerId',
    channels: BOTH,
    valid: { purchase: ['released', 'completed'] },
    subject: 'A payment has been released to you',
    short: 'The held payment for one of your orders is yours.',
    text: ['The held payment for one of your orders has been released to you.', '{link}'],
  },
  {
    name: 'purchase.refunded.buyer',
    on: 'purchase.refunded',
    to: 'buyerId',
    channels: BOTH,
    valid: {},
    subject: 'Your order was refunded',
    short: 'What you paid comes back to your card.',
    text: ['You get back what you paid. It can take your bank five to ten days to show.', '{link}'],
  },
  {
    name: 'purchase.refunded.seller',
    on: 'purchase.refunded',
    to: 'sellerId',
    channels: MAIL,
    valid: {},
    subject: 'An order was refunded',
    short: 'The buyer got their money back.',
    text: ['One of your orders was refunded in full: the buyer gets their money back.', '{link}'],
  },
  {
    name: 'purchase.transfer_blocked.seller',
    on: 'purchase.transfer_blocked',
    to: 'sellerId',
    channels: BOTH,
    essential: true,
    valid: { transfer: 'blocked' },
    subject: 'We could not pay you',
    short: 'Please look at your payout account.',
    text: [
      'A payment was released to you, but your payout account does not take it at the moment. The money is kept for you.',
      'Please open your onboarding and give what is still needed. We send the money as soon as your account takes it.',
      '{link}',
    ],
  },
];

const REMINDERS: readonly NotificationRule[] = [
  {
    name: 'purchase.accept_deadline.seller',
    on: 'purchase.reminder',
    reminder: 'accept_deadline',
    to: 'sellerId',
    channels: BOTH,
    valid: { purchase: ['authorised'], ahead: 'deadline' },
    subject: 'An order still waits for you',
    short: 'Accept or decline it by {when}.',
    text: [
      'An order waits for your answer. If you do not accept it by {when}, it is declined and nobody is charged.',
      '{link}',
    ],
  },
  {
    name: 'purchase.inspection_ending.buyer',
    on: 'purchase.reminder',
    reminder: 'inspection_ending',
    to: 'buyerId',
    channels: BOTH,
    valid: { purchase: ['delivered'], ahead: 'deadline' },
    subject: 'Is everything as it should be?',
    short: 'You can object until {when}.',
    text: [
      'You have until {when} to look at what you got. If you say nothing by then, the held payment goes to the seller.',
      '{link}',
    ],
  },
  ...(['buyerId', 'sellerId'] as const).flatMap((to): NotificationRule[] => [
    {
      name: `purchase.booking_tomorrow.${to === 'buyerId' ? 'buyer' : 'seller'}`,
      on: 'purchase.reminder',
      reminder: 'booking_tomorrow',
      to,
      channels: BOTH,
      valid: { purchase: ['held'], ahead: 'booking' },
      subject: 'You have a booking coming up',
      short: 'It begins on {when}.',
      text: ['A reminder of your booking: it begins on {when}.', '{link}'],
    },
    {
      name: `purchase.booking_soon.${to === 'buyerId' ? 'buyer' : 'seller'}`,
      on: 'purchase.reminder',
      reminder: 'booking_soon',
      to,
      channels: BOTH,
      valid: { purchase: ['held'], ahead: 'booking' },
      subject: 'Your booking begins soon',
      short: 'It begins on {when}.',
      text: ['Your booking begins soon: on {when}.', '{link}'],
    },
  ]),
];

/** A step of the onboarding that its seller is told of: nothing in it says more than that there is something to see. */
const step = (
  state: OnboardingState,
  channels: readonly Channel[],
  subject: string,
  short: string,
  ...text: readonly string[]
): NotificationRule => ({
  name: `onboarding.${state}`,
  on: `onboarding.${state}`,
  to: 'userId',
  channels,
  valid: { onboarding: state },
  subject,
  short,
  text: [...text, '{link}'],
});

const ONBOARDING: readonly NotificationRule[] = [
  step(
    'in_review',
    MAIL,
    'We are looking at your identity check',
    'A person is looking at it.',
    'A person is looking at your identity check. You need not do anything; we tell you how it ends.',
  ),
  step(
    'payout_account',
    BOTH,
    'One step to go before you can sell',
    'Tell us where your money should go.',
    'Your identity is confirmed. Please tell our payment provider where your money should go: the link is in your onboarding.',
  ),
  step(
    'verified',
    BOTH,
    'You can sell now',
    'You can publish your listings.',
    'You are verified: you can publish your listings.',
  ),
  {
    ...step(
      'restricted',
      BOTH,
      'Selling is paused',
      'Please look at your onboarding.',
      'Your listings cannot be bought for the time being. Orders that you have already go on as they are.',
      'Your onboarding says what is needed.',
    ),
    essential: true,
  },
  step(
    'rejected',
    MAIL,
    'Your identity check was not passed',
    'Please look at your onboarding.',
    'Your identity could not be confirmed, so you cannot sell for now. Your onboarding says what you can do.',
  ),
  step(
    'abandoned',
    MAIL,
    'Your identity check has run out',
    'You can begin it again.',
    'The identity check was not taken in time. You can begin it again whenever you like.',
  ),
];

/** Every notification there is. A new one is a new row. */
export const NOTIFICATIONS: readonly NotificationRule[] = [...ACCOUNT, ...PURCHASE, ...REMINDERS, ...ONBOARDING];

/** How things stand when a notification is about to go out; times in milliseconds since 1970. */
export interface Standing {
  readonly nowMs: number;
  readonly emailVerified: boolean;
  readonly purchase?: {
    readonly state: PurchaseState;
    readonly transfer: TransferStatus;
    readonly startsAtMs: number | undefined;
  };
  readonly onboarding?: OnboardingState;
  /** What the event said it reminds of. */
  readonly occasionMs?: number;
}

/** Whether there is still something to say. */
export function isValid({ valid }: Pick<NotificationRule, 'valid'>, standing: Standing): boolean {
  const { purchase, onboarding, occasionMs } = standing;
  if (valid.emailUnproven === true && standing.emailVerified) return false;
  if (valid.purchase !== undefined && (purchase === undefined || !valid.purchase.includes(purchase.state)))
    return false;
  if (valid.transfer !== undefined && purchase?.transfer !== valid.transfer) return false;
  if (valid.onboarding !== undefined && onboarding !== valid.onboarding) return false;
  if (valid.ahead === undefined) return true;
  if (occasionMs === undefined || occasionMs <= standing.nowMs) return false;
  return valid.ahead === 'deadline' || purchase?.startsAtMs === occasionMs;
}
