import type { DisputeId, PurchaseId, UserId } from '../../contracts/ids.ts';
import type { Queryable } from '../../platform/database.ts';
import { uuidOf } from '../../platform/ids.ts';
import type { LinkTokens } from '../../platform/tokens-link.ts';
import { findDispute } from '../disputes/index.ts';
import { findPurchase, type Purchase, wasSplit } from '../transactions/index.ts';
import { type Account, findOnboarding, getAccount, staffWith, verificationToken } from '../users/index.ts';
import { isValid, type NotificationRule, type PurchaseStanding, type Standing } from './notice-rules.ts';
import { NOTIFICATIONS, notificationsOf, recipientOf, textIn } from './notification-rules.ts';
import { type Notification, putNotifications } from './notification-store.ts';
import { type Preferences, preferencesOf } from './preferences.ts';
import { earliestMs } from './quiet-hours-rules.ts';
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
  const rows = await Promise.all(
    notificationsOf(event).map(async (rule) => {
      const recipients = await recipientsOf(db, rule, event);
      return recipients.flatMap((recipientId) =>
        rule.channels.map((channel) => ({
          occasion: occasionOf(rule, event),
          recipientId,
          channel,
          name: rule.name,
          data: event.data,
          occurredAt: event.occurredAt,
        })),
      );
    }),
  );
  await putNotifications(db, rows.flat());
}

async function recipientsOf(db: Queryable, { to }: NotificationRule, event: Tellable): Promise<readonly UserId[]> {
  return to === 'finance' ? staffWith(db, 'finance') : [recipientOf({ to }, event) as UserId];
}

/**
 * A reminder that is asked for twice is one reminder: of this purchase, of this moment. Any other event stands for itself;
 * what it is told as when a part of the money went back is an occasion beside that, of which one turns out to be stale.
 */
function occasionOf(rule: NotificationRule, event: Tellable): string {
  if (rule.valid.partRefunded === true) return `ntf_${uuidOf(`${event.id}/${rule.name}`).replaceAll('-', '')}`;
  if (rule.reminder === undefined) return event.id;
  const name = `${textIn(event, 'purchaseId')}/${rule.reminder}/${textIn(event, 'dueAt')}`;
  return `rem_${uuidOf(name).replaceAll('-', '')}`;
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
  /** When it is too late for it; undefined when it never is. */
  readonly tooLateAt: Date | undefined;
}

/**
 * A message as it has to read now, by how things stand now.
 * @returns `stale` when there is nothing left to say, `unwanted` when the person does not want it this way; a date when
 *   they want to be left alone until then
 */
export async function messageOf(
  db: Queryable,
  links: MessagingLinks,
  notification: Notification,
  now: Date,
): Promise<Message | 'stale' | 'unwanted' | Date> {
  const rule = NOTIFICATIONS.find(({ name }) => name === notification.name);
  const recipient = await getAccount(db, notification.recipientId);
  if (rule === undefined || recipient === undefined) return 'stale';
  const preferences = await preferencesOf(db, recipient.id);
  if (rule.essential !== true && !preferences.wishes[notification.channel]) return 'unwanted';
  const subject = await subjectOf(db, rule, notification);
  const standing = { nowMs: now.getTime(), emailVerified: recipient.emailVerified, ...subject };
  if (!isValid(rule, standing)) return 'stale';
  const quiet = quietUntil(rule, preferences, standing);
  if (quiet !== undefined) return quiet;
  return worded(rule, recipient, preferences, subject.occasionMs, {
    link: links.publicUrl + (subject.path ?? verificationPath(links.links, recipient, notification)),
  });
}

/** Until when the person wants to be left alone with this. */
function quietUntil(
  { urgent }: NotificationRule,
  { timeZone, wishes: { quietHours } }: Preferences,
  { nowMs, occasionMs }: Standing,
): Date | undefined {
  if (urgent === true) return undefined;
  const atMs = earliestMs({
    nowMs,
    timeZone,
    quietHours,
    ...(occasionMs !== undefined && { tooLateMs: occasionMs }),
  });
  return atMs > nowMs ? new Date(atMs) : undefined;
}

function worded(
  rule: NotificationRule,
  recipient: Account,
  { timeZone }: Preferences,
  occasionMs: number | undefined,
  { link }: { readonly link: string },
): Message {
  const tooLateAt = occasionMs === undefined ? undefined : new Date(occasionMs);
  const when = tooLateAt === undefined ? '' : localTimeText(tooLateAt, timeZone);
  const filled = (template: string): string => template.replaceAll('{link}', link).replaceAll('{when}', when);
  return { recipient, subject: rule.subject, short: filled(rule.short), paragraphs: rule.text.map(filled), tooLateAt };
}

const verificationPath = (links: LinkTokens, recipient: Account, { occurredAt }: Notification): string =>
  `/v1/users/verify-email?token=${encodeURIComponent(verificationToken(links, recipient, occurredAt))}`;

/** What a notification is about: how it stands now, and where it is looked at. */
interface Subject extends Pick<Standing, 'purchase' | 'onboarding' | 'dispute' | 'occasionMs'> {
  readonly path?: string;
}

async function subjectOf(db: Queryable, rule: NotificationRule, of: Notification): Promise<Subject> {
  if (rule.on.startsWith('dispute.')) {
    const found = await findDispute(db, textIn({ type: rule.on, data: of.data }, 'disputeId') as DisputeId);
    if (found === undefined) return {};
    const { id, state, decision, deadlineAt } = found;
    const path = `/v1/disputes/${id}`;
    if (decision !== null) return { path };
    const deadlineMs = deadlineAt?.getTime();
    const told = rule.valid.ahead === undefined || deadlineMs === undefined ? {} : { occasionMs: deadlineMs };
    return { path, dispute: { state, deadlineMs }, ...told };
  }
  if (rule.on.startsWith('purchase.')) {
    const id = textIn({ type: rule.on, data: of.data }, 'purchaseId') as PurchaseId;
    const found = await findPurchase(db, id);
    const partRefunded = rule.valid.partRefunded !== undefined && (await wasSplit(db, id));
    const purchase = found && { ...standingOf(found), partRefunded };
    const occasionMs = occasionMsOf(rule, of, purchase);
    return {
      path: rule.to === 'finance' ? `/console/purchases/${id}` : `/v1/purchases/${id}`,
      ...(purchase !== undefined && { purchase }),
      ...(occasionMs !== undefined && { occasionMs }),
    };
  }
  if (rule.on.startsWith('onboarding.')) {
    const found = await findOnboarding(db, 'userId', of.recipientId);
    return found === undefined ? {} : { onboarding: found.state, path: `/v1/onboardings/${found.id}` };
  }
  return rule.on.startsWith('payout.') ? { path: '/v1/payouts' } : {};
}

const standingOf = ({
  state,
  transfer,
  payment,
  chargeback,
  books,
  deadlineAt,
  slot,
  proposal,
  chargebackSheet,
}: Purchase) => ({
  state,
  transfer: transfer.status,
  wasAuthorised: payment.captureBefore !== null,
  chargeback,
  refundedByUs: books.refunded > 0,
  deadlineMs: deadlineAt?.getTime(),
  startsAtMs: slot?.startsAt.getTime(),
  proposedMs: proposal?.startsAt.getTime(),
  evidenceMs: chargebackSheet?.next?.what === 'answer' ? chargebackSheet.next.atMs : undefined,
});

/** The moment that is told: what a reminder reminds of, what a booking is moved to, else the deadline that runs now. */
function occasionMsOf(
  { on, valid, reminder }: NotificationRule,
  { data }: Notification,
  purchase: PurchaseStanding | undefined,
): number | undefined {
  if (valid.ahead === undefined) return undefined;
  if (reminder !== undefined) return Date.parse(textIn({ type: on, data }, 'dueAt'));
  return valid.ahead === 'deadline' ? purchase?.deadlineMs : Date.parse(textIn({ type: on, data }, 'startsAt'));
}
