import type { PurchaseId, UserId } from '../../contracts/ids.ts';
import type { Queryable } from '../../platform/database.ts';
import { uuidOf } from '../../platform/ids.ts';
import type { LinkTokens } from '../../platform/tokens-link.ts';
import { findPurchase } from '../transactions/index.ts';
import { type Account, findOnboarding, getAccount, verificationToken } from '../users/index.ts';
import { preferencesOf } from './index.ts';
import { isValid, NOTIFICATIONS, type NotificationRule } from './notification-rules.ts';
import { type Notification, putNotifications } from './notification-store.ts';
import { localTimeText } from './time-zone-rules.ts';

/** Something that happened. */
export interface Tellable {
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly occurredAt: Date;
}

/** Writes down what people have to be told of an event: once for each of them and each channel, however often it comes. */
export async function queueNotifications(db: Queryable, event: Tellable): Promise<void> {
  const rules = NOTIFICATIONS.filter(
    ({ on, reminder }) => on === event.type && (reminder === undefined || reminder === event.data['reminder']),
  );
  await putNotifications(
    db,
    rules.flatMap((rule) =>
      rule.channels.map((channel) => ({
        occasion: occasionOf(rule, event),
        recipientId: textOf(event, rule.to) as UserId,
        channel,
        name: rule.name,
        data: event.data,
        occurredAt: event.occurredAt,
      })),
    ),
  );
}

/** A reminder that is asked for twice is one reminder: of this purchase, of this moment. Any other event stands for itself. */
function occasionOf(rule: NotificationRule, event: Tellable): string {
  if (rule.reminder === undefined) return event.id;
  return `rem_${uuidOf(`${textOf(event, 'purchaseId')}/${rule.reminder}/${textOf(event, momentOf(rule))}`).replaceAll('-', '')}`;
}

/** The member of a reminder's data that says what it reminds of. */
const momentOf = ({ valid }: NotificationRule): 'startsAt' | 'dueAt' =>
  valid.ahead === 'booking' ? 'startsAt' : 'dueAt';

function textOf({ type, data }: Pick<Tellable, 'type' | 'data'>, member: string): string {
  const value = data[member];
  if (typeof value !== 'string') throw new TypeError(`${type} has no ${member}`);
  return value;
}

/** What links are made of. */
export interface MessagingLinks {
  /** Where the API is reached, without a trailing slash. */
  readonly publicUrl: string;
  readonly links: LinkTokens;
}

/** A message in its words. */
export interface Message {
  readonly recipient: Account;
  readonly subject: string;
  /** One sentence. */
  readonly short: string;
  /** The paragraphs between greeting and signature. */
  readonly paragraphs: readonly string[];
}

/**
 * A message as it has to read now.
 * @returns `stale` when there is nothing left to say, `unwanted` when the person does not want it this way
 */
export async function messageOf(
  db: Queryable,
  { publicUrl, links }: MessagingLinks,
  notification: Notification,
  now: Date,
): Promise<Message | 'stale' | 'unwanted'> {
  const rule = NOTIFICATIONS.find(({ name }) => name === notification.name);
  const recipient = await getAccount(db, notification.recipientId);
  if (rule === undefined || recipient === undefined) return 'stale';
  const preferences = await preferencesOf(db, recipient.id);
  if (rule.essential !== true && !preferences[notification.channel]) return 'unwanted';

  const subject = await subjectOf(db, rule, notification);
  const occasion = rule.valid.ahead && new Date(textOf({ type: rule.on, data: notification.data }, momentOf(rule)));
  const valid = isValid(rule, {
    nowMs: now.getTime(),
    emailVerified: recipient.emailVerified,
    ...subject.standing,
    ...(occasion !== undefined && { occasionMs: occasion.getTime() }),
  });
  if (!valid) return 'stale';
  const places = {
    '{link}': publicUrl + (subject.path ?? verificationPath(links, recipient, notification)),
    '{when}': occasion === undefined ? '' : localTimeText(occasion, preferences.timeZone),
  };
  return {
    recipient,
    subject: rule.subject,
    short: filled(rule.short, places),
    paragraphs: rule.text.map((paragraph) => filled(paragraph, places)),
  };
}

const filled = (template: string, places: { '{link}': string; '{when}': string }): string =>
  template.replace(/\{(?:link|when)\}/g, (place) => places[place as keyof typeof places]);

const verificationPath = (links: LinkTokens, recipient: Account, { occurredAt }: Notification): string =>
  `/v1/users/verify-email?token=${encodeURIComponent(verificationToken(links, recipient, occurredAt))}`;

/** What a notification is about: how it stands now, and where it is looked at. */
async function subjectOf(db: Queryable, rule: NotificationRule, { recipientId, data }: Notification) {
  if (rule.on.startsWith('purchase.')) {
    const id = textOf({ type: rule.on, data }, 'purchaseId') as PurchaseId;
    const purchase = await findPurchase(db, id);
    const standing = purchase && {
      purchase: {
        state: purchase.state,
        transfer: purchase.transfer.status,
        startsAtMs: purchase.slot?.startsAt.getTime(),
      },
    };
    return { standing, path: `/v1/purchases/${id}` };
  }
  if (rule.on.startsWith('onboarding.')) {
    const onboarding = await findOnboarding(db, 'userId', recipientId);
    return {
      standing: onboarding && { onboarding: onboarding.state },
      path: `/v1/onboardings/${onboarding?.id ?? ''}`,
    };
  }
  return { standing: undefined, path: undefined };
}
