import { z } from 'zod';
import { notFound, unprocessable } from '../../platform/errors.ts';
import { type Statement, statementMonths, statementOf } from '../../services/transactions/index.ts';
import { boundsOf, isClosed, type Month, STATEMENT_NAMES } from '../../services/transactions/statement-rules.ts';
import { getUser } from '../../services/users/index.ts';
import type { ApiDeps } from '../deps.ts';
import { fileReply } from '../documents/file.ts';
import { statementCsv, statementPdf } from '../documents/statement.ts';
import type { Caller } from '../route.ts';
import { type Route, route } from '../route.ts';
import { currency } from '../schemas.ts';

type StatementRoutesDeps = Pick<ApiDeps, 'config' | 'database'>;

/** Lines of one document at the most. Drawing a page takes its time, and nobody reads so many of them. */
const MAX_LINES = { csv: 50_000, pdf: 1_000 } as const;
/** Before that nothing was sold anywhere. */
const FIRST_YEAR = 2020;

const amount = z.int();
const month = z
  .string()
  .regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'a month: 2026-11')
  .meta({ description: 'A month in UTC.', example: '2026-11' });
const params = z.object({ month });
const query = z.strictObject({ currency });
const tag = 'payouts';
const policy = { access: 'member' } as const;
const problems = {
  MONTH_TO_COME: { status: 422, when: 'the month has not begun.' },
  STATEMENT_TOO_LONG: { status: 422, when: 'it has more lines than the document can have: `maximum`.' },
} as const;

const names = Object.values(STATEMENT_NAMES);
const summarySchema = z
  .object({
    month,
    currency,
    openingBalance: amount,
    closingBalance: amount,
    changes: z
      .partialRecord(z.enum(names), amount)
      .meta({ description: 'Sums of what happened: above zero where it added to the balance.' }),
    closed: z.boolean().meta({ description: 'The month is over, and nothing can be added any more.' }),
  })
  .meta({ id: 'StatementSummary' });

/** What happened to a seller's money, month by month, as the ledger has it. */
export function statementRoutes({ config, database }: StatementRoutesDeps): Route[] {
  const statementFor = async ({ userId }: Caller, month: Month, of: Statement['currency'], limit: number) => {
    const { from } = boundsOf(month);
    if (from.getUTCFullYear() < FIRST_YEAR) throw notFound('statement');
    if (from.getTime() > Date.now()) throw unprocessable('MONTH_TO_COME', 'This month has not begun yet.');
    const statement = await statementOf(database, userId, { month, currency: of, limit });
    if (statement !== 'too_long') return statement;
    throw unprocessable('STATEMENT_TOO_LONG', `This statement has more than ${limit} lines. Take it as CSV.`, {
      maximum: limit,
    });
  };
  return [
    route({
      method: 'get',
      path: '/v1/statements',
      operationId: 'listStatements',
      tag,
      summary: 'List the months with something on your statement, newest first',
      description: 'One entry for each month and currency. All amounts are in minor units.',
      policy,
      responses: {
        200: { description: 'All of them.', schema: z.object({ data: z.array(summarySchema) }) },
      },
      handle: async ({ caller }) => {
        const months = await statementMonths(database, caller().userId);
        const data = months.map(({ month, currency, opening, closing, sums }) => ({
          month,
          currency,
          openingBalance: opening,
          closingBalance: closing,
          changes: Object.fromEntries(
            Object.entries(sums).map(([account, sum]) => [STATEMENT_NAMES[account as keyof typeof sums], sum]),
          ),
          closed: isClosed(month, Date.now()),
        }));
        return { status: 200, body: { data } };
      },
    }),
    route({
      method: 'get',
      path: '/v1/statements/{month}/csv',
      operationId: 'getStatementCsv',
      tag,
      summary: 'Your statement of a month as CSV',
      description:
        'RFC 4180, in UTF-8. The first row has the opening balance, the last one the closing balance; amounts are decimals ' +
        'of the currency. A month that is not over has what happened so far.',
      policy,
      params,
      query,
      problems,
      responses: { 200: { description: 'The statement.', schema: z.string(), contentType: 'text/csv' } },
      handle: async ({ params: { month }, query, caller }) => {
        const statement = await statementFor(caller(), month, query.currency, MAX_LINES.csv);
        return fileReply(`statement-${month}-${query.currency}.csv`, statementCsv(statement));
      },
    }),
    route({
      method: 'get',
      path: '/v1/statements/{month}/pdf',
      operationId: 'getStatementPdf',
      tag,
      summary: 'Your statement of a month as PDF',
      policy,
      params,
      query,
      problems,
      responses: {
        200: {
          description: 'The statement.',
          schema: z.string().meta({ format: 'binary' }),
          contentType: 'application/pdf',
        },
      },
      handle: async ({ params: { month }, query, caller }) => {
        const { userId } = caller();
        const statement = await statementFor(caller(), month, query.currency, MAX_LINES.pdf);
        const user = await getUser(database, userId);
        if (user === undefined) throw notFound('statement');
        const bytes = await statementPdf(statement, {
          issuer: config.DOCUMENT_ISSUER,
          sellerName: user.displayName,
          sellerId: userId,
          nowMs: Date.now(),
        });
        return fileReply(`statement-${month}-${query.currency}.pdf`, bytes);
      },
    }),
  ];
}
