/** Bookings over HTTP: when something can be booked, who gets a seat, and how a booking is moved or given up. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ListingId, PurchaseId, UserId } from '../../contracts/ids.ts';
import { purchaseWorkflowId } from '../../contracts/purchase.ts';
import { type Database, openDatabase, violatedConstraint } from '../../platform/database.ts';
import { createLogger } from '../../platform/logging.ts';
import { allDay, draftBooking, freeHour, freeSlots, plan, publishedBooking } from '../helpers/bookings.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { patiently, request } from '../helpers/client.ts';
import { recordHistory } from '../helpers/histories.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, type PurchaseBody, publishedListing, read } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';

const HOUR_MS = 60 * 60 * 1_000;
let seller: Person;
let buyer: Person;
let other: Person;
let database: Database;

beforeAll(async () => {
  [seller, buyer, other] = await Promise.all([verifiedSeller(), verifiedBuyer(), verifiedBuyer()]);
  database = openDatabase({
    url: stack().databases.app,
    maxConnections: 2,
    applicationName: 'test',
    log: createLogger({ role: 'test', level: 'error' }),
  });
});

afterAll(() => database.close());

const book = (who: Person, listingId: string, startsAt: string, more: Record<string, unknown> = {}) =>
  buy(who, listingId, { slot: { startsAt }, ...more });

const reschedule = (who: Person, id: string, startsAt: string) =>
  request<PurchaseBody>('POST', `/v1/purchases/${id}/reschedule`, { token: who.accessToken, body: { startsAt } });

const acceptReschedule = (who: Person, id: string, body: Record<string, unknown> = {}) =>
  request<PurchaseBody>('POST', `/v1/purchases/${id}/reschedule/accept`, { token: who.accessToken, body });

/** A booking that is paid and accepted. */
async function held(listingId: string, startsAt: string, who = buyer): Promise<PurchaseBody> {
  const booked = await book(who, listingId, startsAt);
  expect(booked.status, JSON.stringify(booked.body)).toBe(201);
  const accepted = await act(seller, booked.body.id, 'accept');
  expect(accepted).toMatchObject({ status: 200, body: { state: 'held' } });
  return accepted.body;
}

describe('the plan', () => {
  test('is asked for before a booking can be published, and says when it can be had', async () => {
    const id = await draftBooking(seller);
    const publish = () => request('POST', `/v1/listings/${id}/publish`, { token: seller.accessToken });
    expect(await publish()).toMatchObject({ status: 409, body: { code: 'NO_AVAILABILITY' } });
    const planned = await plan(seller, id, allDay(), '"1"');
    expect(planned.status).toBe(200);
    expect(planned.headers.get('etag')).toBe('"2"');
    expect(await plan(seller, id, allDay(), '"1"')).toMatchObject({ status: 412, body: { code: 'VERSION_CHANGED' } });
    expect(await publish()).toMatchObject({ status: 200, body: { stock: null, booking: { seats: 1 } } });
    expect(await request('GET', `/v1/listings/${id}/availability`)).toMatchObject({ status: 200, body: allDay() });
    const slots = await freeSlots(id, 48);
    expect(slots).toHaveLength(24);
    expect(slots.every(({ startsAt, endsAt }) => Date.parse(endsAt) - Date.parse(startsAt) === HOUR_MS)).toBe(true);
  });

  test.each([
    ['another time zone', { ...allDay(), timeZone: 'Europe/Atlantis' }],
    [
      'openings that overlap',
      { ...allDay(), weekly: [...allDay().weekly, { day: 'monday', from: '09:00', to: '10:00' }] },
    ],
    ['an opening that ends first', { ...allDay(), weekly: [{ day: 'monday', from: '10:00', to: '09:00' }] }],
    ['a time that no clock shows', { ...allDay(), weekly: [{ day: 'monday', from: '25:00', to: '26:00' }] }],
    [
      'a day twice',
      {
        ...allDay(),
        exceptions: [
          { date: '2027-01-01', openings: [] },
          { date: '2027-01-01', openings: [] },
        ],
      },
    ],
    ['a day that is none', { ...allDay(), exceptions: [{ date: '2027-02-30', openings: [] }] }],
    ['notice that is negative', { ...allDay(), minimumNoticeMinutes: -1 }],
  ])('is refused with %s', async (_what, availability) => {
    const id = await draftBooking(seller);
    expect(await plan(seller, id, availability)).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
    expect((await request('GET', `/v1/listings/${id}/availability`, { token: seller.accessToken })).status).toBe(404);
  });

  test('is the seller’s alone, and goods have none', async () => {
    expect((await plan(other, await publishedBooking(seller), allDay())).status).toBe(404);
    const goods = await publishedListing(seller);
    expect(await plan(seller, goods, allDay())).toMatchObject({ status: 422, body: { code: 'NOT_A_BOOKING' } });
    expect((await request('GET', `/v1/listings/${goods}/slots`)).status).toBe(422);
  });

  test.each([
    ['spring', '2027-03-26', ['08:00', '08:00', '07:00', '07:00']],
    ['autumn', '2027-10-29', ['07:00', '07:00', '08:00', '08:00']],
  ])('keeps its times on the wall clock in %s, when clocks change', async (_season, from, utcTimes) => {
    const id = await draftBooking(seller);
    const weekly = allDay().weekly.map(({ day }) => ({ day, from: '09:00', to: '10:00' }));
    expect((await plan(seller, id, { ...allDay(), timeZone: 'Europe/Berlin', weekly })).status).toBe(200);
    const days = [0, 1, 2, 3].map((day) => new Date(Date.parse(from) + day * 24 * HOUR_MS).toISOString().slice(0, 10));
    const query = `from=${from}T00:00:00Z&to=${new Date(Date.parse(from) + 4 * 24 * HOUR_MS).toISOString()}`;
    const { body } = await request<{ data: { startsAt: string }[] }>('GET', `/v1/listings/${id}/slots?${query}`, {
      token: seller.accessToken,
    });
    expect(body.data.map(({ startsAt }) => startsAt)).toEqual(
      days.map((day, index) => `${day}T${utcTimes[index]}:00.000Z`),
    );
  });

  test('shows a month at most', async () => {
    const id = await publishedBooking(seller);
    const query = 'from=2027-01-01T00:00:00Z&to=2027-03-01T00:00:00Z';
    expect(await request('GET', `/v1/listings/${id}/slots?${query}`)).toMatchObject({
      status: 422,
      body: { code: 'RANGE_TOO_LONG' },
    });
  });
});

describe('booking', () => {
  test('takes the seat, is accepted before it begins, and waits for its end', async () => {
    const listing = await publishedBooking(seller);
    const startsAt = await freeHour(listing, 30);
    const booked = await book(buyer, listing, startsAt);
    expect(booked).toMatchObject({ status: 201, body: { state: 'authorised', slot: { startsAt } } });
    expect(Date.parse(booked.body.deadlines['acceptBy'] ?? '')).toBeLessThanOrEqual(Date.parse(startsAt));
    expect((await freeSlots(listing, 30)).map((slot) => slot.startsAt)).not.toContain(startsAt);
    const accepted = await act(seller, booked.body.id, 'accept');
    expect(accepted.body.deadlines).toEqual({ bookedUntil: booked.body.slot?.endsAt });
    expect(accepted.body.next.automatic?.becomes).toBe('delivered');
    expect(await act(seller, booked.body.id, 'deliver')).toMatchObject({ status: 409 });
  });

  test('of the last seat by 20 at once: one gets it, 19 hear that there is no room', async () => {
    const listing = await publishedBooking(seller);
    const startsAt = await freeHour(listing, 60);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        patiently((key) => buy(index % 2 === 0 ? buyer : other, listing, { slot: { startsAt } }, key)),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused.every(({ status, body }) => status === 409 && body.code === 'SLOT_TAKEN')).toBe(true);
  });

  test('a class has as many seats as it has, and those who leave at once leave none taken', async () => {
    const listing = await publishedBooking(seller, { seats: 3 });
    const startsAt = await freeHour(listing, 90);
    const left = async () => (await freeSlots(listing, 89)).find((slot) => slot.startsAt === startsAt)?.seatsLeft ?? 0;
    const first = await book(buyer, listing, startsAt, { quantity: 2 });
    expect(first).toMatchObject({ status: 201, body: { price: { amount: 5_000 } } });
    expect(await left()).toBe(1);
    expect(await book(other, listing, startsAt, { quantity: 2 })).toMatchObject({ body: { code: 'SLOT_TAKEN' } });
    const second = await book(other, listing, startsAt);
    expect(await left()).toBe(0);
    const gone = await Promise.all([act(buyer, first.body.id, 'cancel'), act(other, second.body.id, 'cancel')]);
    expect(gone.map(({ status }) => status)).toEqual([200, 200]);
    expect(await left()).toBe(3);
    const { rows } = await database.query('SELECT 1 FROM marketplace.sessions WHERE listing_id = $1', [listing]);
    expect(rows).toEqual([]);
  });

  test('a seller is in one place at a time, whichever of their listings is booked', async () => {
    const [massage, lesson] = await Promise.all([
      publishedBooking(seller),
      publishedBooking(seller, { durationMinutes: 90 }),
    ]);
    const startsAt = await freeHour(massage, 120);
    expect((await book(buyer, massage, startsAt)).status).toBe(201);
    const offered = await freeSlots(lesson, 118);
    const endsAtMs = Date.parse(startsAt) + HOUR_MS;
    for (const slot of offered) {
      expect(Date.parse(slot.startsAt) >= endsAtMs || Date.parse(slot.endsAt) <= Date.parse(startsAt)).toBe(true);
    }
    // Whatever the code overlooks, the database does not.
    const overlapping = database.query(
      `INSERT INTO marketplace.sessions (listing_id, starts_at, ends_at, seller_id, seats, seats_taken)
       VALUES ($1, $2::timestamptz + interval '30 min', $2::timestamptz + interval '2 h', $3, 1, 1)`,
      [lesson satisfies string as ListingId, startsAt, seller.id as UserId],
    );
    const error: unknown = await overlapping.then(
      () => undefined,
      (caught: unknown) => caught,
    );
    expect(violatedConstraint(error)).toBe('sessions_seller_is_in_one_place');
  });

  test.each([
    ['without a time', undefined, {}, 422, 'SLOT_REQUIRED'],
    ['in the past', -2, {}, 422, 'SLOT_PAST'],
    ['too soon', 3, { minimumNoticeMinutes: 24 * 60 }, 409, 'TOO_LATE_TO_BOOK'],
    ['so far ahead that the payment could not be held', 24 * 60, {}, 422, 'BEYOND_HOLD_LIMIT'],
  ] as const)('%s it is refused', async (_what, hours, options, status, code) => {
    const listing = await publishedBooking(seller, options);
    const hourMs = Math.ceil(Date.now() / HOUR_MS) * HOUR_MS;
    const answer =
      hours === undefined
        ? await buy(buyer, listing)
        : await book(buyer, listing, new Date(hourMs + hours * HOUR_MS).toISOString());
    expect(answer).toMatchObject({ status, body: { code } });
    const { rows } = await database.query('SELECT 1 FROM transactions.purchases WHERE listing_id = $1', [listing]);
    expect(rows).toEqual([]);
    const sessions = await database.query('SELECT 1 FROM marketplace.sessions WHERE listing_id = $1', [listing]);
    expect(sessions.rows).toEqual([]);
  });

  test('between two sessions there is none, and goods have no times', async () => {
    const listing = await publishedBooking(seller);
    const between = new Date(Date.parse(await freeHour(listing, 150)) + 60_000).toISOString();
    expect(await book(buyer, listing, between)).toMatchObject({ status: 409, body: { code: 'NO_SUCH_SLOT' } });
    expect(await book(buyer, await publishedListing(seller), between)).toMatchObject({
      status: 422,
      body: { code: 'SLOT_NOT_EXPECTED' },
    });
  });
});

describe('giving up a booking', () => {
  const tiers = [
    ['flexible', 30, 2_500, 0],
    ['flexible', 12, 1_250, 1_250],
    ['moderate', 6 * 24, 2_500, 0],
    ['moderate', 48, 1_250, 1_250],
    ['moderate', 6, 0, 2_500],
    ['strict', 10 * 24, 1_250, 1_250],
    ['strict', 48, 0, 2_500],
  ] as const;

  test.each(tiers)(
    '%s, %i hours before: %i goes back, %i is the seller’s',
    async (policy, hours, refund, forSeller) => {
      const listing = await publishedBooking(seller, { cancellationPolicy: policy });
      const startsAt = await freeHour(listing, hours);
      const { id, next } = await held(listing, startsAt);
      const seen = (await read(buyer, id)).body;
      expect(seen.next.ifCancelled).toEqual({ refund, forSeller });
      expect(next.ifCancelled).toEqual({ refund: 2_500, forSeller: 0 });
      const cancelled = await act(buyer, id, 'cancel');
      expect(cancelled).toMatchObject({
        status: 200,
        body: {
          state: forSeller === 0 ? 'cancelled' : 'released',
          money: { captured: 2_500, held: 0, refunded: refund, transferred: forSeller * 0.9, fees: forSeller * 0.1 },
        },
      });
      await expectEqualBooks(cancelled.body);
      expect((await freeSlots(listing, hours - 1)).map((slot) => slot.startsAt)).toContain(startsAt);
      if (policy === 'moderate') {
        await recordHistory(`purchase-booking-cancelled-${refund}`, purchaseWorkflowId(id as PurchaseId));
      }
    },
  );

  test('the seller who cancels gives everything back, whatever the policy', async () => {
    const listing = await publishedBooking(seller, { cancellationPolicy: 'strict' });
    const { id } = await held(listing, await freeHour(listing, 180));
    const cancelled = await act(seller, id, 'cancel');
    expect(cancelled).toMatchObject({ status: 200, body: { state: 'cancelled', money: { refunded: 2_500, fees: 0 } } });
    await expectEqualBooks(cancelled.body);
  });
});

describe('moving a booking', () => {
  test('one proposes, the other accepts: seats, deadline and refund follow, as often as both like', async () => {
    const listing = await publishedBooking(seller);
    const [from = '', to = '', again = ''] = (await freeSlots(listing, 200)).map((slot) => slot.startsAt);
    const { id } = await held(listing, from);
    const proposed = await reschedule(seller, id, to);
    expect(proposed).toMatchObject({
      status: 200,
      body: { state: 'held', slot: { startsAt: from }, reschedule: { startsAt: to, proposedBy: 'seller' } },
    });
    expect(proposed.body.next.actions).not.toContain('accept_reschedule');
    expect(await acceptReschedule(seller, id)).toMatchObject({ status: 409, body: { code: 'NOT_ALLOWED_NOW' } });
    expect((await read(buyer, id)).body.next.actions).toContain('accept_reschedule');
    expect(await acceptReschedule(buyer, id, { startsAt: again })).toMatchObject({
      status: 409,
      body: { code: 'PROPOSAL_CHANGED' },
    });
    const moved = await acceptReschedule(buyer, id, { startsAt: to });
    expect(moved).toMatchObject({ status: 200, body: { state: 'held', slot: { startsAt: to }, reschedule: null } });
    expect(moved.body.deadlines).toEqual({ bookedUntil: moved.body.slot?.endsAt });
    const free = (await freeSlots(listing, 199)).map((slot) => slot.startsAt);
    expect([free.includes(from), free.includes(to)]).toEqual([true, false]);
    expect(await acceptReschedule(buyer, id)).toMatchObject({ status: 409, body: { code: 'NOT_ALLOWED_NOW' } });

    expect((await reschedule(buyer, id, again)).status).toBe(200);
    expect(await acceptReschedule(seller, id)).toMatchObject({ status: 200, body: { slot: { startsAt: again } } });
    const timeline = await request<{ data: { action: string; by: string }[] }>('GET', `/v1/purchases/${id}/timeline`, {
      token: buyer.accessToken,
    });
    expect(timeline.body.data.slice(-4).map(({ action, by }) => [action, by])).toEqual([
      ['purchase.reschedule_proposed', 'seller'],
      ['purchase.rescheduled', 'buyer'],
      ['purchase.reschedule_proposed', 'buyer'],
      ['purchase.rescheduled', 'seller'],
    ]);
    const cancelled = await act(seller, id, 'cancel');
    await expectEqualBooks(cancelled.body);
    expect((await freeSlots(listing, 199)).map((slot) => slot.startsAt)).toContain(again);
    await recordHistory('purchase-booking-rescheduled', purchaseWorkflowId(id as PurchaseId));
  });

  test.each([
    ['buyer', 0, 2_500],
    ['seller', 2_500, 0],
  ] as const)(
    'what the %s has moved far ahead gives the buyer %i back, and the seller %i',
    async (by, refund, forSeller) => {
      const listing = await publishedBooking(seller, { cancellationPolicy: 'strict' });
      const { id } = await held(listing, await freeHour(listing, 72));
      const [proposer, accepter] = by === 'buyer' ? [buyer, seller] : [seller, buyer];
      expect((await reschedule(proposer, id, await freeHour(listing, 20 * 24))).status).toBe(200);
      expect((await acceptReschedule(accepter, id)).status).toBe(200);
      const seen = (await read(buyer, id)).body;
      expect(seen.next.ifCancelled).toEqual({ refund, forSeller });
      const cancelled = await act(buyer, id, 'cancel');
      expect(cancelled.body.money).toMatchObject({
        refunded: refund,
        transferred: forSeller * 0.9,
        fees: forSeller * 0.1,
      });
      await expectEqualBooks(cancelled.body);
    },
  );

  test('accepted, moved again and cancelled by both in the same moment: the seat is where the row says', async () => {
    for (let round = 0; round < 10; round++) {
      const listing = await publishedBooking(seller);
      const [from = '', to = '', again = ''] = (await freeSlots(listing, 400 + 24 * round)).map(
        (slot) => slot.startsAt,
      );
      const { id } = await held(listing, from);
      expect((await reschedule(buyer, id, to)).status).toBe(200);
      const answers = await Promise.all([
        acceptReschedule(seller, id),
        reschedule(seller, id, again),
        act(round % 2 === 0 ? buyer : seller, id, 'cancel'),
        acceptReschedule(seller, id, { startsAt: to }),
      ]);
      for (const { status, body } of answers) expect([200, 409], JSON.stringify(body)).toContain(status);
      const ended = (await read(buyer, id)).body;
      const { rows } = await database.query<{ starts_at: Date }>(
        `SELECT b.starts_at FROM marketplace.bookings b JOIN marketplace.sessions s USING (listing_id, starts_at)
          WHERE b.purchase_id = $1`,
        [id],
      );
      const expected = ended.state === 'held' ? [ended.slot?.startsAt] : [];
      expect(rows.map((row) => row.starts_at.toISOString())).toEqual(expected);
      const sessions = await database.query('SELECT 1 FROM marketplace.sessions WHERE listing_id = $1', [listing]);
      expect(sessions.rows.length).toBe(expected.length);
      await expectEqualBooks(ended);
      if (ended.state === 'held') expect((await act(seller, id, 'cancel')).status).toBe(200);
    }
  });

  test('a repeat of a proposal is the same proposal, a later one takes its place', async () => {
    const listing = await publishedBooking(seller);
    const [from = '', one = '', two = ''] = (await freeSlots(listing, 240)).map((slot) => slot.startsAt);
    const { id } = await held(listing, from);
    const call = (startsAt: string, idempotencyKey: string) =>
      request<PurchaseBody>('POST', `/v1/purchases/${id}/reschedule`, {
        token: buyer.accessToken,
        body: { startsAt },
        idempotencyKey,
      });
    const answers = await Promise.all([1, 2, 3].map(() => call(one, `${id}-one`)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await call(two, `${id}-two`)).body.reschedule).toEqual({ startsAt: two, proposedBy: 'buyer' });
    expect((await call(one, `${id}-one`)).status).toBe(200);
    expect(await acceptReschedule(seller, id, { startsAt: two })).toMatchObject({ body: { slot: { startsAt: two } } });
  });

  test('a time that is taken meanwhile is refused, and the booking stays where it is', async () => {
    const listing = await publishedBooking(seller);
    const [from = '', to = ''] = (await freeSlots(listing, 270)).map((slot) => slot.startsAt);
    const { id } = await held(listing, from);
    expect((await reschedule(buyer, id, to)).status).toBe(200);
    expect((await book(other, listing, to)).status).toBe(201);
    expect(await acceptReschedule(seller, id)).toMatchObject({ status: 409, body: { code: 'SLOT_TAKEN' } });
    expect((await read(buyer, id)).body).toMatchObject({ state: 'held', slot: { startsAt: from } });
    const { rows } = await database.query('SELECT starts_at FROM marketplace.bookings WHERE purchase_id = $1', [id]);
    expect(rows).toEqual([{ starts_at: new Date(from) }]);
  });

  test.each([
    ['to the past', () => new Date(Date.now() - HOUR_MS).toISOString(), 422, 'SLOT_PAST'],
    ['to where it is', (from: string) => from, 409, 'NO_SUCH_SLOT'],
    [
      'to no beginning of a session',
      (from: string) => new Date(Date.parse(from) + 1).toISOString(),
      409,
      'NO_SUCH_SLOT',
    ],
    [
      'beyond the hold limit',
      (from: string) => new Date(Date.parse(from) + 60 * 24 * HOUR_MS).toISOString(),
      422,
      'BEYOND_HOLD_LIMIT',
    ],
    ['to something that is no time', () => 'tomorrow', 400, 'INVALID_REQUEST'],
  ] as const)('%s is refused', async (_what, startsAt, status, code) => {
    const listing = await publishedBooking(seller);
    const from = await freeHour(listing, 300);
    const { id } = await held(listing, from);
    expect(await reschedule(buyer, id, startsAt(from))).toMatchObject({ status, body: { code } });
    expect((await read(buyer, id)).body).toMatchObject({ slot: { startsAt: from }, reschedule: null });
    expect((await act(seller, id, 'cancel')).status).toBe(200);
  });

  test('goods cannot be moved, nor somebody else’s booking, nor one that is not held', async () => {
    const listing = await publishedBooking(seller);
    const [from = '', to = ''] = (await freeSlots(listing, 330)).map((slot) => slot.startsAt);
    const { body } = await book(buyer, listing, from);
    expect(await reschedule(buyer, body.id, to)).toMatchObject({ status: 409, body: { code: 'NOT_ALLOWED_NOW' } });
    expect((await reschedule(other, body.id, to)).status).toBe(404);
    const goods = await buy(buyer, await publishedListing(seller));
    await act(seller, goods.body.id, 'accept');
    expect(await reschedule(buyer, goods.body.id, to)).toMatchObject({
      status: 409,
      body: { code: 'NOT_ALLOWED_NOW' },
    });
  });
});
