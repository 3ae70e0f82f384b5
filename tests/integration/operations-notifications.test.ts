/** The relay's handing over of notifications, on a database of its own, with channels that the test stands behind. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { UserId } from '../../contracts/ids.ts';
import { newId } from '../../platform/ids.ts';
import { createMetrics } from '../../platform/metrics.ts';
import { createLinkTokens } from '../../platform/tokens-link.ts';
import type { Email, EmailSender } from '../../providers/email.ts';
import type { PublishedEvent } from '../../providers/event-bus.ts';
import { type Push, type PushMessage, PushUnavailable } from '../../providers/push.ts';
import { changePreferences, listDevices, registerDevice, type Wishes } from '../../services/messaging/index.ts';
import { notificationsOf } from '../../services/messaging/notification-rules.ts';
import { REMINDERS } from '../../services/transactions/reminder-rules.ts';
import { createUser, verifyEmailByToken } from '../../services/users/index.ts';
import { emailChannel, pushChannel } from '../../workers/relay/channels.ts';
import { notificationJobs } from '../../workers/relay/notification-jobs.ts';
import { notificationSubscriber } from '../../workers/relay/notification-subscriber.ts';
import { type ClonedDatabase, cloneDatabase } from '../helpers/database.ts';
import { recordingLogger } from '../helpers/recording-log.ts';

let clone: ClonedDatabase;
beforeAll(async () => {
  clone = await cloneDatabase();
});
beforeEach(async () => {
  await clone.database.query('DELETE FROM messaging.notifications');
});
afterAll(() => clone.drop());

const links = createLinkTokens(Buffer.alloc(32, 9));

/** A relay whose providers are the test's: `sent` and `pushed` are what arrived there. */
function relay(
  answers: { email?: () => 'sent' | 'refused'; push?: (token: string) => Awaited<ReturnType<Push['send']>> } = {},
) {
  const sent: Email[] = [];
  const pushed: PushMessage[] = [];
  const sender: EmailSender = {
    send: async (email) => {
      sent.push(email);
      return answers.email?.() ?? 'sent';
    },
    close: () => undefined,
  };
  const push: Push = {
    send: async (message) => {
      const outcome = answers.push?.(message.token) ?? 'sent';
      if (outcome === 'sent') pushed.push(message);
      return outcome;
    },
  };
  const { database } = clone;
  const log = recordingLogger();
  const channels = { email: emailChannel(sender), push: pushChannel({ database, push }) };
  const publicUrl = 'https://api.wellpact.example';
  const jobs = notificationJobs({ database, channels, links, publicUrl, log, metrics: createMetrics('relay') });
  const tell = notificationSubscriber({ database });
  const round = () => Promise.all(jobs.map((job) => job.run(database, new AbortController().signal)));
  return { sent, pushed, log, tell, round };
}

const signUp = () =>
  createUser(clone.database, {
    id: newId('usr'),
    email: `${randomUUID()}@example.com`,
    password: 'correct horse battery',
    displayName: 'Ann',
    birthDate: '1990-05-01',
    country: 'DE',
  });

const happened = (type: string, data: Record<string, unknown>): PublishedEvent => ({
  id: newId('evt'),
  type,
  key: 'key',
  data,
  occurredAt: new Date(),
});

/** Something that is told whatever became of the purchase. */
const declined = (buyerId: string) =>
  happened('purchase.declined', { purchaseId: newId('pur'), buyerId, sellerId: newId('usr') });

async function rows(): Promise<Array<{ channel: string; state: string; attempts: number; due_at: Date }>> {
  const found = await clone.database.query<{ channel: string; state: string; attempts: number; due_at: Date }>(
    `SELECT channel, state, attempts, due_at FROM messaging.notifications
      WHERE recipient_id IN (SELECT id FROM users.accounts) ORDER BY channel`,
  );
  return found.rows;
}
const states = async () => (await rows()).map(({ channel, state }) => `${channel} ${state}`);
const timePasses = () =>
  clone.database.query(`UPDATE messaging.notifications SET due_at = now() WHERE state = 'waiting'`);

const ANY_TIME: Wishes = { timeZone: null, email: true, push: true, quietHours: null };
const wish = (userId: UserId, wishes: Partial<Wishes>) =>
  changePreferences(clone.database, userId, () => true, { ...ANY_TIME, ...wishes });
const addDevice = (userId: UserId, token: string = randomUUID()) =>
  registerDevice(clone.database, { id: newId('dev'), userId, platform: 'ios', token });

describe('a reminder', () => {
  it.each(REMINDERS)('$name has its words, in the state in which a purchase gives it', ({ name, state, occasion }) => {
    const parties = { purchaseId: newId('pur'), buyerId: newId('usr'), sellerId: newId('usr') };
    const rules = notificationsOf({ type: 'purchase.reminder', data: { ...parties, reminder: name } });
    expect(rules.length).toBeGreaterThan(0);
    for (const { valid } of rules) {
      expect(valid).toEqual({ purchase: [state], ahead: occasion === 'start' ? 'booking' : 'deadline' });
    }
  });
});

describe('a mail', () => {
  it('is sent once for an event that comes three times, however many rounds there are', async () => {
    const { id: userId, email } = await signUp();
    const { sent, tell, round } = relay();
    const event = happened('user.signed_up', { userId });
    for (let time = 0; time < 3; time++) {
      await tell(event);
      await round();
    }
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ to: email, id: `${event.id}.${userId}` });
    expect(sent[0]?.text).toContain('https://api.wellpact.example/v1/users/verify-email?token=usr_');
  });

  it('is sent once by relays that work at the same time', async () => {
    const person = await signUp();
    const relays = [relay(), relay(), relay()];
    for (let n = 0; n < 20; n++) await relays[0]?.tell(declined(person.id));
    await Promise.all(relays.map(({ round }) => round()));
    const ids = relays.flatMap(({ sent }) => sent.map(({ id }) => id));
    expect(ids).toHaveLength(20);
    expect(new Set(ids).size).toBe(20);
  });

  it('that could not be sent is sent later, under the same id', async () => {
    const { id: userId } = await signUp();
    const broken = relay({
      email: () => {
        throw new Error('no connection');
      },
    });
    await broken.tell(happened('user.signed_up', { userId }));
    await broken.round();
    expect(await states()).toEqual(['email waiting']);
    const good = relay();
    await good.round();
    expect(good.sent).toHaveLength(0);
    await timePasses();
    await good.round();
    // The first one may have arrived in spite of the error: then both carry one Message-ID.
    expect(good.sent.map(({ id }) => id)).toEqual(broken.sent.map(({ id }) => id));
    expect(await states()).toEqual(['email sent']);
  });

  it('that is refused for good is not sent again, and said in the log', async () => {
    const { id: userId } = await signUp();
    const { sent, log, tell, round } = relay({ email: () => 'refused' });
    await tell(happened('user.signed_up', { userId }));
    await round();
    await timePasses();
    await round();
    expect(sent).toHaveLength(1);
    expect(log.lines).toContainEqual(expect.objectContaining({ level: 'warn', message: 'a notification was settled' }));
    expect(JSON.stringify(log.lines)).not.toContain('@');
  });

  it('asks nobody to prove an address that is proven', async () => {
    const person = await signUp();
    const { sent, tell, round } = relay();
    const event = happened('user.signed_up', { userId: person.id });
    await tell(event);
    await round();
    const token = /token=([^\s]+)/.exec(sent[0]?.text ?? '')?.[1] ?? '';
    await verifyEmailByToken(clone.database, links, decodeURIComponent(token), new Date());
    await tell(happened('user.verification_requested', { userId: person.id }));
    await round();
    expect(sent).toHaveLength(1);
    expect((await states()).toSorted()).toEqual(['email sent', 'email stale']);
  });
});

describe('preferences', () => {
  it('that are off keep a channel silent, but not what is essential', async () => {
    const person = await signUp();
    await addDevice(person.id);
    await wish(person.id, { email: false, push: false });
    const { sent, pushed, tell, round } = relay();
    await tell(declined(person.id));
    await tell(happened('user.signed_up', { userId: person.id }));
    await round();
    expect(pushed).toHaveLength(0);
    expect(sent.map(({ subject }) => subject)).toEqual(['Confirm your e-mail address']);
    expect((await states()).toSorted()).toEqual(['email sent', 'email unwanted', 'push unwanted']);
  });

  it('with quiet hours put a message off to their end, and count no try', async () => {
    const person = await signUp();
    const hour = (offset: number) => new Date(Date.now() + offset * 3_600_000).toISOString().slice(11, 16);
    await wish(person.id, { timeZone: 'UTC', quietHours: { from: hour(-1), until: hour(2) } });
    const { sent, tell, round } = relay();
    await tell(declined(person.id));
    await tell(happened('user.signed_up', { userId: person.id }));
    await round();
    expect(sent.map(({ subject }) => subject)).toEqual(['Confirm your e-mail address']);
    const waiting = (await rows()).filter(({ state }) => state === 'waiting');
    expect(
      waiting.map(({ channel, attempts, due_at: dueAt }) => [channel, attempts, dueAt.toISOString().slice(11, 16)]),
    ).toEqual([
      ['email', 0, hour(2)],
      ['push', 0, hour(2)],
    ]);
    await wish(person.id, {});
    await timePasses();
    await round();
    expect(sent).toHaveLength(2);
  });
});

describe('a push', () => {
  it('goes to each device once, also when one of them makes it wait', async () => {
    const person = await signUp();
    const [good, shaky] = [randomUUID(), randomUUID()];
    await addDevice(person.id, good);
    await addDevice(person.id, shaky);
    let away = true;
    const { pushed, tell, round } = relay({
      push: (token) => {
        if (token === shaky && away) throw new PushUnavailable('503 UNAVAILABLE');
        return 'sent';
      },
    });
    await tell(declined(person.id));
    await round();
    expect(pushed.map(({ token }) => token)).toEqual([good]);
    away = false;
    await timePasses();
    await round();
    await timePasses();
    await round();
    expect(pushed.map(({ token }) => token)).toEqual([good, shaky]);
    expect(await states()).toEqual(['email sent', 'push sent']);
  });

  it('makes a device that is gone be forgotten, unless it was registered anew', async () => {
    const person = await signUp();
    const gone = randomUUID();
    await addDevice(person.id, gone);
    const { tell, round } = relay({ push: () => 'unregistered' });
    await tell(declined(person.id));
    await round();
    expect(await listDevices(clone.database, person.id)).toEqual([]);
    expect(await states()).toEqual(['email sent', 'push unwanted']);
  });

  it('names nothing but the purchase', async () => {
    const person = await signUp();
    await addDevice(person.id);
    const { pushed, tell, round } = relay();
    const event = declined(person.id);
    await tell(event);
    await round();
    expect(pushed[0]).toMatchObject({
      title: 'Your order was not accepted',
      body: 'You are not charged.',
      data: { name: 'purchase.declined.buyer', purchaseId: event.data['purchaseId'] },
      collapseId: event.id,
    });
  });
});
