/** What people are told of their purchases: over HTTP, by the relay, into the catchers of mail and push. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../platform/database.ts';
import { createLogger } from '../../platform/logging.ts';
import { freeSlots, publishedBooking } from '../helpers/bookings.ts';
import { request } from '../helpers/client.ts';
import {
  addDevice,
  allTold,
  mailsAbout,
  notificationsAbout,
  publishAgain,
  pushesAbout,
  remindOf,
} from '../helpers/notifications.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, publishedListing, read } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';

let seller: Person;
let buyer: Person;
let listingId: string;
let database: Database;
let sellerToken: string;
let buyerToken: string;

beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
  listingId = await publishedListing(seller, { stock: 100 });
  database = openDatabase({
    url: stack().databases.app,
    maxConnections: 2,
    applicationName: 'test',
    log: createLogger({ role: 'test', level: 'error' }),
  });
  sellerToken = (await addDevice(seller)).token;
  buyerToken = (await addDevice(buyer)).token;
});
afterAll(() => database.close());

async function bought(who: Person = buyer): Promise<{ id: string; buyer: Person; seller: Person }> {
  const { status, body } = await buy(who, listingId);
  expect(status, JSON.stringify(body)).toBe(201);
  return { id: body.id, buyer: who, seller };
}

/** When the clock would move it on. */
async function deadline(id: string): Promise<string> {
  const at = (await read(buyer, id)).body.next.automatic?.at;
  if (at === undefined) throw new Error(`${id} has no deadline`);
  return new Date(at).toISOString();
}

const subjects = async (who: Person, id: string) => (await mailsAbout(who, id)).map(({ subject }) => subject);
const titles = async (token: string, id: string) =>
  (await pushesAbout(token, id)).map(({ message }) => message.notification.title);

async function wish(who: Person, more: Record<string, unknown>): Promise<void> {
  const body = { timeZone: null, email: true, push: true, quietHours: null, ...more };
  const options = { token: who.accessToken, body, headers: { 'if-match': '*' } };
  expect((await request('PUT', '/v1/notifications/preferences', options)).status).toBe(200);
}

describe('of a state', () => {
  test('that waits for somebody, they are told, until when, by mail and push, and nothing of what was bought', async () => {
    const { id } = await bought();
    await allTold(database, id);
    expect(await subjects(seller, id)).toEqual(['You have a new order']);
    expect(await subjects(buyer, id)).toEqual(['Your order is with the seller']);
    expect(await titles(sellerToken, id)).toEqual(['You have a new order']);
    expect(await titles(buyerToken, id)).toEqual([]);
    const [mail] = await mailsAbout(seller, id);
    // Berlin is the zone of a seller in Germany who has not said another one.
    const until = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', hour: '2-digit', minute: '2-digit' });
    expect(mail?.text).toContain(`${until.format(new Date(await deadline(id)))} (CE`);
    const all = JSON.stringify([await mailsAbout(seller, id), await pushesAbout(sellerToken, id)]);
    expect(all).not.toMatch(/escrow|balm|skin_care|lavender/i);
  });

  test('on the way to a delivery the buyer is told, and of a cancellation both, once however often the events come', async () => {
    const { id } = await bought();
    await act(seller, id, 'accept');
    await act(seller, id, 'deliver');
    await allTold(database, id);
    const delivered = (await mailsAbout(buyer, id)).filter(
      ({ subject }) => subject === 'Is everything as it should be?',
    );
    expect(delivered).toHaveLength(1);
    expect(delivered[0]?.text).toMatch(/confirm it or ask the seller for a refund by \w+day/);

    const other = await bought();
    expect((await act(buyer, other.id, 'cancel')).status).toBe(200);
    await allTold(database, other.id);
    const before = await notificationsAbout(database, other.id);
    for (let time = 0; time < 3; time++) {
      await publishAgain(database, other.id);
      await allTold(database, other.id);
    }
    expect(await notificationsAbout(database, other.id)).toEqual(before);
    expect((await subjects(seller, other.id)).filter((subject) => subject.includes('cancelled'))).toHaveLength(1);
    expect((await subjects(buyer, other.id)).filter((subject) => subject.includes('cancelled'))).toHaveLength(1);
    expect((await titles(buyerToken, other.id)).filter((title) => title.includes('cancelled'))).toHaveLength(1);
  });
});

describe('a reminder', () => {
  test('of the time to accept reaches the seller alone, once, also when it comes as two events', async () => {
    const purchase = await bought();
    const dueAt = await deadline(purchase.id);
    await remindOf(database, purchase, 'accept_deadline', dueAt);
    await remindOf(database, purchase, 'accept_deadline', dueAt);
    await allTold(database, purchase.id);
    await publishAgain(database, purchase.id);
    await allTold(database, purchase.id);
    expect((await subjects(seller, purchase.id)).filter((subject) => subject.includes('still waits'))).toHaveLength(1);
    expect((await titles(sellerToken, purchase.id)).filter((title) => title.includes('still waits'))).toHaveLength(1);
    expect((await subjects(buyer, purchase.id)).join()).not.toContain('still waits');
    expect((await titles(buyerToken, purchase.id)).join()).not.toContain('still waits');
  });

  test('of the end of the inspection reaches the buyer alone', async () => {
    const purchase = await bought();
    await act(seller, purchase.id, 'accept');
    await act(seller, purchase.id, 'deliver');
    await remindOf(database, purchase, 'inspection_ending', await deadline(purchase.id));
    const told = await allTold(database, purchase.id);
    expect(
      told.filter(({ name }) => name.includes('inspection')).map(({ name, channel, state }) => [name, channel, state]),
    ).toEqual([
      ['purchase.inspection_ending.buyer', 'email', 'sent'],
      ['purchase.inspection_ending.buyer', 'push', 'sent'],
    ]);
    const bodies = (await pushesAbout(buyerToken, purchase.id)).map(({ message }) => message.notification.body);
    expect(bodies.filter((body) => body.startsWith('You can object until '))).toHaveLength(1);
  });

  test('is not given after a cancellation, nor of a deadline that is not the one', async () => {
    const purchase = await bought();
    const dueAt = await deadline(purchase.id);
    await remindOf(database, purchase, 'accept_deadline', new Date(Date.parse(dueAt) + 60_000).toISOString());
    await allTold(database, purchase.id);
    expect((await act(buyer, purchase.id, 'cancel')).status).toBe(200);
    await remindOf(database, purchase, 'accept_deadline', dueAt);
    const told = await allTold(database, purchase.id);
    expect(told.filter(({ name }) => name.includes('accept_deadline')).map(({ state }) => state)).toEqual([
      'stale',
      'stale',
      'stale',
      'stale',
    ]);
    expect((await subjects(seller, purchase.id)).join()).not.toContain('still waits');
  });

  test('of a booking reaches both, and neither once it was moved or cancelled', async () => {
    const booking = await publishedBooking(seller);
    const [slot, later] = (await freeSlots(booking, 30)).filter((_, index) => index % 2 === 0);
    const { status, body } = await buy(buyer, booking, { slot: { startsAt: slot?.startsAt } });
    expect(status, JSON.stringify(body)).toBe(201);
    const purchase = { id: body.id, buyer, seller };
    expect((await act(seller, body.id, 'accept')).status).toBe(200);
    await remindOf(database, purchase, 'booking_tomorrow', slot?.startsAt ?? '');
    await remindOf(database, purchase, 'booking_soon', later?.startsAt ?? '');
    await allTold(database, body.id);
    for (const who of [buyer, seller]) {
      expect((await subjects(who, body.id)).filter((subject) => subject.includes('coming up'))).toHaveLength(1);
      expect((await subjects(who, body.id)).join()).not.toContain('begins soon');
    }
    expect((await act(seller, body.id, 'cancel')).status).toBe(200);
    await remindOf(database, purchase, 'booking_soon', slot?.startsAt ?? '');
    const told = await allTold(database, body.id);
    const soon = told.filter(({ name }) => name.includes('booking_soon'));
    expect(soon).toHaveLength(8);
    expect(new Set(soon.map(({ state }) => state))).toEqual(new Set(['stale']));
  });
});

test('a booking that is cancelled late is told as that, to both, and not as a payment alone', async () => {
  const booking = await publishedBooking(seller);
  const [slot] = await freeSlots(booking, 30);
  const { body } = await buy(buyer, booking, { slot: { startsAt: slot?.startsAt } });
  expect((await act(seller, body.id, 'accept')).status).toBe(200);
  expect(await act(buyer, body.id, 'cancel')).toMatchObject({ status: 200, body: { state: 'released' } });
  await allTold(database, body.id);
  const [ofSeller, ofBuyer] = [await subjects(seller, body.id), await subjects(buyer, body.id)];
  expect(ofSeller).toContain('An order was cancelled');
  expect(ofSeller).not.toContain('A payment has been released to you');
  expect(ofBuyer).toContain('Your order was cancelled');
  expect(await titles(sellerToken, body.id)).toContain('An order was cancelled');
  expect(await titles(buyerToken, body.id)).toContain('Your order was cancelled');
});

describe('a person', () => {
  test('who wants no mail and no push gets none', async () => {
    const quiet = await verifiedBuyer();
    const { token } = await addDevice(quiet);
    await wish(quiet, { email: false, push: false });
    const { id } = await bought(quiet);
    await act(seller, id, 'accept');
    const told = await allTold(database, id);
    expect(told.filter(({ name }) => name.endsWith('.buyer')).map(({ state }) => state)).toEqual([
      'unwanted',
      'unwanted',
      'unwanted',
    ]);
    expect(await subjects(quiet, id)).toEqual([]);
    expect(await titles(token, id)).toEqual([]);
  });

  test('whose device is gone is reached on the other ones, and one that FCM could not take at once is not sent to twice', async () => {
    const moved = await verifiedBuyer();
    const gone = await addDevice(moved, `unregistered-${randomUUID()}`);
    const foreign = await addDevice(moved, `mismatch-${randomUUID()}`);
    const shaky = await addDevice(moved, `unavailable-once-${randomUUID()}`);
    const good = await addDevice(moved);
    const { id } = await bought(moved);
    await act(seller, id, 'accept');
    await allTold(database, id);
    expect(await titles(good.token, id)).toEqual(['Your order was accepted']);
    expect(await titles(shaky.token, id)).toEqual(['Your order was accepted']);
    const { body } = await request<{ data: ReadonlyArray<{ id: string }> }>('GET', '/v1/devices', {
      token: moved.accessToken,
    });
    const ids = body.data.map((device) => device.id);
    expect(ids.toSorted()).toEqual([shaky.id, good.id].toSorted());
    expect(ids).not.toContain(gone.id);
    expect(ids).not.toContain(foreign.id);
  });
});
