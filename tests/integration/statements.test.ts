/** Statements equal the ledger, in each of their forms: recomputed here by SQL that shares nothing with the service. */
import pg from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { orThrow } from '../../client/index.ts';
import { request } from '../helpers/client.ts';
import { documentAt, rowsOf, textOf } from '../helpers/documents.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, type PurchaseAction, publishedListing, read } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';

let seller: Person;
let buyer: Person;
let ids: string[];
const month = new Date().toISOString().slice(0, 7);

beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
  const listing = await publishedListing(seller, { title: 'A balm for sore knees', amount: 2_499 });
  const ways: (readonly (readonly [Person, PurchaseAction])[])[] = [
    [],
    [[seller, 'accept']],
    [
      [seller, 'accept'],
      [buyer, 'confirm'],
    ],
    [
      [seller, 'accept'],
      [buyer, 'cancel'],
    ],
    [
      [seller, 'accept'],
      [seller, 'deliver'],
      [buyer, 'confirm'],
      [seller, 'refunds'],
    ],
  ];
  ids = await Promise.all(
    ways.map(async (way) => {
      const { body } = await buy(buyer, listing);
      for (const [who, action] of way) expect((await act(who, body.id, action)).status, action).toBe(200);
      return body.id;
    }),
  );
});

async function query<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[]): Promise<Row[]> {
  const client = new pg.Client({ connectionString: stack().databases.owner });
  await client.connect();
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

/** What the ledger has for a seller: their balance, and every posting that changed it, or moved the commission. */
async function ledgerOf(sellerId: string) {
  const purchases = await query<{ id: string }>('SELECT id FROM transactions.purchases WHERE seller_id = $1', [
    sellerId,
  ]);
  const entries = await query<{ purchase_id: string; account: string; amount: string }>(
    'SELECT purchase_id, account, amount FROM ledger.entries WHERE purchase_id = ANY ($1)',
    [purchases.map(({ id }) => id)],
  );
  const sum = (accounts: readonly string[]): number =>
    entries
      .filter(({ account }) => accounts.includes(account))
      .reduce((total, { amount }) => total + Number(amount), 0);
  return { balance: -sum(['held', 'payable']), sum };
}

const minor = (text: string | undefined): number => Math.round(Number(text === '' ? '0' : text) * 100);

const path = (form: 'csv' | 'pdf', of = month) => `/v1/statements/${of}/${form}?currency=EUR`;

describe('a statement', () => {
  test('adds up to what the ledger has, line by line, and in the list of months', async () => {
    const { status, headers, bytes } = await documentAt(seller, path('csv'));
    expect([status, headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
    expect(headers.get('content-disposition')).toContain(`statement-${month}-EUR.csv`);
    const rows = rowsOf(bytes);
    const [opening, closing] = [rows.at(0), rows.at(-1)];
    expect([opening?.['What'], opening?.['Balance']]).toEqual(['Opening balance', '0.00']);
    const lines = rows.slice(1, -1);
    let balance = 0;
    for (const line of lines) {
      balance += minor(line['In']) - minor(line['Out']);
      expect(minor(line['Balance'])).toBe(balance);
      expect(ids).toContain(line['Purchase']);
    }
    const ledger = await ledgerOf(seller.id);
    expect(ledger.balance).toBe(balance);
    expect(minor(closing?.['Balance'])).toBe(ledger.balance);
    const told = (what: string, side: 'In' | 'Out'): number =>
      lines.filter((line) => line['What'] === what).reduce((sum, line) => sum + minor(line[side]), 0);
    expect(told('Payment', 'In')).toBe(ledger.sum(['captured']));
    expect(told('Commission', 'Out') - told('Commission given back', 'In')).toBe(-ledger.sum(['fees']));
    expect(told('Refund', 'Out')).toBe(-ledger.sum(['refunded']));
    expect(told('Transfer to your account', 'Out') - told('Transfer taken back', 'In')).toBe(
      -ledger.sum(['transferred']),
    );

    const { data } = await orThrow(seller.client.GET('/v1/statements'));
    expect(data).toEqual([
      {
        month,
        currency: 'EUR',
        openingBalance: 0,
        closingBalance: ledger.balance,
        closed: false,
        changes: {
          payments: ledger.sum(['captured']),
          refunds: ledger.sum(['refunded']),
          commission: ledger.sum(['fees']),
          transfers: ledger.sum(['transferred']),
        },
      },
    ]);
  });

  test('says the same as PDF, and nowhere what was bought, or by whom', async () => {
    const [pdf, rows] = [await documentAt(seller, path('pdf')), rowsOf((await documentAt(seller, path('csv'))).bytes)];
    expect([pdf.status, pdf.headers.get('content-type')]).toEqual([200, 'application/pdf']);
    const text = (await textOf(pdf.bytes)).join('\n');
    let from = 0;
    for (const row of rows.slice(1, -1)) {
      const line = [row['Date']?.slice(0, 10), row['Purchase'], row['What'], row['In'], row['Out'], row['Balance']];
      const said = line.filter((part) => part !== '').join(' ');
      const at = text.replaceAll(/\s+/g, ' ').indexOf(said, from);
      expect(at, said).toBeGreaterThanOrEqual(from);
      from = at;
    }
    expect(text).toMatch(new RegExp(`Closing balance\\s+${rows.at(-1)?.['Balance']} EUR`));
    const names = (await orThrow(buyer.client.GET('/v1/me'))).displayName;
    const both = `${text}${(await documentAt(seller, path('csv'))).bytes.toString()}`;
    for (const hidden of ['balm', 'knees', 'skin_care', names, buyer.id]) expect(both).not.toContain(hidden);
  });

  test('of a month without anything, or in another currency, is empty and true', async () => {
    for (const where of ['/v1/statements/2024-02/csv?currency=EUR', `/v1/statements/${month}/csv?currency=CHF`]) {
      const { status, bytes } = await documentAt(seller, where);
      expect(status).toBe(200);
      expect(rowsOf(bytes).map((row) => [row['What'], row['Balance']])).toEqual([
        ['Opening balance', '0.00'],
        ['Closing balance', '0.00'],
      ]);
    }
  });

  test('of a month that is over is the same, byte by byte', async () => {
    const [one, other] = [
      await documentAt(seller, path('pdf', '2024-02')),
      await documentAt(seller, path('pdf', '2024-02')),
    ];
    expect(one.bytes.equals(other.bytes)).toBe(true);
  });

  test('is its seller’s: the buyer has one of their own, with nothing on it', async () => {
    expect(rowsOf((await documentAt(buyer, path('csv'))).bytes).length).toBe(2);
    expect((await orThrow(buyer.client.GET('/v1/statements'))).data).toEqual([]);
  });

  test.each([
    ['2026-13/csv?currency=EUR', 400, 'INVALID_REQUEST'],
    ['2026-1/csv?currency=EUR', 400, 'INVALID_REQUEST'],
    [`${month}/csv`, 400, 'INVALID_REQUEST'],
    [`${month}/csv?currency=XTS`, 400, 'INVALID_REQUEST'],
    [`${month}/xlsx?currency=EUR`, 404, 'NO_SUCH_ROUTE'],
    ['2199-01/pdf?currency=EUR', 422, 'MONTH_TO_COME'],
    ['1999-01/pdf?currency=EUR', 404, 'NOT_FOUND'],
  ])('%s is %i', async (what, status, code) => {
    const answer = await request('GET', `/v1/statements/${what}`, { token: seller.accessToken });
    expect([answer.status, answer.body['code']]).toEqual([status, code]);
  });
});

test('what a statement is made of stands in the purchases, too', async () => {
  const bodies = await Promise.all(ids.map(async (id) => (await read(seller, id)).body.money));
  const waiting = bodies.reduce((sum, { held, payable }) => sum + held + payable, 0);
  expect((await ledgerOf(seller.id)).balance).toBe(waiting);
});
