import { z } from 'zod';
import { Problem } from '../../platform/errors.ts';
import {
  type AccountBalance,
  accountBalances,
  CHECKED,
  type Checked,
  chartOf,
  checkLedger,
  type LedgerCheck,
  type LedgerPosting,
  MAX_DIFFERENCES,
  postingsOf,
} from '../../services/transactions/index.ts';
import { decodeCursor, pageFrom } from '../cursors.ts';
import type { ApiDeps } from '../deps.ts';
import { type Policy, type Route, route } from '../route.ts';
import { idOf, line, page, pageOf, timestamp } from '../schemas.ts';

const policy: Policy = { access: 'staff', roles: ['finance', 'admin'] };
const tag = 'staff';

const minorUnits = z.int();

const accountSchema = z
  .object({
    account: z.string(),
    class: z.string(),
    normalSide: z.enum(['debit', 'credit']).meta({ description: 'The side on which it grows.' }),
    about: z.string(),
    atStripe: z.boolean().meta({ description: 'Whether it is part of our balance at Stripe.' }),
    currency: z.string(),
    balance: minorUnits.meta({ description: 'On its normal side, in minor units.' }),
  })
  .meta({ id: 'LedgerAccount' });

const postingSchema = z
  .object({
    id: z.string(),
    source: z.string().meta({ description: 'Whose books it is in.' }),
    step: z.string(),
    postedAt: timestamp,
    currency: z.string(),
    purchaseId: idOf('pur').nullable(),
    workflowId: z.string().nullable(),
    runId: z.string(),
    causedBy: z
      .string()
      .nullable()
      .meta({ description: "The update, the provider's event or the deadline behind it." }),
    entries: z.array(
      z.object({
        account: z.string(),
        amount: minorUnits.meta({ description: 'Debits positive, credits negative.' }),
        reference: z.string().nullable().meta({ description: 'What it stands for at Stripe.' }),
      }),
    ),
  })
  .meta({ id: 'LedgerPosting' });

const checkSchema = z
  .object({
    ok: z.boolean(),
    checkedAt: timestamp,
    transactions: minorUnits,
    entries: minorUnits,
    purchases: minorUnits,
    sums: z.array(z.object({ currency: z.string(), debits: minorUnits, credits: minorUnits, difference: minorUnits })),
    differences: z
      .array(
        z.object({
          kind: z.enum(Object.keys(CHECKED) as [Checked, ...Checked[]]),
          about: z.string(),
          purchaseId: z.string().nullable(),
          transactionId: z.string().nullable(),
          account: z.string().nullable(),
          currency: z.string().nullable(),
          ledger: minorUnits.meta({ description: 'What the entries add up to.' }),
          expected: minorUnits.meta({ description: 'What it should be, or what the other side says.' }),
        }),
      )
      .meta({ description: `At most ${MAX_DIFFERENCES} of each kind.` }),
  })
  .meta({ id: 'LedgerCheck' });

/** The ledger as finance reads it. */
export function ledgerRoutes({ database }: Pick<ApiDeps, 'database'>): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/admin/ledger/accounts',
      operationId: 'listLedgerAccounts',
      tag,
      summary: 'Read the balance of each account, by currency',
      policy,
      query: z.strictObject(page),
      responses: { 200: { description: 'A page of them.', schema: pageOf(accountSchema) } },
      handle: async ({ query: { limit, cursor } }) => {
        const after = cursor === undefined ? undefined : decodeCursor(cursor, '^[a-zA-Z]+/[A-Z]{3}$');
        const found = await accountBalances(database, after, limit + 1);
        const named = found.map((one) => ({ ...one, id: `${one.account}/${one.currency}` }));
        const { rows, nextCursor } = pageFrom(named, limit);
        return { status: 200, body: { data: rows.map(accountBody), nextCursor } };
      },
    }),
    route({
      method: 'get',
      path: '/v1/admin/ledger/check',
      operationId: 'checkLedger',
      tag,
      summary: 'Check the whole ledger',
      description:
        'Adds up everything anew, from the entries alone and at one moment: each posting, each currency, each purchase ' +
        'and its row, the snapshot that balances are read from. What is wrong is listed with its purchase. For the ' +
        'ledger against Stripe there are reconciliations.',
      policy,
      problems: { CHECK_TOO_LONG: { status: 503, when: 'the ledger is too long to be read while you wait.' } },
      responses: { 200: { description: 'What was found.', schema: checkSchema } },
      handle: async () => {
        const check = await checkLedger(database);
        if (check === 'too_long') {
          const detail =
            'The ledger is too long to be read while you wait. The relay checks it every hour: see its log.';
          throw new Problem(503, 'CHECK_TOO_LONG', detail);
        }
        return { status: 200, body: checkBody(check) };
      },
    }),
    route({
      method: 'get',
      path: '/v1/admin/ledger/postings',
      operationId: 'listLedgerPostings',
      tag,
      summary: 'Read the postings of a purchase, or about an object of Stripe, oldest first',
      policy,
      query: z
        .strictObject({
          ...page,
          purchaseId: idOf('pur').optional(),
          reference: line(1, 100).optional().meta({ description: 'As `re_…`.' }),
        })
        .refine((query) => (query.purchaseId === undefined) !== (query.reference === undefined), {
          message: 'exactly one of purchaseId and reference',
          path: ['purchaseId'],
        }),
      responses: { 200: { description: 'A page of them.', schema: pageOf(postingSchema) } },
      handle: async ({ query: { limit, cursor, purchaseId, reference = '' } }) => {
        const after = cursor === undefined ? undefined : decodeCursor(cursor, '^[0-9a-f-]{36}$');
        const filter = purchaseId === undefined ? { reference } : { purchaseId };
        const { rows, nextCursor } = pageFrom(await postingsOf(database, filter, { after, limit: limit + 1 }), limit);
        return { status: 200, body: { data: rows.map(postingBody), nextCursor } };
      },
    }),
  ];
}

function accountBody({ account, currency, balance }: AccountBalance): z.input<typeof accountSchema> {
  const chart = chartOf(account);
  // Not -0, which JSON knows not of.
  return { account, ...chart, currency, balance: chart.normalSide === 'debit' || balance === 0 ? balance : -balance };
}

const postingBody = (posting: LedgerPosting): z.input<typeof postingSchema> => ({
  ...posting,
  postedAt: posting.postedAt.toISOString(),
  purchaseId: posting.purchaseId as `pur_${string}` | null,
  entries: posting.entries.map((entry) => ({ ...entry })),
});

const checkBody = ({ checkedAt, sums, differences, ...counted }: LedgerCheck): z.input<typeof checkSchema> => ({
  ...counted,
  ok: differences.length === 0 && sums.every(({ debits, credits }) => debits === credits),
  checkedAt: checkedAt.toISOString(),
  sums: sums.map((sum) => ({ ...sum, difference: sum.debits - sum.credits })),
  differences: differences.map((one) => ({ ...one, about: CHECKED[one.kind] })),
});
