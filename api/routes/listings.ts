import { z } from 'zod';
import { idPattern, type UserId } from '../../contracts/ids.ts';
import { idFrom } from '../../platform/ids.ts';
import {
  changeListing,
  commandListing,
  createListing,
  type Listing,
  listListings,
  readListing,
} from '../../services/marketplace/index.ts';
import {
  CANCELLATION_POLICIES,
  CATEGORIES,
  DURATION_MINUTES,
  HANDLING_DAYS,
  LISTING_KINDS,
  LISTING_STATES,
  type ListingCommand,
  MAXIMUM_SEATS,
  MAXIMUM_STOCK,
} from '../../services/marketplace/rules.ts';
import { unauthenticated } from '../authentication.ts';
import { decodeCursor, pageFrom } from '../cursors.ts';
import type { ApiDeps } from '../deps.ts';
import { etagOf, ifMatch } from '../preconditions.ts';
import { type Reply, type Request, type Route, route } from '../route.ts';
import { currency, idOf, line, page, pageOf, text, timestamp } from '../schemas.ts';

const price = z
  .strictObject({ amount: z.int().min(1).meta({ description: 'Minor units: cents, pence.' }), currency })
  .meta({ description: 'Of one piece, or one seat.', example: { amount: 1250, currency: 'EUR' } });

const content = {
  title: line(3, 120),
  description: text(1, 5_000),
  category: z.enum(CATEGORIES),
  price,
};

const goods = {
  stock: z
    .int()
    .min(0)
    .max(MAXIMUM_STOCK)
    .meta({ description: 'How many there are in all, those sold and reserved included.' }),
  handlingDays: z
    .int()
    .min(HANDLING_DAYS.minimum)
    .max(HANDLING_DAYS.maximum)
    .meta({ description: 'Days from the payment to the delivery.' }),
};

const booking = {
  durationMinutes: z
    .int()
    .min(DURATION_MINUTES.minimum)
    .max(DURATION_MINUTES.maximum)
    .meta({ description: 'How long one session lasts.', example: 60 }),
  seats: z.int().min(1).max(MAXIMUM_SEATS).meta({ description: 'How many can take part in one session.' }),
  cancellationPolicy: z
    .enum(CANCELLATION_POLICIES)
    .meta({ description: 'What a buyer who cancels gets back; a purchase shows it as `next.ifCancelled`.' }),
};

const newListing = z
  .discriminatedUnion('kind', [
    z.strictObject({
      ...content,
      ...goods,
      kind: z.literal('goods'),
      handlingDays: goods.handlingDays.default(HANDLING_DAYS.usual),
    }),
    z.strictObject({
      ...content,
      kind: z.literal('booking'),
      booking: z.strictObject({
        ...booking,
        seats: booking.seats.default(1),
        cancellationPolicy: booking.cancellationPolicy.default('moderate'),
      }),
    }),
  ])
  .meta({ id: 'NewListing' });

const listingChange = z
  .strictObject({ ...content, ...goods, booking: z.strictObject(booking).partial() })
  .partial()
  .meta({ id: 'ListingChange' });

const listing = z
  .object({
    id: idOf('lst'),
    sellerId: idOf('usr'),
    state: z.enum(LISTING_STATES),
    kind: z.enum(LISTING_KINDS),
    title: z.string(),
    description: z.string(),
    category: z.enum(CATEGORIES),
    price: z.object({ amount: z.int(), currency }),
    handlingDays: z.int().nullable().meta({ description: 'Of goods.' }),
    stock: z
      .int()
      .nullable()
      .meta({ description: 'Of goods: how many there are in all, those sold and reserved included.' }),
    available: z.int().nullable().meta({ description: 'Of goods: how many can be bought now.' }),
    booking: z
      .object(booking)
      .nullable()
      .meta({ description: 'Of a booking. When it can be booked: GET /v1/listings/{id}/slots.' }),
    version: z.int().meta({ description: 'Counts the seller’s changes; a purchase is none.' }),
    createdAt: timestamp,
    updatedAt: timestamp,
    publishedAt: timestamp.nullable(),
  })
  .meta({ id: 'Listing' });

const params = z.strictObject({ id: idOf('lst') });

const filter = z.strictObject({
  ...page,
  category: z.enum(CATEGORIES).optional(),
  sellerId: idOf('usr').optional(),
  mine: z.literal('true').optional().meta({ description: 'Your own listings, in every state. For signed-in callers.' }),
});

export type ListingRoutesDeps = Pick<ApiDeps, 'database'>;

/** What is for sale. */
export function listingRoutes(deps: ListingRoutesDeps): Route[] {
  return [
    createRoute(deps),
    listRoute(deps),
    readRoute(deps),
    changeRoute(deps),
    commandRoute(deps, 'publish', 'Put a listing on sale', {
      SELLER_NOT_VERIFIED: { status: 409, when: 'your onboarding is not finished: POST /v1/onboardings.' },
      NO_AVAILABILITY: { status: 409, when: 'it is a booking without times: PUT /v1/listings/{id}/availability.' },
    }),
    commandRoute(deps, 'pause', 'Take a listing off sale for a while', {
      LISTING_STATE: { status: 409, when: 'it is a draft, which is not on sale.' },
    }),
  ];
}

function createRoute({ database }: ListingRoutesDeps): Route {
  return route({
    method: 'post',
    path: '/v1/listings',
    operationId: 'createListing',
    tag: 'listings',
    summary: 'Draft a listing',
    description: 'A draft is seen by its seller only, until it is published.',
    policy: { access: 'member' },
    idempotency: 'replay',
    body: newListing,
    responses: { 201: { description: 'The draft. `ETag` is for `If-Match`.', schema: listing } },
    problems: {
      PRICE_OUT_OF_RANGE: { status: 422, when: 'the price is below or above what can be charged.' },
    },
    handle: async ({ body, caller, operationUuid }) => {
      const id = idFrom('lst', operationUuid);
      const created = await createListing(database, { ...body, id, sellerId: caller().userId });
      return { ...replyOf(created), status: 201, headers: { ...headersOf(created), Location: `/v1/listings/${id}` } };
    },
  });
}

function listRoute({ database }: ListingRoutesDeps): Route {
  return route({
    method: 'get',
    path: '/v1/listings',
    operationId: 'listListings',
    tag: 'listings',
    summary: 'What is for sale, newest first',
    policy: { access: 'public', identify: true },
    query: filter,
    responses: { 200: { description: 'One page.', schema: pageOf(listing) } },
    handle: async ({ query, callerIfAny }) => {
      const own = query.mine === 'true' ? signedIn(callerIfAny) : undefined;
      // Somebody else's listings under `mine` are none: the two conditions cannot both hold.
      const contradictory = own !== undefined && query.sellerId !== undefined && query.sellerId !== own;
      const before = query.cursor === undefined ? undefined : decodeCursor(query.cursor, idPattern('lst'));
      const found = contradictory
        ? []
        : await listListings(database, own === undefined ? 'published' : 'all', {
            category: query.category,
            sellerId: own ?? query.sellerId,
            before,
            limit: query.limit + 1,
          });
      const { rows, nextCursor } = pageFrom(found, query.limit);
      return { status: 200, body: { data: rows.map(listingBody), nextCursor } };
    },
  });
}

function signedIn(callerIfAny: Request['callerIfAny']): UserId {
  const caller = callerIfAny();
  if (caller === undefined) throw unauthenticated('Sign in to see your own listings.');
  return caller.userId;
}

function readRoute({ database }: ListingRoutesDeps): Route {
  return route({
    method: 'get',
    path: '/v1/listings/{id}',
    operationId: 'getListing',
    tag: 'listings',
    summary: 'Read a listing',
    policy: { access: 'public', identify: true },
    params,
    responses: { 200: { description: 'The listing. `ETag` is for `If-Match`.', schema: listing } },
    problems: { NOT_FOUND: { status: 404, when: 'there is none, or it is a draft or paused and not yours.' } },
    handle: async ({ params, callerIfAny }) => replyOf(await readListing(database, params.id, callerIfAny()?.userId)),
  });
}

function changeRoute({ database }: ListingRoutesDeps): Route {
  return route({
    method: 'patch',
    path: '/v1/listings/{id}',
    operationId: 'changeListing',
    tag: 'listings',
    summary: 'Change a listing',
    description: 'Purchases made before keep the terms they were made on, and what is reserved stays reserved.',
    policy: { access: 'member' },
    ifMatch: true,
    params,
    body: listingChange,
    responses: { 200: { description: 'The listing as it is now.', schema: listing } },
    problems: {
      NOT_FOUND: { status: 404, when: 'there is none, or it is not yours.' },
      VERSION_CHANGED: { status: 412, when: 'the listing has changed since.' },
      PRICE_OUT_OF_RANGE: { status: 422, when: 'the price is below or above what can be charged.' },
      STOCK_BELOW_RESERVED: { status: 422, when: 'more pieces than that are sold or reserved.' },
      NOT_OF_THIS_KIND: { status: 422, when: 'goods have no `booking`, bookings no `stock` and `handlingDays`.' },
    },
    handle: async ({ params, body, headers, caller }) =>
      replyOf(await changeListing(database, params.id, caller().userId, ifMatch(headers), body)),
  });
}

function commandRoute(
  { database }: ListingRoutesDeps,
  command: ListingCommand,
  summary: string,
  problems: NonNullable<Route['problems']>,
): Route {
  return route({
    method: 'post',
    path: `/v1/listings/{id}/${command}`,
    operationId: `${command}Listing`,
    tag: 'listings',
    summary,
    policy: { access: 'member' },
    idempotency: 'replay',
    params,
    responses: { 200: { description: 'The listing as it is now.', schema: listing } },
    problems: { NOT_FOUND: { status: 404, when: 'there is none, or it is not yours.' }, ...problems },
    handle: async ({ params, caller }) => replyOf(await commandListing(database, params.id, caller().userId, command)),
  });
}

const headersOf = ({ version }: Listing): Record<string, string> => ({ ETag: etagOf(version) });

const replyOf = (found: Listing): Reply => ({ status: 200, headers: headersOf(found), body: listingBody(found) });

function listingBody({ stock, createdAt, updatedAt, publishedAt, ...rest }: Listing) {
  return {
    ...rest,
    stock: stock?.total ?? null,
    available: stock?.available ?? null,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    publishedAt: publishedAt?.toISOString() ?? null,
  };
}
