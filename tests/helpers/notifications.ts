import { randomUUID } from 'node:crypto';
import type { Database } from '../../platform/database.ts';
import { emit } from '../../platform/outbox.ts';
import { request } from './client.ts';
import type { Person } from './people.ts';
import { stack } from './stack.ts';
import { waitFor } from './wait-for.ts';

export interface MailBody {
  readonly subject: string;
  readonly text: string;
  readonly messageId: string;
}

/** The mails somebody got about a purchase, the first one first. */
export async function mailsAbout(who: Pick<Person, 'email'>, purchaseId: string): Promise<readonly MailBody[]> {
  const path = `/messages?to=${encodeURIComponent(who.email)}`;
  const { body } = await request<readonly MailBody[]>('GET', path, { base: stack().urls.mail });
  return body.filter(({ text }) => text.includes(purchaseId)).toReversed();
}

export interface PushBody {
  readonly token: string;
  readonly message: {
    readonly notification: { readonly title: string; readonly body: string };
    readonly data: { readonly name: string; readonly purchaseId?: string };
  };
}

/** The pushes a device got about a purchase, the first one first. */
export async function pushesAbout(token: string, purchaseId: string): Promise<readonly PushBody[]> {
  const path = `/messages?token=${encodeURIComponent(token)}`;
  const { body } = await request<readonly PushBody[]>('GET', path, { base: stack().urls.push });
  return body.filter(({ message }) => message.data.purchaseId === purchaseId).toReversed();
}

/** A device of somebody. @returns its registration token, and its id */
export async function addDevice(
  who: Person,
  token: string = `token-${randomUUID()}`,
): Promise<{ token: string; id: string }> {
  const { status, body } = await request<{ id: string }>('POST', '/v1/devices', {
    token: who.accessToken,
    body: { platform: 'android', token },
  });
  if (status !== 201) throw new Error(`the device was not registered: ${JSON.stringify(body)}`);
  return { token, id: body.id };
}

export interface NotificationRow {
  readonly name: string;
  readonly channel: string;
  readonly state: string;
  readonly attempts: number;
}

/** What has been written down to be told about a purchase. */
export async function notificationsAbout(database: Database, purchaseId: string): Promise<readonly NotificationRow[]> {
  const { rows } = await database.query<NotificationRow>(
    `SELECT name, channel, state, attempts FROM messaging.notifications WHERE data->>'purchaseId' = $1 ORDER BY name, channel`,
    [purchaseId],
  );
  return rows;
}

/** Waits until all events about a purchase are published and everything there is to tell of them is settled. */
export async function allTold(database: Database, purchaseId: string): Promise<readonly NotificationRow[]> {
  await waitFor(
    async () => {
      const { rowCount } = await database.query(
        `SELECT FROM outbox.events WHERE key = $1 AND published_at IS NULL LIMIT 1`,
        [purchaseId],
      );
      return (
        rowCount === 0 && (await notificationsAbout(database, purchaseId)).every(({ state }) => state !== 'waiting')
      );
    },
    { what: `everything about ${purchaseId} to be told`, timeoutMs: 30_000 },
  );
  return notificationsAbout(database, purchaseId);
}

/** The event that a purchase writes when the time for a reminder has come (services/transactions, remind). */
export function remindOf(
  database: Database,
  purchase: { readonly id: string; readonly buyer: Person; readonly seller: Person },
  reminder: string,
  dueAt: string,
): Promise<void> {
  const { id, buyer, seller } = purchase;
  const data = { purchaseId: id, buyerId: buyer.id, sellerId: seller.id, reminder, dueAt };
  return database.transaction((tx) => emit(tx, { type: 'purchase.reminder', key: id, data }));
}

/** Has all events about a purchase published again, as after a death between publishing and remembering it. */
export async function publishAgain(database: Database, purchaseId: string): Promise<void> {
  await database.query('UPDATE outbox.events SET published_at = NULL WHERE key = $1', [purchaseId]);
}
