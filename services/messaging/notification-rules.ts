/**
 * Everything people are told, as data: when, whom, over which channels, in which words, and when it is too late for it.
 * Subjects and pushes show on locked screens: they never name what was bought, its category or the other person.
 */
import { ACCOUNT, ONBOARDING, PAYOUT } from './account-notice-rules.ts';
import { CHARGEBACKS } from './chargeback-notice-rules.ts';
import { DISPUTE } from './dispute-notice-rules.ts';
import type { NotificationRule } from './notice-rules.ts';
import { PURCHASE } from './purchase-notice-rules.ts';
import { MOVES, REMINDERS } from './reminder-notice-rules.ts';

/** Every notification there is. A new one is a new row. */
export const NOTIFICATIONS: readonly NotificationRule[] = [
  ...ACCOUNT,
  ...PURCHASE,
  ...DISPUTE,
  ...CHARGEBACKS,
  ...REMINDERS,
  ...MOVES,
  ...ONBOARDING,
  ...PAYOUT,
];

/** What happened, as far as it decides what is told. */
interface Happening {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The notifications that an event calls for. */
export const notificationsOf = ({ type, data }: Happening): readonly NotificationRule[] =>
  NOTIFICATIONS.filter(
    ({ on, reminder, chargeback }) =>
      on === type &&
      (reminder === undefined || reminder === data['reminder']) &&
      (chargeback === undefined || chargeback === data['chargeback']),
  );

/** The member that says which party did it. */
const WHO_DID = ['proposedBy', 'offeredBy', 'claimedBy'] as const;

/** Of a notification that goes to one person. @throws TypeError when the event does not name them */
export function recipientOf(
  { to }: { readonly to: Exclude<NotificationRule['to'], 'finance'> },
  event: Happening,
): string {
  if (to !== 'otherParty') return textIn(event, to);
  const by = WHO_DID.find((member) => event.data[member] !== undefined) ?? 'proposedBy';
  return textIn(event, textIn(event, by) === 'buyer' ? 'sellerId' : 'buyerId');
}

/** @throws TypeError when the member is missing, which is a mistake of whoever wrote the event */
export function textIn({ type, data }: Happening, member: string): string {
  const value = data[member];
  if (typeof value !== 'string') throw new TypeError(`${type} has no ${member}`);
  return value;
}
