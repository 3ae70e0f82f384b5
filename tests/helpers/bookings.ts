import { request } from './client.ts';
import type { Person } from './people.ts';

export interface BookingOptions {
  readonly durationMinutes?: number;
  /** Minor units. */
  readonly amount?: number;
  readonly seats?: number;
  readonly cancellationPolicy?: 'flexible' | 'moderate' | 'strict';
  readonly minimumNoticeMinutes?: number;
  readonly timeZone?: string;
}

const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

/** A booking that can be had at every hour. */
export const allDay = ({ minimumNoticeMinutes = 0, timeZone = 'UTC' }: BookingOptions = {}) => ({
  timeZone,
  weekly: DAYS.map((day) => ({ day, from: '00:00', to: '24:00' })),
  exceptions: [],
  minimumNoticeMinutes,
});

/** A draft of a booking, without any times. @returns its id */
export async function draftBooking(
  seller: Person,
  { durationMinutes = 60, amount = 2_500, seats = 1, cancellationPolicy = 'moderate' }: BookingOptions = {},
): Promise<string> {
  const { status, body } = await request<{ id: string }>('POST', '/v1/listings', {
    token: seller.accessToken,
    body: {
      kind: 'booking',
      title: 'An hour of massage',
      description: 'At your home.',
      category: 'massage',
      price: { amount, currency: 'EUR' },
      booking: { durationMinutes, seats, cancellationPolicy },
    },
  });
  if (status !== 201) throw new Error(`the booking was not made: ${JSON.stringify(body)}`);
  return body.id;
}

export const plan = (seller: Person, listingId: string, availability: unknown, ifMatch = '*') =>
  request<{ code: string; weekly: readonly unknown[] }>('PUT', `/v1/listings/${listingId}/availability`, {
    token: seller.accessToken,
    body: availability,
    headers: { 'if-match': ifMatch },
  });

/** A published booking that can be had at every hour. @returns its id */
export async function publishedBooking(seller: Person, options: BookingOptions = {}): Promise<string> {
  const id = await draftBooking(seller, options);
  const planned = await plan(seller, id, allDay(options));
  const published = await request('POST', `/v1/listings/${id}/publish`, { token: seller.accessToken });
  if (planned.status !== 200 || published.status !== 200) {
    throw new Error(`it was not published: ${JSON.stringify([planned.body, published.body])}`);
  }
  return id;
}

export interface SlotBody {
  readonly startsAt: string;
  readonly endsAt: string;
  readonly seatsLeft: number;
}

const HOUR_MS = 60 * 60 * 1_000;

/** What is free within a day, beginning some hours from now. */
export async function freeSlots(listingId: string, fromHours = 0): Promise<readonly SlotBody[]> {
  const fromMs = Date.now() + fromHours * HOUR_MS;
  const query = new URLSearchParams({
    from: new Date(fromMs).toISOString(),
    to: new Date(fromMs + 24 * HOUR_MS).toISOString(),
  });
  const { status, body } = await request<{ data: readonly SlotBody[] }>(
    'GET',
    `/v1/listings/${listingId}/slots?${query.toString()}`,
  );
  if (status !== 200) throw new Error(`no slots: ${JSON.stringify(body)}`);
  return body.data;
}

/** The beginning of the first free hour, some hours from now. */
export async function freeHour(listingId: string, fromHours: number): Promise<string> {
  const [slot] = await freeSlots(listingId, fromHours);
  if (slot === undefined) throw new Error('nothing is free');
  return slot.startsAt;
}
