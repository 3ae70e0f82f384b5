/** What the cases of staff say: which of them excuses what is late, and which amounts they name. */
import type { CaseFacts, PurchaseFacts } from './facts.ts';

/** What can be late. */
export type Late = 'a deadline' | 'a step that was begun' | 'a decision' | 'what a bank cost';

interface Excuse {
  /** Of an open case. */
  readonly kind: string;
  /** Only while this is so: what the case is about is what is late. */
  readonly while?: (facts: PurchaseFacts) => boolean;
}

/** A bank asks about the payment, or has taken it and not decided. */
export const isWithBank = ({ chargeback }: Pick<PurchaseFacts['row'], 'chargeback'>): boolean =>
  chargeback === 'open' || chargeback === 'inquiry';

const REFUSED: Excuse = { kind: 'step_refused' };

/**
 * What somebody knows of may be late, if it is that which they know. All other kinds excuse nothing: that a bank has the money
 * moves the deadlines, that a refund came back or a loss was made stops none of them.
 */
const EXCUSES: Readonly<Record<Late, readonly Excuse[]>> = {
  'a deadline': [
    REFUSED,
    { kind: 'transfer_blocked', while: ({ row }) => row.transferStatus === 'blocked' },
    // Money that stands still is refunded at its limit by nobody but a person.
    { kind: 'hold_limit', while: ({ row }) => row.paused || isWithBank(row) },
  ],
  // Cut in two, it waits until the bank has decided.
  'a step that was begun': [REFUSED, { kind: 'chargeback', while: ({ row }) => isWithBank(row) }],
  'a decision': [REFUSED],
  'what a bank cost': [REFUSED],
};

/** Whether somebody of staff knows what stops this. */
export const isExcused = (late: Late, facts: PurchaseFacts): boolean =>
  EXCUSES[late].some(
    (excuse) =>
      facts.cases.some(({ kind, isOpen }) => isOpen && kind === excuse.kind) && excuse.while?.(facts) !== false,
  );

/**
 * What cases of a kind, open or decided, say that there is of something: each its own part of it, or the last one all.
 * @returns the amounts that are true to what they say; 0 when none names any
 */
export function namedBy(cases: readonly CaseFacts[], of: string, what: keyof CaseFacts['names']): readonly bigint[] {
  const amounts = cases.flatMap(({ kind, names }) => (kind === of && names[what] !== null ? [names[what]] : []));
  const all = amounts.reduce((total, amount) => total + amount, 0n);
  return [...new Set([all, amounts.at(-1) ?? 0n])];
}
