/** The buyer's receipt, and Wellpact's invoice to the seller about its commission. */
import { decimalText } from '../../contracts/money.ts';
import type { Invoice, Purchase } from '../../services/transactions/index.ts';
import { taxesWithin } from '../../services/transactions/tax-rules.ts';
import { commissionRateOf } from '../../services/transactions/terms-rules.ts';
import { csv } from './csv.ts';
import { drawPdf, type PdfContent } from './pdf.ts';

export interface InvoiceParts {
  readonly purchase: Purchase;
  readonly invoice: Invoice;
  readonly issuer: readonly string[];
  readonly sellerName: string;
  /** Shown on the receipt alone: who buys what is none of an accountant's business. */
  readonly buyerName: string;
}

/** A name, an amount in minor units, and whether it is what it all comes to. */
type Line = readonly [string, number, 'strong'?];

const dateText = (at: Date): string => at.toISOString().slice(0, 10);
const timeText = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
const percentText = (basisPoints: number): string => `${decimalText(basisPoints).replace(/\.?0+$/, '')} %`;

/** What is taken off is written as it is, and called so. */
function receiptLines({ purchase, invoice: { figures } }: InvoiceParts): Line[] {
  const { gross, discount, refunded, chargedBack, total, taxed = total } = figures;
  const { taxes } = taxesWithin(taxed, purchase.terms.taxes ?? []);
  return [
    ['Price', gross],
    ...some('Less discount paid by Wellpact', discount),
    ...some('Less refunded', refunded),
    ...some('Less taken back by your bank', chargedBack),
    ['Paid', total, 'strong'],
    ...taxes.map((tax): Line => [`Of which ${tax.name} ${percentText(tax.basisPoints)} (${tax.country})`, tax.amount]),
  ];
}

const some = (name: string, amount: number): Line[] => (amount === 0 ? [] : [[name, amount]]);

function commissionLines({ invoice: { figures } }: InvoiceParts): Line[] {
  return [
    ['Sold for, less what went back', figures.gross],
    ['Commission', figures.total, 'strong'],
  ];
}

function rateText({ terms }: Purchase): string {
  const { basisPoints, minimum, maximum } = commissionRateOf(terms);
  const bound = (name: string, amount: number | undefined) =>
    amount === undefined ? '' : `, ${name} ${decimalText(amount)} ${terms.currency}`;
  return `${percentText(basisPoints)}${bound('at least', minimum)}${bound('at most', maximum)}`;
}

const head = ['Number', 'Replaces', 'Issued', 'Purchase', 'What', 'Amount', 'Currency'];

function tableOf({ purchase, invoice }: InvoiceParts, lines: readonly Line[]): string {
  const rows = lines.map(([name, amount]) => [
    invoice.number,
    invoice.replaces ?? '',
    dateText(invoice.issuedAt),
    purchase.id,
    name,
    decimalText(amount),
    purchase.currency,
  ]);
  return csv(head, rows);
}

export const receiptCsv = (parts: InvoiceParts): string => tableOf(parts, receiptLines(parts));
export const commissionCsv = (parts: InvoiceParts): string => tableOf(parts, commissionLines(parts));

export function receiptPdf(parts: InvoiceParts): Promise<Buffer> {
  const { purchase, sellerName, buyerName } = parts;
  const { title, price } = purchase.terms;
  const what = title ?? `Purchase ${purchase.id}`;
  return draw(parts, {
    title: 'Receipt',
    facts: [
      ['Sold by', sellerName],
      ['Bought by', buyerName],
      ...(purchase.slot === null ? [] : [['Booked for', timeText(purchase.slot.startsAt)] as const]),
      ['Paid on', purchase.payment.capturedAt === null ? '' : dateText(purchase.payment.capturedAt)],
    ],
    columns: [
      { title: 'What', width: 68 },
      { title: 'Quantity', width: 14, align: 'right' },
      { title: `Amount, ${purchase.currency}`, width: 18, align: 'right' },
    ],
    rows: linesOf(what).map((line, index) =>
      index === 0 ? [line, String(purchase.quantity), decimalText(price)] : [line, '', ''],
    ),
    lines: receiptLines(parts),
    notes: [
      `Issued by ${parts.issuer[0]} on behalf of the seller, who sold this to you; ${parts.issuer[0]} took the payment for them.`,
      ...(purchase.terms.taxes === undefined || purchase.terms.taxes.length === 0
        ? []
        : [
            'Taxes are those within the price if the seller owes them, at the standard rate. This is no tax invoice: ask the seller for one.',
          ]),
    ],
  });
}

/** What stands in one line of the table, some 70 letters, without cutting a word that is not longer than that itself. */
const linesOf = (text: string): string[] =>
  text.match(/.{1,70}(?:\s|$)|\S{1,70}/gu)?.map((line) => line.trim()) ?? [text];

export function commissionPdf(parts: InvoiceParts): Promise<Buffer> {
  const { purchase, sellerName, invoice } = parts;
  return draw(parts, {
    title: 'Commission invoice',
    facts: [['Seller', `${sellerName} (${purchase.sellerId})`]],
    columns: [
      { title: 'What', width: 42 },
      { title: 'Rate', width: 40 },
      { title: `Amount, ${purchase.currency}`, width: 18, align: 'right' },
    ],
    rows: [['For the sale by this marketplace', rateText(purchase), decimalText(invoice.figures.total)]],
    lines: commissionLines(parts),
    notes: [
      'It was kept from what the buyer paid: there is nothing to be paid. Amounts are with taxes, where any are owed.',
    ],
  });
}

type Body = Pick<PdfContent, 'title' | 'facts' | 'columns' | 'rows' | 'notes'> & { readonly lines: readonly Line[] };

function draw({ purchase, invoice, issuer }: InvoiceParts, { lines, title, facts, ...body }: Body): Promise<Buffer> {
  const { number, issuedAt, replaces } = invoice;
  return drawPdf({
    ...body,
    title: `${title} ${number}`,
    issuer,
    facts: [
      ['Issued on', dateText(issuedAt)],
      ...(replaces === null ? [] : [['Replaces', replaces] as const]),
      ['Purchase', purchase.id],
      ...facts,
    ],
    totals: lines.map(([name, amount, strong]) => ({
      name,
      amount: `${decimalText(amount)} ${purchase.currency}`,
      strong: strong !== undefined,
    })),
    foot: `${issuer[0]} · ${title} ${number} · ${purchase.id}`,
    createdAt: issuedAt,
  });
}
