/** What the parties of a dispute are told, as data. What anybody wrote in it is read there alone. */
import type { NotificationRule } from './notice-rules.ts';
import { BOTH } from './rules.ts';

const toBoth = (
  rule: Omit<NotificationRule, 'name' | 'to' | 'channels'>,
): readonly [NotificationRule, NotificationRule] => [
  { ...rule, name: `${rule.on}.buyer`, to: 'buyerId', channels: BOTH },
  { ...rule, name: `${rule.on}.seller`, to: 'sellerId', channels: BOTH },
];

export const DISPUTE: readonly NotificationRule[] = [
  {
    name: 'dispute.opened.other',
    on: 'dispute.opened',
    to: 'otherParty',
    channels: BOTH,
    essential: true,
    valid: { dispute: ['opened'], ahead: 'dispute' },
    subject: 'An order of yours is disputed',
    short: 'Please answer by {when}.',
    text: [
      'The other party of one of your orders disputes it. The money stays where it is until that is decided.',
      'Please look at what they say, hand in what shows your side, and answer by {when}: accept it, deny it, or make an offer. If you say nothing by then, what they ask for is given to them.',
      '{link}',
    ],
  },
  {
    name: 'dispute.offered.other',
    on: 'dispute.offered',
    to: 'otherParty',
    channels: BOTH,
    valid: { dispute: ['negotiating', 'mediating'] },
    subject: 'There is an offer in your dispute',
    short: 'Accept it, or make one of your own.',
    text: [
      'The other party has made an offer. If you accept it, the dispute is over and the offer is carried out; you can also make one of your own.',
      '{link}',
    ],
  },
  ...toBoth({
    on: 'dispute.mediating',
    valid: { dispute: ['mediating'], ahead: 'dispute' },
    subject: 'A mediator looks at your dispute',
    short: 'Hand in what shows your side before there is a ruling.',
    text: [
      'A mediator of ours looks at your dispute. They can rule at any time from now on, at the latest by {when}: please hand in soon what shows your side.',
      'Until there is a ruling you can still agree with the other party.',
      '{link}',
    ],
  }),
  ...toBoth({
    on: 'dispute.ruled',
    essential: true,
    valid: { dispute: ['ruled'], ahead: 'dispute' },
    subject: 'There is a ruling in your dispute',
    short: 'You can appeal it until {when}.',
    text: [
      'There is a ruling in your dispute. It is carried out at {when}, unless one of you appeals it by then, or at once if both of you say that you will not.',
      '{link}',
    ],
  }),
  ...toBoth({
    on: 'dispute.appealed',
    valid: { dispute: ['appealed'], ahead: 'dispute' },
    subject: 'The ruling in your dispute was appealed',
    short: 'Another mediator looks at it. Files can be handed in again.',
    text: [
      'The ruling in your dispute was appealed. Another mediator looks at it and rules finally, by {when}. Until then files can be handed in again.',
      '{link}',
    ],
  }),
  ...toBoth({
    on: 'dispute.closed',
    essential: true,
    valid: {},
    subject: 'Your dispute is decided',
    short: 'What was decided has been carried out.',
    text: [
      'Your dispute is decided, and that has been carried out. Money that goes back to a card can take the bank five to ten days to show.',
      '{link}',
    ],
  }),
];
