/** What people are told about their account and their onboarding, as data. */
import type { OnboardingState } from '../../contracts/onboarding.ts';
import type { NotificationRule } from './notice-rules.ts';
import { BOTH, type Channel, MAIL } from './rules.ts';

const VERIFICATION: Pick<
  NotificationRule,
  'to' | 'channels' | 'essential' | 'urgent' | 'valid' | 'subject' | 'short' | 'text'
> = {
  to: 'userId',
  channels: MAIL,
  essential: true,
  urgent: true,
  valid: { emailUnproven: true },
  subject: 'Confirm your e-mail address',
  short: 'Open the link in the mail.',
  text: [
    'Please confirm that this is your e-mail address by opening this link. It is good for 24 hours.',
    '{link}',
    'If you have not made an account with us, you need not do anything.',
  ],
};

export const ACCOUNT: readonly NotificationRule[] = [
  { name: 'user.signed_up', on: 'user.signed_up', ...VERIFICATION },
  { name: 'user.verification_requested', on: 'user.verification_requested', ...VERIFICATION },
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

export const ONBOARDING: readonly NotificationRule[] = [
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

export const PAYOUT: readonly NotificationRule[] = [
  {
    name: 'payout.failed',
    on: 'payout.failed',
    to: 'userId',
    channels: BOTH,
    essential: true,
    valid: {},
    subject: 'Your bank did not take a payout',
    short: 'Please check your bank account with our payment provider.',
    text: [
      'Your bank did not take a payout. The money is safe in your account at Stripe, our payment provider.',
      'Please name a bank account that works there: it is sent with the next payout then. Your payouts say what went wrong.',
      '{link}',
    ],
  },
];
