/**
 * What a seller is told of what the buyer's bank does, as data. The buyer hears from their bank: to say more than it says, or
 * something else, would help nobody.
 */
import type { Chargeback } from '../../contracts/purchase.ts';
import type { NotificationRule } from './notice-rules.ts';
import { BOTH, MAIL } from './rules.ts';

const told = (
  chargeback: Exclude<Chargeback, 'none'>,
  subject: string,
  short: string,
  ...text: readonly string[]
): NotificationRule => ({
  name: `purchase.chargeback_${chargeback}.seller`,
  on: 'purchase.chargeback_changed',
  chargeback,
  to: 'sellerId',
  channels: BOTH,
  essential: true,
  valid: { chargeback },
  subject,
  short,
  text: [...text, '{link}'],
});

export const CHARGEBACKS: readonly NotificationRule[] = [
  told(
    'inquiry',
    'A bank asks about one of your orders',
    'Nothing is released until it has its answer.',
    "The buyer's bank asks about the payment of one of your orders. We answer it; until then the payment is not released.",
    'If you want to spare yourself a chargeback, you can refund the order in full.',
  ),
  told(
    'open',
    'A payment of yours was taken back',
    'We answer the bank; it decides.',
    "The buyer's bank has taken back the payment of one of your orders. We tell it what was agreed and that it was delivered, and it decides.",
    'Until then nothing of this order is released or refunded. If you have proof of the delivery that we do not have, please tell our support.',
  ),
  told(
    'won',
    'A chargeback was decided for you',
    'Your order goes on.',
    "The buyer's bank has decided for you and gave the payment back. The order goes on where it was.",
  ),
  told(
    'lost',
    'A chargeback was decided against you',
    'The payment stays with the buyer.',
    "The buyer's bank has decided against you: what it took back stays with the buyer. If it was paid to you before, it is taken back from your payout account, or from what you sell next.",
  ),
  told(
    'prevented',
    'A payment of yours was given back',
    'The payment is with the buyer.',
    "The buyer's bank has given the payment of one of your orders back before it came to a chargeback. If it was paid to you before, it is taken back from your payout account, or from what you sell next.",
  ),

  {
    name: 'purchase.chargeback_evidence.finance',
    on: 'purchase.reminder',
    reminder: 'chargeback_evidence',
    to: 'finance',
    channels: MAIL,
    essential: true,
    urgent: true,
    valid: { ahead: 'evidence' },
    subject: 'Evidence about a chargeback is due',
    short: 'It is submitted by itself at {when}.',
    text: [
      'The evidence about a chargeback is submitted by itself at {when}, and the bank takes it once. Until then you can look at it, add a statement and submit it, or give the chargeback up.',
      '{link}',
    ],
  },
  {
    name: 'purchase.chargeback_evidence.seller',
    on: 'purchase.reminder',
    reminder: 'chargeback_evidence',
    to: 'sellerId',
    channels: BOTH,
    essential: true,
    valid: { ahead: 'evidence' },
    subject: 'We are about to answer a bank for you',
    short: 'What shows your side can be added until {when}.',
    text: [
      "At {when} we tell the buyer's bank what was agreed about one of your orders and that it was delivered. The bank listens once: if you have proof that we do not have, please tell our support before then.",
      '{link}',
    ],
  },
];
