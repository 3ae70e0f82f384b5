import { z } from 'zod';
import { PAYOUT_STATUSES } from '../../contracts/payout.ts';
import { type ListedPayout, listPayouts } from '../../services/payouts/index.ts';
import { failureText } from '../../services/payouts/rules.ts';
import { decodeCursor, pageFrom } from '../cursors.ts';
import type { ApiDeps } from '../deps.ts';
import { balanceOf, balanceSchema } from '../payouts/balance.ts';
import { type Route, route } from '../route.ts';
import { page, pageOf, timestamp } from '../schemas.ts';

type PayoutRoutesDeps = Pick<ApiDeps, 'database' | 'payments'>;

/** What sellers have with us and at Stripe. */
export function payoutRoutes(deps: PayoutRoutesDeps): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/balance',
      operationId: 'getBalance',
      tag: 'payouts',
      summary: 'See what you have as a seller, by currency',
      description:
        'Minor units. What is `held` becomes `payable` when a purchase is released, is then sent to your account at ' +
        'Stripe, is `available` there some days later, and is paid out to your bank from there.',
      policy: { access: 'member' },
      responses: { 200: { description: 'Your balance.', schema: balanceSchema } },
      handle: async ({ caller, log }) => ({ status: 200, body: await balanceOf(deps, caller().userId, log) }),
    }),
    route({
      method: 'get',
      path: '/v1/payouts',
      operationId: 'listPayouts',
      tag: 'payouts',
      summary: 'List what was sent from your account at Stripe to your bank, newest first',
      description:
        'As we last saw it there. A payout that is `paid` can still become `failed`, days later, when the bank sends the money ' +
        'back. A failed one takes nothing from you: the money is in your account at Stripe, and goes out again with a later ' +
        'payout once a bank account is named that works.',
      policy: { access: 'member' },
      query: z.strictObject(page),
      responses: { 200: { description: 'A page of them.', schema: pageOf(payoutSchema) } },
      handle: async ({ query: { limit, cursor }, caller }) => {
        const before = cursor === undefined ? undefined : Number(decodeCursor(cursor, PLACE));
        const found = await listPayouts(deps.database, caller().userId, before, limit + 1);
        const { rows, nextCursor } = pageFrom(
          found.map((payout) => ({ id: String(payout.place), payout })),
          limit,
        );
        return { status: 200, body: { data: rows.map(({ payout }) => payoutBody(payout)), nextCursor } };
      },
    }),
  ];
}

/** What a cursor holds: the place of a payout in the list of all. */
const PLACE = '^[0-9]{1,15}$';

const payoutSchema = z
  .object({
    id: z.string().meta({ description: 'Stripe’s id.', example: 'po_1Q2w3E4r5T6y7U8i' }),
    status: z.enum(PAYOUT_STATUSES),
    amount: z.object({
      amount: z.int(),
      currency: z.string().meta({ description: 'ISO 4217: the one of your bank account.' }),
    }),
    automatic: z.boolean().meta({ description: 'By the schedule of your account, and not asked for by you.' }),
    createdAt: timestamp,
    arrivesAt: timestamp.meta({ description: 'When it is expected at the bank.' }),
    paidAt: timestamp.nullable(),
    failedAt: timestamp.nullable(),
    failure: z
      .object({ code: z.string().nullable(), says: z.string() })
      .nullable()
      .meta({ description: 'Why the bank did not take it, and what you can do.' }),
  })
  .meta({ id: 'Payout' });

function payoutBody(payout: ListedPayout): z.input<typeof payoutSchema> {
  const { id, status, amount, currency, automatic, createdAt, arrivalAt, paidAt, failedAt, failureCode } = payout;
  return {
    id,
    status,
    amount: { amount, currency },
    automatic,
    createdAt: createdAt.toISOString(),
    arrivesAt: arrivalAt.toISOString(),
    paidAt: paidAt?.toISOString() ?? null,
    failedAt: failedAt?.toISOString() ?? null,
    failure: status === 'failed' ? { code: failureCode, says: failureText(failureCode) } : null,
  };
}
