import { extractText, getDocumentProxy } from 'unpdf';
import { expect, test } from 'vitest';
import { drawPdf, type PdfContent } from './pdf.ts';

const CONTENT: PdfContent = {
  title: 'Statement 2026-10',
  issuer: ['Wellpact GmbH', 'Example Street 1'],
  facts: [['Seller', 'Zażółć Gęślą, Ελληνικά, Кириллица']],
  columns: [
    { title: 'What', width: 3 },
    { title: 'Amount', width: 1, align: 'right' },
  ],
  rows: [['Payment', '24.99']],
  totals: [{ name: 'Closing balance', amount: '24.99 EUR', strong: true }],
  notes: ['A note.'],
  foot: 'Wellpact GmbH · Statement',
  createdAt: new Date('2026-11-01'),
};

const pagesOf = async (pdf: Buffer): Promise<readonly string[]> =>
  (await extractText(await getDocumentProxy(new Uint8Array(pdf)))).text.map((page) => page.replaceAll(/\s+/g, ' '));

test('everything that it says is there, in the letters that it was written in', async () => {
  const [page = ''] = await pagesOf(await drawPdf(CONTENT));
  for (const part of [
    'Statement 2026-10',
    'Zażółć Gęślą, Ελληνικά, Кириллица',
    'Payment 24.99',
    'Closing balance 24.99 EUR',
  ]) {
    expect(page).toContain(part);
  }
});

test('the same content makes the same bytes', async () => {
  const [one, other] = await Promise.all([drawPdf(CONTENT), drawPdf(CONTENT)]);
  expect(one.equals(other)).toBe(true);
});

test('a table that is longer than a page goes on, with its head and its foot', async () => {
  const rows = Array.from({ length: 100 }, (_, index) => [`Line ${index}`, '1.00']);
  const pages = await pagesOf(await drawPdf({ ...CONTENT, rows }));
  expect(pages.length).toBeGreaterThan(2);
  for (const [index, page] of pages.entries()) {
    expect(page).toContain('What Amount');
    expect(page).toContain(`Page ${index + 1} of ${pages.length}`);
  }
  const lines = pages.join(' ').match(/Line \d+ 1\.00/g);
  expect(lines).toEqual(rows.map((row) => row.join(' ')));
});

test('what does not fit into its column is cut, and said to be', async () => {
  const [page = ''] = await pagesOf(await drawPdf({ ...CONTENT, rows: [['x'.repeat(500), '24.99']] }));
  expect(page).toMatch(/ x{50,}… 24\.99/);
});

test('too many at once are told to ask again, and the others are drawn', { timeout: 60_000 }, async () => {
  const answers = await Promise.allSettled(Array.from({ length: 25 }, () => drawPdf(CONTENT)));
  const refused = answers.filter(({ status }) => status === 'rejected');
  expect(refused.length).toBe(5);
  expect(refused).toMatchObject(refused.map(() => ({ reason: { status: 503 } })));
  expect((await drawPdf(CONTENT)).length).toBeGreaterThan(1_000);
});
