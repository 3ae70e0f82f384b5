import { z } from 'zod';
import { type DiscountId, idPattern } from '../../contracts/ids.ts';
import { conflict, notFound } from '../../platform/errors.ts';
import { idFrom } from '../../platform/ids.ts';
import {
  createDiscount,
  type Discount,
  disableDiscount,
  findDiscount,
  listDiscounts,
} from '../../services/discounts/index.ts';
import { normalisedCode } from '../../services/discounts/rules.ts';
import { decodeCursor, pageFrom } from '../cursors.ts';
import type { ApiDeps } from '../deps.ts';
import { type Policy, type Route, route } from '../route.ts';
import { currency, idOf, page, pageOf, timestamp } from '../schemas.ts';

const policy: Policy = { access: 'staff', roles: ['finance', 'admin'] };
const tag = 'staff';
const path = '/v1/admin/discounts';

/** Minor units; a thousand times the most that a card can be charged is more than any budget. */
const MAXIMUM_BUDGET = 99_999_999_000;
const MAXIMUM_USES = 1_000_000;
const amount = z.int().min(1).max(99_999_999);

const terms = {
  code: z
    .string()
    .transform(normalisedCode)
    .pipe(z.string().regex(/^[A-Z0-9][A-Z0-9-]{2,31}$/, '3 to 32 letters, digits and dashes'))
    .meta({ description: 'What buyers type: 3 to 32 letters, digits and dashes. Upper and lower case are the same.' }),
  currency: currency.meta({ description: 'Of all amounts here, and of what can be bought with it.' }),
  basisPoints: z.int().min(1).max(10_000).optional().meta({
    description: 'A part of the price, 1,000 for 10 %, rounded down to the minor unit. Either this or `amount`.',
  }),
  amount: amount.optional().meta({ description: 'A fixed amount, minor units.' }),
  maximumAmount: amount.optional().meta({ description: 'The most that a part of the price comes to.' }),
  minimumPrice: amount.optional().meta({ description: 'The least price that it is taken for.' }),
  validFrom: timestamp.optional().meta({ description: 'From now on, when it is absent.' }),
  validUntil: timestamp.optional().meta({ description: 'The first moment at which it is no longer taken.' }),
  maxUses: z.int().min(1).max(MAXIMUM_USES).optional().meta({ description: 'How often it can be used in all.' }),
  maxUsesPerBuyer: z.int().min(1).max(MAXIMUM_USES).default(1),
  budget: z
    .int()
    .min(1)
    .max(MAXIMUM_BUDGET)
    .optional()
    .meta({ description: 'The most that all its uses give together.' }),
};

const newDiscount = z
  .strictObject(terms)
  .refine((made) => (made.basisPoints === undefined) !== (made.amount === undefined), {
    message: 'either `basisPoints` or `amount`',
    path: ['amount'],
  })
  .refine((made) => made.amount === undefined || made.maximumAmount === undefined, {
    message: 'a fixed amount is the most that it gives',
    path: ['maximumAmount'],
  })
  .refine((made) => made.maxUses !== undefined || made.budget !== undefined, {
    message: 'a code has `maxUses`, a `budget`, or both',
    path: ['maxUses'],
  })
  .refine(
    ({ validFrom, validUntil }) => validUntil === undefined || validUntil > (validFrom ?? new Date().toISOString()),
    {
      message: '`validUntil` is in the future, and after `validFrom`',
      path: ['validUntil'],
    },
  )
  .meta({ id: 'NewDiscount' });

const count = z.int().min(0);

const discountSchema = z
  .object({
    id: idOf('dsc'),
    code: z.string(),
    currency,
    basisPoints: count.nullable(),
    amount: count.nullable(),
    maximumAmount: count.nullable(),
    minimumPrice: count.nullable(),
    validFrom: timestamp,
    validUntil: timestamp.nullable(),
    maxUses: count.nullable(),
    maxUsesPerBuyer: count.nullable(),
    budget: count.nullable(),
    uses: count.meta({ description: 'Purchases that use it; those that ended before they were paid are not counted.' }),
    spent: count.meta({ description: 'What these were promised together, minor units.' }),
    createdBy: idOf('usr'),
    createdAt: timestamp,
    disabledAt: timestamp.nullable(),
  })
  .meta({ id: 'Discount' });

const iso = (ms: number): string => new Date(ms).toISOString();

const discountBody = (discount: Discount): z.input<typeof discountSchema> => {
  const { validFromMs, validUntilMs, isDisabled: _isDisabled, createdAt, disabledAt, ...same } = discount;
  return {
    ...same,
    validFrom: iso(validFromMs),
    validUntil: validUntilMs === null ? null : iso(validUntilMs),
    createdAt: createdAt.toISOString(),
    disabledAt: disabledAt?.toISOString() ?? null,
  };
};

const params = z.strictObject({ id: idOf('dsc') });
const one = { 200: { description: 'The code.', schema: discountSchema } } as const;

/** The discount codes that Wellpact pays for. */
export function discountRoutes({ database }: Pick<ApiDeps, 'database'>): Route[] {
  return [
    route({
      method: 'post',
      path,
      operationId: 'createDiscount',
      tag,
      summary: 'Make a discount code that Wellpact pays for',
      description:
        'A buyer names it as `discountCode` and pays so much less; the seller gets what they would get without it. It is ' +
        'never changed: disable it and make another one.',
      policy,
      idempotency: 'replay',
      body: newDiscount,
      problems: { DISCOUNT_EXISTS: { status: 409, when: 'there is, or was, a code of that name.' } },
      responses: { 201: { description: 'The code.', schema: discountSchema } },
      handle: async ({ body: { validFrom, validUntil, ...body }, caller, actor, operationUuid }) => {
        const createdAt = new Date();
        const made = await createDiscount(database, actor(), {
          id: idFrom('dsc', operationUuid),
          code: body.code,
          currency: body.currency,
          basisPoints: body.basisPoints ?? null,
          amount: body.amount ?? null,
          maximumAmount: body.maximumAmount ?? null,
          minimumPrice: body.minimumPrice ?? null,
          validFromMs: validFrom === undefined ? createdAt.getTime() : Date.parse(validFrom),
          validUntilMs: validUntil === undefined ? null : Date.parse(validUntil),
          maxUses: body.maxUses ?? null,
          maxUsesPerBuyer: body.maxUsesPerBuyer,
          budget: body.budget ?? null,
          createdBy: caller().userId,
          createdAt,
        });
        if (made === undefined) throw conflict('DISCOUNT_EXISTS', 'There is, or was, a code of that name.');
        return { status: 201, body: discountBody(made), headers: { Location: `${path}/${made.id}` } };
      },
    }),
    route({
      method: 'get',
      path,
      operationId: 'listDiscounts',
      tag,
      summary: 'List discount codes, newest first',
      policy,
      query: z.strictObject(page),
      responses: { 200: { description: 'A page of them.', schema: pageOf(discountSchema) } },
      handle: async ({ query: { limit, cursor } }) => {
        const before = cursor === undefined ? undefined : (decodeCursor(cursor, idPattern('dsc')) as DiscountId);
        const { rows, nextCursor } = pageFrom(await listDiscounts(database, before, limit + 1), limit);
        return { status: 200, body: { data: rows.map(discountBody), nextCursor } };
      },
    }),
    route({
      method: 'get',
      path: `${path}/{id}`,
      operationId: 'getDiscount',
      tag,
      summary: 'Read a discount code, and how much of it is used',
      policy,
      params,
      responses: one,
      handle: async ({ params: { id } }) => ({ status: 200, body: known(await findDiscount(database, id)) }),
    }),
    route({
      method: 'post',
      path: `${path}/{id}/disable`,
      operationId: 'disableDiscount',
      tag,
      summary: 'Disable a discount code: nobody can use it from now on',
      description: 'Purchases that use it already keep what they were promised.',
      policy,
      idempotency: 'replay',
      params,
      responses: one,
      handle: async ({ params: { id }, actor }) => ({
        status: 200,
        body: known(await disableDiscount(database, actor(), id, new Date())),
      }),
    }),
  ];
}

function known(discount: Discount | undefined): z.input<typeof discountSchema> {
  if (discount === undefined) throw notFound('discount code');
  return discountBody(discount);
}
