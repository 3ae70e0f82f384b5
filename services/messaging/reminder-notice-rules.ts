/** What the parties of a purchase are reminded of, and told of a booking that moves, as data. */
import type { NotificationRule } from './notice-rules.ts';
import { BOTH } from './rules.ts';

export const REMINDERS: readonly NotificationRule[] = [
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

/** What becomes of a booking that is asked to be moved. */
export const MOVES: readonly NotificationRule[] = [
  {
    name: 'purchase.reschedule_proposed',
    on: 'purchase.reschedule_proposed',
    to: 'otherParty',
    channels: BOTH,
    valid: { purchase: ['held'], ahead: 'proposal' },
    subject: 'Another time is proposed for your booking',
    short: 'It would begin on {when}.',
    text: [
      'You are asked to move your booking: it would begin on {when}. As long as you have not accepted, it stays as it is.',
      '{link}',
    ],
  },
  ...(['buyerId', 'sellerId'] as const).map(
    (to): NotificationRule => ({
      name: `purchase.rescheduled.${to === 'buyerId' ? 'buyer' : 'seller'}`,
      on: 'purchase.rescheduled',
      to,
      channels: BOTH,
      valid: { purchase: ['held'], ahead: 'booking' },
      subject: 'Your booking was moved',
      short: 'It now begins on {when}.',
      text: ['Your booking was moved: it now begins on {when}.', '{link}'],
    }),
  ),
];
