import { z } from 'zod';
import { changeAvailability, listSlots, readAvailability } from '../../services/marketplace/index.ts';
import { AVAILABILITY_LIMITS, DAYS, problemOf } from '../../services/marketplace/slot-rules.ts';
import { isTimeZone } from '../../services/messaging/time-zone-rules.ts';
import type { ApiDeps } from '../deps.ts';
import { etagOf, ifMatch } from '../preconditions.ts';
import { type Reply, type Route, route } from '../route.ts';
import { idOf, timestamp } from '../schemas.ts';

const opening = {
  from: z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'a time on the wall clock: 09:00'),
  to: z.string().regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, 'a time on the wall clock: 17:30, at most 24:00'),
};

const weekly = z
  .array(z.strictObject({ day: z.enum(DAYS), ...opening }))
  .max(AVAILABILITY_LIMITS.openingsInWeek)
  .superRefine((openings, context) => {
    for (const day of DAYS) {
      const problem = problemOf(openings.filter((one) => one.day === day));
      if (problem !== undefined) context.addIssue({ code: 'custom', message: `${day}: ${problem}` });
    }
  });

const exceptions = z
  .array(
    z.strictObject({
      date: z.iso.date().meta({ example: '2027-12-24' }),
      openings: z.array(z.strictObject(opening)).max(AVAILABILITY_LIMITS.openingsInDay),
    }),
  )
  .max(AVAILABILITY_LIMITS.exceptions)
  .superRefine((days, context) => {
    for (const [index, { date, openings }] of days.entries()) {
      const problem = problemOf(openings);
      if (problem !== undefined) context.addIssue({ code: 'custom', path: [index], message: `${date}: ${problem}` });
      if (days.findIndex((other) => other.date === date) !== index) {
        context.addIssue({ code: 'custom', path: [index, 'date'], message: `${date} stands there twice` });
      }
    }
  });

const availability = z
  .strictObject({
    timeZone: z
      .string()
      .refine(isTimeZone, 'a time zone by its IANA name')
      .meta({ description: 'Whose wall clocks the times are read on.', example: 'Europe/Berlin' }),
    weekly: weekly.meta({ description: 'Sessions follow each other within each opening.' }),
    exceptions: exceptions
      .default([])
      .meta({ description: 'Days with other openings than their weekday’s; none with an empty list.' }),
    minimumNoticeMinutes: z
      .int()
      .min(0)
      .max(AVAILABILITY_LIMITS.noticeMinutes)
      .default(0)
      .meta({ description: 'How long before it begins a session can be booked at the latest.' }),
  })
  .meta({ id: 'Availability' });

const instant = z.iso.datetime({ offset: true });

const slots = z
  .object({
    timeZone: z.string().nullable().meta({ description: 'Of the seller; null before anything was planned.' }),
    data: z.array(z.object({ startsAt: timestamp, endsAt: timestamp, seatsLeft: z.int().min(1) })),
  })
  .meta({ id: 'Slots' });

const params = z.strictObject({ id: idOf('lst') });
const tag = 'listings';
const NOT_A_BOOKING = { status: 422, when: 'it is goods, which are not booked for a time.' };
const DAY_MS = 24 * 60 * 60 * 1_000;
/** How far ahead is looked unless told. */
const USUAL_DAYS = 14;

type SlotRoutesDeps = Pick<ApiDeps, 'database'>;

/** When something can be booked. */
export function slotRoutes(deps: SlotRoutesDeps): Route[] {
  return [planRoute(deps), readPlanRoute(deps), listRoute(deps)];
}

function planRoute({ database }: SlotRoutesDeps): Route {
  return route({
    method: 'put',
    path: '/v1/listings/{id}/availability',
    operationId: 'planAvailability',
    tag,
    summary: 'Say when a listing can be booked',
    description:
      'Replaces the plan. What is booked stays booked. Sessions keep their time on the wall clock when clocks change; a ' +
      'session whose beginning a clock skips is left out. `If-Match` takes the `ETag` of the listing, which changes.',
    policy: { access: 'member' },
    ifMatch: true,
    params,
    body: availability,
    responses: { 200: { description: 'The plan.', schema: availability } },
    problems: {
      NOT_FOUND: { status: 404, when: 'there is no such listing, or it is not yours.' },
      VERSION_CHANGED: { status: 412, when: 'the listing has changed since.' },
      NOT_A_BOOKING,
    },
    handle: async ({ params: { id }, body, headers, caller }) =>
      replyOf(await changeAvailability(database, id, caller().userId, ifMatch(headers), body)),
  });
}

function readPlanRoute({ database }: SlotRoutesDeps): Route {
  return route({
    method: 'get',
    path: '/v1/listings/{id}/availability',
    operationId: 'getAvailability',
    tag,
    summary: 'Read when a listing can be booked',
    policy: { access: 'public', identify: true },
    params,
    responses: { 200: { description: 'The plan. `ETag` is that of the listing.', schema: availability } },
    problems: { NOT_FOUND: { status: 404, when: 'there is no such listing, or no plan yet.' }, NOT_A_BOOKING },
    handle: async ({ params: { id }, callerIfAny }) =>
      replyOf(await readAvailability(database, id, callerIfAny()?.userId)),
  });
}

function listRoute({ database }: SlotRoutesDeps): Route {
  return route({
    method: 'get',
    path: '/v1/listings/{id}/slots',
    operationId: 'listSlots',
    tag,
    summary: 'The times at which a listing can be booked, earliest first',
    policy: { access: 'public', identify: true },
    params,
    query: z.strictObject({
      from: instant.optional().meta({ description: 'From now on unless told.' }),
      to: instant.optional().meta({
        description: `Not included; ${USUAL_DAYS} days after \`from\` unless told, at most ${AVAILABILITY_LIMITS.daysListed}.`,
      }),
    }),
    responses: { 200: { description: 'What is free.', schema: slots } },
    problems: {
      NOT_FOUND: { status: 404, when: 'there is no such listing.' },
      RANGE_TOO_LONG: { status: 422, when: '`to` is not after `from`, or too long after it.' },
      NOT_A_BOOKING,
    },
    handle: async ({ params: { id }, query, callerIfAny }) => {
      const nowMs = Date.now();
      const fromMs = query.from === undefined ? nowMs : Date.parse(query.from);
      const toMs = query.to === undefined ? fromMs + USUAL_DAYS * DAY_MS : Date.parse(query.to);
      const found = await listSlots(database, id, callerIfAny()?.userId, { fromMs, toMs, nowMs });
      const data = found.slots.map(({ startsAt, endsAt, seatsLeft }) => ({
        startsAt: startsAt.toISOString(),
        endsAt: endsAt.toISOString(),
        seatsLeft,
      }));
      return { status: 200, body: { timeZone: found.timeZone, data } };
    },
  });
}

const replyOf = ({ availability: body, version }: Awaited<ReturnType<typeof readAvailability>>): Reply => ({
  status: 200,
  headers: { ETag: etagOf(version) },
  body,
});
