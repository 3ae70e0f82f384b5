import type { LinkTokens } from '../../platform/tokens-link.ts';
import type { PublishedEvent } from '../../providers/event-bus.ts';
import { type Account, verificationToken } from '../../services/users/index.ts';

/** What a mail is written from. */
export interface MailContext {
  readonly event: PublishedEvent;
  readonly recipient: Account;
  /** Where the API is reached, without a trailing slash. */
  readonly publicUrl: string;
  readonly links: LinkTokens;
}

/** A mail that is sent when something has happened. */
export interface MailRule {
  /** The type of the event. */
  readonly on: string;
  /** The member of the event's data that holds the recipient's user id. */
  readonly to: 'userId' | 'buyerId' | 'sellerId';
  /** Shown on locked screens: never names a listing or its category. */
  readonly subject: string;
  /** The paragraphs between greeting and signature; undefined when there is nothing left to say. */
  readonly text: (context: MailContext) => readonly string[] | undefined;
}

/** Every mail there is. A new one is a new row. */
export const MAILS: readonly MailRule[] = [
  { on: 'user.signed_up', to: 'userId', subject: 'Confirm your e-mail address', text: verification },
  { on: 'user.verification_requested', to: 'userId', subject: 'Confirm your e-mail address', text: verification },
  {
    on: 'purchase.authorised',
    to: 'sellerId',
    subject: 'You have a new order',
    text: (context) => [
      'Somebody wants to buy from you, and their payment is authorised.',
      'Please accept or decline the order soon. If you do neither, it is declined and nobody is charged.',
      purchaseLink(context),
    ],
  },
  {
    on: 'purchase.delivered',
    to: 'buyerId',
    subject: 'Your order has been delivered',
    text: (context) => [
      'The seller says that your order has been delivered.',
      'Please look at what you got and confirm. If you say nothing, the held payment goes to the seller when the time for inspection is over.',
      purchaseLink(context),
    ],
  },
  {
    on: 'purchase.released',
    to: 'sellerId',
    subject: 'A payment has been released to you',
    text: (context) => ['The held payment for one of your orders has been released to you.', purchaseLink(context)],
  },
];

function verification({ event, recipient, publicUrl, links }: MailContext): readonly string[] | undefined {
  if (recipient.emailVerified) return undefined;
  const token = verificationToken(links, recipient, event.occurredAt);
  return [
    'Please confirm that this is your e-mail address by opening this link. It is good for 24 hours.',
    `${publicUrl}/v1/users/verify-email?token=${encodeURIComponent(token)}`,
    'If you have not made an account with us, you need not do anything.',
  ];
}

function purchaseLink({ event, publicUrl }: MailContext): string {
  const { purchaseId } = event.data;
  if (typeof purchaseId !== 'string') throw new TypeError(`${event.type} ${event.id} names no purchase`);
  return `${publicUrl}/v1/purchases/${purchaseId}`;
}
