/** Receipts and invoices: what they say is what the books say, and each number is given once, without gaps. */
import { beforeAll, describe, expect, test } from 'vitest';
import { discountCode } from '../helpers/discounts.ts';
import { documentAt, rowsOf, textOf } from '../helpers/documents.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, type PurchaseAction, publishedListing } from '../helpers/purchases.ts';
import { staffToken } from '../helpers/staff.ts';

let seller: Person;
let buyer: Person;
let listing: string;
beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
  listing = await publishedListing(seller, { title: 'A balm for sore knees', amount: 2_499, stock: 50 });
});

async function gone(...way: readonly (readonly [Person, PurchaseAction])[]): Promise<string> {
  const { status, body } = await buy(buyer, listing);
  expect(status, JSON.stringify(body)).toBe(201);
  for (const [who, action] of way) expect((await act(who, body.id, action)).status, action).toBe(200);
  return body.id;
}

const invoice = (who: Person, id: string, form: 'csv' | 'pdf') =>
  documentAt(who, `/v1/purchases/${id}/invoice/${form}`);

/** What the CSV says: each amount by its name, and the number. */
async function said(who: Person, id: string) {
  const { status, bytes } = await invoice(who, id, 'csv');
  expect(status, bytes.toString()).toBe(200);
  const rows = rowsOf(bytes);
  const amounts = Object.fromEntries(rows.map((row) => [row['What'], row['Amount']]));
  return { number: rows[0]?.['Number'] ?? '', replaces: rows[0]?.['Replaces'], amounts };
}

const oneLine = async (pdf: Buffer): Promise<string> => (await textOf(pdf)).join(' ').replaceAll(/\s+/g, ' ');

describe('of a sale', () => {
  test('the buyer has a receipt with the taxes within, the seller an invoice about the commission', async () => {
    const id = await gone([seller, 'accept'], [buyer, 'confirm']);
    const receipt = await said(buyer, id);
    expect(receipt.number).toMatch(/^R-\d{4}-\d{6}$/);
    expect(receipt.amounts).toEqual({ Price: '24.99', 'Of which VAT 19 % (DE)': '3.99', Paid: '24.99' });
    const commission = await said(seller, id);
    expect(commission.number).toMatch(/^C-\d{4}-\d{6}$/);
    expect(commission.amounts).toEqual({ 'Sold for, less what went back': '24.99', Commission: '2.50' });

    const forBuyer = await oneLine((await invoice(buyer, id, 'pdf')).bytes);
    for (const part of [
      receipt.number,
      id,
      'A balm for sore knees',
      'Price 24.99 EUR',
      '(DE) 3.99 EUR',
      'Paid 24.99 EUR',
    ]) {
      expect(forBuyer).toContain(part);
    }
    const forSeller = await oneLine((await invoice(seller, id, 'pdf')).bytes);
    for (const part of [commission.number, id, '10 %', 'Commission 2.50 EUR']) expect(forSeller).toContain(part);
    // Who bought what is not what an invoice about a commission has to say.
    expect(forSeller).not.toContain('balm');
  });

  test('asked again it is the very same, byte by byte; after a refund another one takes its place', async () => {
    const id = await gone([seller, 'accept'], [buyer, 'confirm']);
    const [first, again] = [await invoice(buyer, id, 'pdf'), await invoice(buyer, id, 'pdf')];
    expect(again.bytes.equals(first.bytes)).toBe(true);
    const before = { receipt: await said(buyer, id), commission: await said(seller, id) };
    expect((await act(seller, id, 'refunds')).status).toBe(200);

    const receipt = await said(buyer, id);
    expect(receipt.replaces).toBe(before.receipt.number);
    expect(receipt.number).not.toBe(before.receipt.number);
    expect(receipt.amounts).toEqual({
      Price: '24.99',
      'Less refunded': '24.99',
      'Of which VAT 19 % (DE)': '0.00',
      Paid: '0.00',
    });
    const commission = await said(seller, id);
    expect(commission).toMatchObject({ replaces: before.commission.number, amounts: { Commission: '0.00' } });
    expect(await oneLine((await invoice(buyer, id, 'pdf')).bytes)).toContain(`Replaces ${before.receipt.number}`);
  });

  test('with a discount the receipt says who paid what, and the commission is on the full price', async () => {
    const { code } = await discountCode(await staffToken('finance'), { currency: 'EUR', amount: 499 });
    const { body } = await buy(buyer, listing, { discountCode: code });
    for (const [who, action] of [[seller, 'accept'] as const, [buyer, 'confirm'] as const])
      await act(who, body.id, action);
    expect((await said(buyer, body.id)).amounts).toEqual({
      Price: '24.99',
      'Less discount paid by Wellpact': '4.99',
      // The seller owes the tax on all that they sold it for.
      'Of which VAT 19 % (DE)': '3.99',
      Paid: '20.00',
    });
    expect((await said(seller, body.id)).amounts).toEqual({
      'Sold for, less what went back': '24.99',
      Commission: '2.50',
    });
    expect((await act(seller, body.id, 'refunds')).status).toBe(200);
    expect((await said(buyer, body.id)).amounts).toEqual({
      Price: '24.99',
      'Less discount paid by Wellpact': '4.99',
      'Less refunded': '20.00',
      'Of which VAT 19 % (DE)': '0.00',
      Paid: '0.00',
    });
  });

  test('there is none before anything was paid, or earned', async () => {
    const id = await gone();
    for (const who of [buyer, seller]) {
      const { status, bytes } = await invoice(who, id, 'pdf');
      expect([status, JSON.parse(bytes.toString()).code]).toEqual([409, 'NOTHING_TO_INVOICE']);
    }
    await act(seller, id, 'accept');
    expect((await invoice(buyer, id, 'pdf')).status).toBe(200);
    expect((await invoice(seller, id, 'pdf')).status).toBe(409);
  });
});

test('numbers are given once and without gaps, however many ask at the same time', async () => {
  const ids = await Promise.all(Array.from({ length: 6 }, () => gone([seller, 'accept'])));
  const asked = await Promise.all(ids.flatMap((id) => [said(buyer, id), said(buyer, id), said(buyer, id)]));
  expect(new Set(asked.map(({ number }) => number)).size).toBe(ids.length);
  const { rows } = await withDatabase((database) =>
    database.query<{ kind: string; count: number; last: number; given: number }>(
      `SELECT kind, count(*)::int AS count, max(number)::int AS last,
              (SELECT last FROM transactions.invoice_numbers n WHERE n.kind = i.kind AND n.year = i.year)::int AS given
         FROM transactions.invoices i GROUP BY kind, year`,
    ),
  );
  expect(rows.length).toBeGreaterThan(0);
  for (const { count, last, given } of rows) expect([last, given]).toEqual([count, count]);
});

test('what was issued cannot be changed, not even by the application itself', async () => {
  const id = await gone([seller, 'accept']);
  await said(buyer, id);
  const change = withDatabase((database) =>
    database.query('UPDATE transactions.invoices SET figures = $2 WHERE purchase_id = $1', [id, '{}']),
  );
  await expect(change).rejects.toThrow(/permission denied/);
});

test('somebody else’s are not found', async () => {
  const id = await gone([seller, 'accept']);
  const stranger = await verifiedBuyer();
  for (const form of ['csv', 'pdf'] as const) expect((await invoice(stranger, id, form)).status).toBe(404);
});
