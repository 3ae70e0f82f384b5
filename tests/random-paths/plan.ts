/** What is decided about a purchase before it begins: everything but what it will be offered on its way. */
import type { Category } from '../../services/marketplace/rules.ts';
import { type Chance, chanceOf } from './chance.ts';

export type Payment =
  | 'at once'
  | 'by the app'
  | 'after a card was declined'
  | 'with a card whose refunds take their time'
  | 'with a card whose refunds come back';

export interface Plan {
  readonly index: number;
  readonly kind: 'goods' | 'booking';
  readonly category: Category;
  /** Minor units. */
  readonly amount: number;
  readonly cancellationPolicy: 'flexible' | 'moderate' | 'strict';
  readonly payment: Payment;
  /** Stripe refuses the transfer to the seller: for good, or until it is mended. */
  readonly transfer: 'goes through' | 'is refused' | 'is refused at first';
  /** What the buyer's bank does about the payment, and after how many steps at the earliest. */
  readonly bank: 'nothing' | 'takes it back' | 'takes it back and loses' | 'asks, and lets it be';
  readonly bankAfter: number;
  /** It waits for a dispute between buyer and seller, or it does not. */
  readonly bankWhen: 'whenever' | 'in a dispute';
  /** How much of what was paid it is about. */
  readonly bankTakes: 'all' | 'a part';
  /** What staff do, and after how many steps at the earliest: until the next step is taken, no money moves. */
  readonly staff: 'nothing' | 'pause its money';
  readonly staffAfter: number;
  /** What becomes of a refund that can still change. */
  readonly refund: 'arrives' | 'comes back';
  /** Draws what is done on the way, of what is offered. */
  readonly chance: Chance;
}

const PAYMENTS: readonly (readonly [Payment, number])[] = [
  ['at once', 10],
  ['by the app', 3],
  ['after a card was declined', 2],
  ['with a card whose refunds take their time', 2],
  ['with a card whose refunds come back', 2],
];
const GOODS: readonly (readonly [Category, number])[] = [
  ['skin_care', 2],
  ['aromatherapy', 1],
  ['sleep_and_relaxation', 1],
];

/** The plan of a purchase: the same for the same seed and index, again and again. */
export function planOf(seed: number, index: number): Plan {
  const chance = chanceOf(seed, index);
  const kind = chance.oneOf([
    ['goods', 5],
    ['booking', 1],
  ] as const);
  const payment = chance.oneOf(PAYMENTS);
  const transfer = chance.oneOf([
    ['goes through', 18],
    ['is refused', 1],
    ['is refused at first', 1],
  ] as const);
  const bank = chance.oneOf([
    ['nothing', 6],
    ['takes it back', 1],
    ['takes it back and loses', 1],
    ['asks, and lets it be', 1],
  ] as const);
  const mayBePaused = transfer === 'goes through' && bank === 'nothing';
  return {
    index,
    kind,
    category: kind === 'booking' ? 'massage' : chance.oneOf(GOODS),
    amount: 1_000 + chance.whole(40_000),
    cancellationPolicy: chance.oneOf([
      ['flexible', 1],
      ['moderate', 2],
      ['strict', 1],
    ] as const),
    payment,
    transfer,
    // One trouble at a time.
    bank: transfer === 'goes through' && !payment.startsWith('with a card') ? bank : 'nothing',
    bankAfter: chance.whole(4),
    bankWhen: chance.oneOf([
      ['whenever', 2],
      ['in a dispute', 1],
    ] as const),
    bankTakes: chance.oneOf([
      ['all', 2],
      ['a part', 1],
    ] as const),
    staff:
      chance.oneOf([
        ['nothing', 3],
        ['pause its money', 1],
      ] as const) === 'nothing' || !mayBePaused
        ? 'nothing'
        : 'pause its money',
    staffAfter: chance.whole(4),
    refund: chance.oneOf([
      ['arrives', 1],
      ['comes back', 1],
    ] as const),
    chance,
  };
}
