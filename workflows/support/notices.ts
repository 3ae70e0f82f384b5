/** What staff read about a flow in the Temporal UI: its details, in Markdown, about six lines. */
import { setCurrentDetails } from '@temporalio/workflow';
import { decimalText } from '../../contracts/money.ts';

export interface Notice {
  /** Where the flow is looked at outside Temporal, if anywhere. Comes first, since the UI shows only some lines. */
  readonly link?: { readonly title: string; readonly url: string };
  readonly title: string;
  /** One line each, in the order of importance. */
  readonly lines: readonly string[];
}

const ROOM_LINES = 2;

export function tellStaff({ link, title, lines }: Notice): void {
  const first = link === undefined ? [] : [`[${link.title}](${link.url})`, ''];
  // The UI measures its box by the lines as they are written, and cuts off what they are wrapped to: these make room.
  const room = Array.from({ length: ROOM_LINES }, () => '\u00a0\n');
  setCurrentDetails([...first, `**${title}**`, '', ...lines.map((line) => `- ${line}`), '', ...room].join('\n'));
}

/** `12.50 EUR`, from minor units. */
export const moneyText = (amountMinor: number, currency: string): string => `${decimalText(amountMinor)} ${currency}`;

/** `2026-03-01 14:05 UTC`. */
export function timeText(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
