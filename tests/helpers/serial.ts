/** Whether what several people were told at the same moment is what some order of theirs, one after the other, would have told. */
import type { PurchaseState } from '../../contracts/purchase.ts';
import { stopOf, transitions } from '../../services/transactions/rules.ts';
import type { PurchaseEvent } from '../../services/transactions/transition-rules.ts';

/** What somebody asks for. */
export interface Wish {
  readonly event: PurchaseEvent;
  readonly by: 'buyer' | 'seller';
}

export interface Answer extends Wish {
  readonly status: number;
  readonly code: string;
  /** The state that was shown, of what was granted. */
  readonly state: string;
}

/** A formal chargeback, which is never refused: it stops what would move money after it, and leaves the state. */
const BANK = 'the bank';

const isGranted = ({ status }: Answer): boolean => status === 200 || status === 201;

/** Where a wish leads; undefined when it leads nowhere, or the bank has stopped it. */
function next(state: PurchaseState, { event, by }: Wish, chargeback: 'none' | 'open'): PurchaseState | undefined {
  const [row] = transitions(state, { on: event, by, kind: 'goods', when: 'nothing_for_seller' });
  return row === undefined || stopOf(row, { chargeback }) !== undefined ? undefined : row.to;
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}

/**
 * Whether the wishes, taken one after the other in some order, end in `end` and are answered so: one that was granted
 * leads on and shows a state from there on; one that was not allowed leads nowhere at its turn. One that met another
 * command in progress was not taken at all.
 * @param withBank a chargeback came in the same moment, at whichever turn
 */
export function isSerial(start: PurchaseState, end: string, answers: readonly Answer[], withBank = false): boolean {
  const taken = answers.filter(({ code }) => code !== 'IN_PROGRESS');
  return permutations([...taken, ...(withBank ? ([BANK] as const) : [])]).some((order) => {
    const states: PurchaseState[] = [start];
    let chargeback: 'none' | 'open' = 'none';
    for (const turn of order) {
      const now = states.at(-1) ?? start;
      if (turn === BANK) {
        chargeback = 'open';
        states.push(now);
        continue;
      }
      const to = next(now, turn, chargeback);
      if (isGranted(turn) !== (to !== undefined)) return false;
      states.push(to ?? now);
    }
    const shows = (turn: Answer | typeof BANK, index: number): boolean =>
      turn === BANK || !isGranted(turn) || states.slice(index + 1).includes(turn.state as PurchaseState);
    return states.at(-1) === end && order.every(shows);
  });
}
