/** What happened to the money of a purchase, step by step, as the audit trail has it and the ledger posted it. */
import { type Balances, EMPTY, raised } from './arithmetic.ts';
import type { AuditEntry, PurchaseFacts } from './facts.ts';

/** A step of a purchase. */
export interface Chapter extends Pick<AuditEntry, 'step' | 'from' | 'to'> {
  readonly before: Balances;
  readonly after: Balances;
  /** What Wellpact has put in for each dispute of a bank that is not settled, after the step; by Stripe's ids. */
  readonly pending: ReadonlyMap<string, bigint>;
  /** The same for those that are settled: it is owed by the seller, or lost. */
  readonly settled: ReadonlyMap<string, bigint>;
  /** What nobody has taken out of it, before and after the step: see {@link leftIn}. */
  readonly left: { readonly before: bigint; readonly after: bigint };
}

/** From then on nothing of it is held any more, by any rule. */
const PAST: readonly string[] = ['released', 'completed', 'refunded', 'cancelled', 'declined', 'expired'];

/** The steps about a bank's dispute say which one it is: `noteChargeback/<id>/…`, `settleChargeback/<id>`. */
const ABOUT_BANK = /^(note|settle)Chargeback\/([^/]+)/;

/** Whether a step noted what a bank did, or settled it. */
export const isOfBank = ({ step }: Pick<Chapter, 'step'>): boolean => ABOUT_BANK.test(step ?? '');

export function chaptersOf({ audit, ledger }: Pick<PurchaseFacts, 'audit' | 'ledger'>): readonly Chapter[] {
  const unread = new Set(ledger);
  const pending = new Map<string, bigint>();
  const settled = new Map<string, bigint>();
  let balances: Balances = EMPTY;
  let isPast = false;
  return audit.map(({ step, from, to }) => {
    const before = balances;
    const wasPast = isPast;
    isPast ||= to !== null && PAST.includes(to);
    for (const transaction of unread) {
      if (transaction.step !== step) continue;
      balances = raised(balances, transaction.entries);
      unread.delete(transaction);
    }
    const [, what, id] = ABOUT_BANK.exec(step ?? '') ?? [];
    if (id !== undefined) {
      const change = (balances['advanced'] ?? 0n) - (before['advanced'] ?? 0n);
      const isOver = what === 'settle' || settled.has(id);
      (isOver ? settled : pending).set(id, (settled.get(id) ?? 0n) + (pending.get(id) ?? 0n) + change);
      if (isOver) pending.delete(id);
    }
    return {
      step,
      from,
      to,
      before,
      after: balances,
      pending: new Map(pending),
      settled: new Map(settled),
      left: { before: leftIn(before, wasPast), after: leftIn(balances, isPast) },
    };
  });
}

/**
 * What nobody has taken out of a purchase: what is held, and what its seller has, with the commission; minor units.
 * @param isPast it was released, or has ended: what is held then came late, and is nobody's
 */
export function leftIn(balances: Balances, isPast: boolean): bigint {
  const { held = 0n, payable = 0n, transferred = 0n, fees = 0n, recovered = 0n } = balances;
  return (isPast ? 0n : held) + payable + transferred + fees + recovered - (balances['advanced'] ?? 0n);
}
