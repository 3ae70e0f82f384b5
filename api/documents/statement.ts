/** A statement as a document. Nothing in it names what was bought, nor by whom. */
import { decimalText } from '../../contracts/money.ts';
import type { Statement } from '../../services/transactions/index.ts';
import { boundsOf, isClosed, type StatementLine, wordsOf } from '../../services/transactions/statement-rules.ts';
import { csv } from './csv.ts';
import { drawPdf } from './pdf.ts';

const dateText = (at: Date): string => at.toISOString().slice(0, 10);

interface Balanced extends StatementLine {
  /** After it. */
  readonly balance: number;
}

function balanced({ opening, lines }: Statement): Balanced[] {
  let balance = opening;
  return lines.map((line) => {
    balance += line.amount;
    return { ...line, balance };
  });
}

const credit = ({ amount }: StatementLine): string => (amount > 0 ? decimalText(amount) : '');
const debit = ({ amount }: StatementLine): string => (amount < 0 ? decimalText(-amount) : '');

/** The first row has the opening balance, the last one the closing balance. */
export function statementCsv(statement: Statement): string {
  const { currency, opening, closing } = statement;
  return csv(
    ['Date', 'Purchase', 'What', 'In', 'Out', 'Balance', 'Currency'],
    [
      ['', '', 'Opening balance', '', '', decimalText(opening), currency],
      ...balanced(statement).map((line) => [
        line.at.toISOString(),
        line.purchaseId,
        wordsOf(line),
        credit(line),
        debit(line),
        decimalText(line.balance),
        currency,
      ]),
      ['', '', 'Closing balance', '', '', decimalText(closing), currency],
    ],
  );
}

export interface StatementHead {
  readonly issuer: readonly string[];
  readonly sellerName: string;
  readonly sellerId: string;
  readonly nowMs: number;
}

export function statementPdf(statement: Statement, { issuer, sellerName, sellerId, nowMs }: StatementHead) {
  const { month, currency, opening, closing, lines } = statement;
  const sum = (of: (line: StatementLine) => boolean): number =>
    lines.filter(of).reduce((total, { amount }) => total + amount, 0);
  const closed = isClosed(month, nowMs);
  return drawPdf({
    title: `Statement ${month}`,
    issuer,
    facts: [
      ['Seller', sellerName],
      ['Account', sellerId],
      ['Month', `${month}, UTC${closed ? '' : ` – not over: as of ${dateText(new Date(nowMs))}`}`],
      ['Currency', currency],
    ],
    columns: [
      { title: 'Date', width: 13 },
      { title: 'Purchase', width: 42 },
      { title: 'What', width: 26 },
      { title: 'In', width: 13, align: 'right' },
      { title: 'Out', width: 13, align: 'right' },
      { title: 'Balance', width: 14, align: 'right' },
    ],
    rows: balanced(statement).map((line) => [
      dateText(line.at),
      line.purchaseId,
      wordsOf(line),
      credit(line),
      debit(line),
      decimalText(line.balance),
    ]),
    totals: [
      { name: 'Opening balance', amount: `${decimalText(opening)} ${currency}` },
      { name: 'In', amount: `${decimalText(sum(({ amount }) => amount > 0))} ${currency}` },
      { name: 'Out', amount: `${decimalText(-sum(({ amount }) => amount < 0))} ${currency}` },
      { name: 'Closing balance', amount: `${decimalText(closing)} ${currency}`, strong: true },
    ],
    notes: [
      'The balance is what buyers paid for your sales and is not yet on its way to you: held payments, and what is released and ' +
        'not yet transferred. Payouts from your account at Stripe to your bank are not part of it.',
      ...(lines.length === 0 ? ['Nothing happened in this month.'] : []),
      ...(closed ? [] : ['This month is not over: further lines can follow.']),
    ],
    foot: `${issuer[0]} · Statement ${month} · ${currency} · ${sellerId}`,
    createdAt: closed ? boundsOf(month).until : new Date(nowMs),
  });
}
