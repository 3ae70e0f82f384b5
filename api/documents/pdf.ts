/** Drawing documents: one look for all of them. The same content makes the same bytes. */
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Pdf from 'pdfkit';
import { unavailable } from '../../platform/errors.ts';

/** Embedded, and only with the letters that are used: it has Latin, Greek and Cyrillic. */
const REGULAR = fileURLToPath(import.meta.resolve('@expo-google-fonts/noto-sans/400Regular/NotoSans_400Regular.ttf'));
const BOLD = fileURLToPath(import.meta.resolve('@expo-google-fonts/noto-sans/600SemiBold/NotoSans_600SemiBold.ttf'));

const INK = '#16262e';
const MUTED = '#5a6b73';
const ACCENT = '#0f766e';
const RULE = '#d3dcdf';
const SHADE = '#f3f7f7';

const MARGIN = 48;
const A4 = { width: 595.28, height: 841.89 } as const;
const WIDTH = A4.width - 2 * MARGIN;
/** Below this nothing but the foot of the page stands. */
const BOTTOM = A4.height - 72;
const ROW = 19;

export interface Column {
  readonly title: string;
  /** Parts of the whole width. */
  readonly width: number;
  readonly align?: 'right';
}

export interface Total {
  readonly name: string;
  readonly amount: string;
  readonly strong?: boolean;
}

/** What a document says, from the top. */
export interface PdfContent {
  readonly title: string;
  /** Who makes it, in some lines: name, address. */
  readonly issuer: readonly string[];
  /** `Number`, `Date`, … and what they are. */
  readonly facts: readonly (readonly [string, string])[];
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
  /** Below the table; what it comes to is strong. */
  readonly totals: readonly Total[];
  readonly notes: readonly string[];
  /** At the foot of each page. */
  readonly foot: string;
  readonly createdAt: Date;
}

/** How many wait to be drawn at the most. */
const MAX_WAITING = 20;
let waiting = 0;
let drawn: Promise<unknown> = Promise.resolve();

/**
 * One at a time: drawing keeps the processor busy for some tenths of a second.
 * @throws Problem 503 when too many wait already
 */
export async function drawPdf(content: PdfContent): Promise<Buffer> {
  if (waiting >= MAX_WAITING) throw unavailable('Many documents are being made at the moment. Ask again soon.', 2);
  waiting++;
  const mine = drawn.then(() => draw(content));
  drawn = mine.catch(() => undefined);
  try {
    return await mine;
  } finally {
    waiting--;
  }
}

async function draw(content: PdfContent): Promise<Buffer> {
  const doc = new Pdf({
    size: 'A4',
    margins: { top: MARGIN, left: MARGIN, right: MARGIN, bottom: 0 },
    bufferPages: true,
    font: REGULAR,
    lang: 'en',
    displayTitle: true,
    info: { Title: content.title, Author: content.issuer[0] ?? '', CreationDate: content.createdAt },
  });
  const done = bytesOf(doc);
  let y = drawHead(doc, content);
  y = await drawTable(doc, content, y);
  y = drawTotals(doc, content, y);
  drawNotes(doc, content, y);
  drawFeet(doc, content);
  doc.end();
  return done;
}

type Doc = InstanceType<typeof Pdf>;

function bytesOf(doc: Doc): Promise<Buffer> {
  const parts: Buffer[] = [];
  return new Promise((resolve, reject) => {
    doc.on('data', (part: Buffer) => parts.push(part));
    doc.on('end', () => resolve(Buffer.concat(parts)));
    doc.on('error', reject);
  });
}

/** @returns where the next thing goes */
function drawHead(doc: Doc, { title, issuer, facts }: PdfContent): number {
  doc.rect(0, 0, A4.width, 6).fill(ACCENT);
  doc
    .font(BOLD)
    .fontSize(20)
    .fillColor(INK)
    .text(title, MARGIN, MARGIN, { width: WIDTH * 0.6 });
  doc.font(BOLD).fontSize(10).fillColor(ACCENT);
  doc.text(issuer[0] ?? '', MARGIN + WIDTH * 0.6, MARGIN + 5, { width: WIDTH * 0.4, align: 'right' });
  doc.font(REGULAR).fontSize(8.5).fillColor(MUTED);
  for (const line of issuer.slice(1)) doc.text(line, { width: WIDTH * 0.4, align: 'right' });
  let y = Math.max(doc.y, MARGIN + 42) + 14;
  for (const [name, value] of facts) {
    doc.font(REGULAR).fontSize(9).fillColor(MUTED).text(name, MARGIN, y, { width: 110 });
    doc.fillColor(INK).text(value, MARGIN + 116, y, { width: WIDTH - 116 });
    y = doc.y + 3;
  }
  return y + 14;
}

async function drawTable(doc: Doc, { columns, rows }: PdfContent, from: number): Promise<number> {
  let y = drawColumns(doc, columns, from);
  for (const [index, row] of rows.entries()) {
    if (y + ROW > BOTTOM) {
      // Between two pages others have their turn: drawing keeps the processor busy.
      await setImmediate();
      doc.addPage();
      y = drawColumns(doc, columns, MARGIN);
    }
    if (index % 2 === 1) doc.rect(MARGIN, y, WIDTH, ROW).fill(SHADE);
    drawRow(doc, columns, row, y + 4.5, REGULAR, INK);
    y += ROW;
  }
  doc
    .moveTo(MARGIN, y)
    .lineTo(MARGIN + WIDTH, y)
    .lineWidth(0.7)
    .stroke(RULE);
  return y + 12;
}

function drawColumns(doc: Doc, columns: readonly Column[], y: number): number {
  const titles = columns.map(({ title }) => title);
  drawRow(doc, columns, titles, y, BOLD, MUTED);
  doc
    .moveTo(MARGIN, y + 16)
    .lineTo(MARGIN + WIDTH, y + 16)
    .lineWidth(0.9)
    .stroke(ACCENT);
  return y + 20;
}

function drawRow(doc: Doc, columns: readonly Column[], row: readonly string[], y: number, font: string, ink: string) {
  const whole = columns.reduce((sum, { width }) => sum + width, 0);
  let x = MARGIN;
  doc.font(font).fontSize(8).fillColor(ink);
  for (const [index, { width, align }] of columns.entries()) {
    const room = (WIDTH * width) / whole;
    const { text, textWidth } = fitted(doc, row[index] ?? '', room - 2 * PADDING);
    const left = align === 'right' ? x + room - PADDING - textWidth : x + PADDING;
    // Without a width nothing is broken into lines, which is most of the work of setting a text.
    if (text !== '') doc.text(text, left, y, { lineBreak: false });
    x += room;
  }
}

const PADDING = 4;

/** A line of a table is one line: what does not fit is cut, and said to be. */
function fitted(doc: Doc, given: string, room: number): { readonly text: string; readonly textWidth: number } {
  let text = given;
  let textWidth = doc.widthOfString(text);
  // Letters differ in width: cut to about what fits, then one by one.
  for (let left = Math.ceil((given.length * room) / textWidth) + 2; textWidth > room && left > 0; left--) {
    text = `${given.slice(0, left)}…`;
    textWidth = doc.widthOfString(text);
  }
  return { text, textWidth };
}

function drawTotals(doc: Doc, { totals }: PdfContent, from: number): number {
  let y = from;
  for (const { name, amount, strong = false } of totals) {
    if (y + ROW > BOTTOM) {
      doc.addPage();
      y = MARGIN;
    }
    const left = MARGIN + WIDTH * 0.5;
    if (strong) {
      doc
        .moveTo(left, y)
        .lineTo(MARGIN + WIDTH, y)
        .lineWidth(0.9)
        .stroke(ACCENT);
      y += 5;
    }
    doc
      .font(strong ? BOLD : REGULAR)
      .fontSize(strong ? 10.5 : 9)
      .fillColor(INK);
    doc.text(name, left, y, { width: WIDTH * 0.3 });
    doc.text(amount, left + WIDTH * 0.3, y, { width: WIDTH * 0.2 - 4, align: 'right' });
    y += strong ? 20 : 16;
  }
  return y + 10;
}

function drawNotes(doc: Doc, { notes }: PdfContent, from: number): void {
  let y = from;
  doc.font(REGULAR).fontSize(8.5).fillColor(MUTED);
  for (const note of notes) {
    const height = doc.heightOfString(note, { width: WIDTH });
    if (y + height > BOTTOM) {
      doc.addPage();
      y = MARGIN;
    }
    doc.text(note, MARGIN, y, { width: WIDTH });
    y += height + 5;
  }
}

function drawFeet(doc: Doc, { foot }: PdfContent): void {
  const { count } = doc.bufferedPageRange();
  for (let page = 0; page < count; page++) {
    doc.switchToPage(page);
    const y = A4.height - 44;
    doc.font(REGULAR).fontSize(7.5).fillColor(MUTED);
    doc.text(foot, MARGIN, y, { width: WIDTH * 0.75, lineBreak: false });
    doc.text(`Page ${page + 1} of ${count}`, MARGIN + WIDTH * 0.75, y, { width: WIDTH * 0.25, align: 'right' });
  }
}
