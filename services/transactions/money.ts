/**
 * The money of one purchase, in one currency, in minor units. The books always satisfy
 *
 *     captured + platformFunded + advanced
 *       = held + payable + transferred + fees + refunded + chargedBack + recovered + owedToBuyer + suspense
 *
 * since every movement is a double entry between two of these accounts: {@link MOVES}. Pure.
 */

/** Where money comes from: they grow on the debit side. */
export const SOURCES = ['captured', 'platformFunded', 'advanced'] as const;
/** Where it is, or went: they grow on the credit side. */
export const USES = [
  'held',
  'payable',
  'transferred',
  'fees',
  'refunded',
  'chargedBack',
  'recovered',
  'owedToBuyer',
  'suspense',
] as const;

export type Source = (typeof SOURCES)[number];
export type Use = (typeof USES)[number];
export type Account = Source | Use;
export type Books = Readonly<Record<Account, number>>;

export const ACCOUNTS: readonly Account[] = [...SOURCES, ...USES];

export const EMPTY_BOOKS: Books = Object.fromEntries(ACCOUNTS.map((account) => [account, 0])) as Record<
  Account,
  number
>;

/** A contra asset takes away from an asset: what left our balance at Stripe, what of a debt was paid. */
export type AccountClass = 'asset' | 'contra asset' | 'liability' | 'revenue' | 'expense';

/**
 * What each account is, in the books of the company. The names are those of `money` in the API;
 * `fees` is Wellpact's commission, not Stripe's fee, which is an expense outside the purchase.
 */
export const ACCOUNT_CLASSES: Readonly<Record<Account, { class: AccountClass; about: string }>> = {
  captured: { class: 'asset', about: "taken from the buyer's card into our Stripe balance" },
  platformFunded: { class: 'expense', about: 'put in by Wellpact for a discount it pays for, less what came back' },
  advanced: { class: 'asset', about: 'put in by Wellpact in place of a seller, who owes it, or until a bank decides' },
  held: { class: 'liability', about: 'waits for delivery: nobody may have it yet' },
  payable: { class: 'liability', about: "the seller's, not yet transferred" },
  transferred: { class: 'contra asset', about: "sent to the seller's Stripe account, less what was reversed" },
  fees: { class: 'revenue', about: "Wellpact's commission" },
  refunded: { class: 'contra asset', about: 'given back to the buyer' },
  chargedBack: { class: 'contra asset', about: "taken back by the buyer's bank" },
  recovered: { class: 'contra asset', about: 'kept from this release for what the seller owed' },
  owedToBuyer: { class: 'liability', about: 'a refund that came back: still to be paid to the buyer' },
  suspense: {
    class: 'liability',
    about: 'a bank gave it back when nobody was waiting for it any more: finance decide whose it is',
  },
};

/** Each movement of money: what it takes from, and what it gives to. */
export const MOVES = {
  capture: { debit: 'captured', credit: 'held', about: 'the payment is captured and held' },
  fundDiscount: { debit: 'platformFunded', credit: 'held', about: 'Wellpact pays its part of a discount' },
  release: { debit: 'held', credit: 'payable', about: "the seller's part becomes payable" },
  earnCommission: { debit: 'held', credit: 'fees', about: 'Wellpact earns its commission' },
  transfer: { debit: 'payable', credit: 'transferred', about: 'the payable is sent to the seller' },
  topUp: {
    debit: 'payable',
    credit: 'transferred',
    about: "what the buyer's charge does not cover is sent to the seller",
  },
  reverseTransfer: { debit: 'transferred', credit: 'payable', about: 'a transfer is taken back' },
  reverseTopUp: {
    debit: 'transferred',
    credit: 'payable',
    about: "what was sent beyond the buyer's charge is taken back",
  },
  refundHeld: { debit: 'held', credit: 'refunded', about: 'held money goes back to the buyer' },
  refundPayable: { debit: 'payable', credit: 'refunded', about: "the seller's part goes back to the buyer" },
  refundCommission: { debit: 'fees', credit: 'refunded', about: 'the commission goes back to the buyer' },
  advanceRefund: { debit: 'advanced', credit: 'refunded', about: 'Wellpact refunds in place of the seller' },
  returnDiscountHeld: {
    debit: 'held',
    credit: 'platformFunded',
    about: "a discount's part of held money goes back to Wellpact",
  },
  returnDiscountPayable: {
    debit: 'payable',
    credit: 'platformFunded',
    about: "a discount's part of the seller's money goes back to Wellpact",
  },
  returnDiscountCommission: {
    debit: 'fees',
    credit: 'platformFunded',
    about: "a discount's part of the commission goes back",
  },
  advanceDiscount: {
    debit: 'advanced',
    credit: 'platformFunded',
    about: 'the seller owes the part of a discount that goes back',
  },
  recover: { debit: 'payable', credit: 'recovered', about: 'what the seller owed is kept from the release' },
  refundCameBack: { debit: 'refunded', credit: 'owedToBuyer', about: 'a refund failed late' },
  refundAgain: { debit: 'owedToBuyer', credit: 'refunded', about: 'what came back is refunded anew' },
  chargeBackHeld: { debit: 'held', credit: 'chargedBack', about: "the buyer's bank takes held money" },
  chargeBackAdvanced: { debit: 'advanced', credit: 'chargedBack', about: "the buyer's bank takes what is not held" },
  chargebackWon: { debit: 'chargedBack', credit: 'held', about: 'a chargeback was won: the money is back' },
  chargebackWonLate: {
    debit: 'chargedBack',
    credit: 'suspense',
    about: 'a chargeback was won when its money had been decided about: finance decide',
  },
  chargeBackSuspense: { debit: 'suspense', credit: 'chargedBack', about: "the buyer's bank takes that again" },
  chargebackReturned: { debit: 'chargedBack', credit: 'advanced', about: 'what was advanced for a bank comes back' },
  repayAdvance: { debit: 'payable', credit: 'advanced', about: "the seller's part repays what was advanced" },
  repayAdvanceFromOwed: {
    debit: 'owedToBuyer',
    credit: 'advanced',
    about: 'what the buyer was owed, the bank has given them: it repays what was advanced',
  },
  repayAdvanceFromCommission: { debit: 'fees', credit: 'advanced', about: 'the commission repays what was advanced' },
} as const satisfies Record<string, { debit: Account; credit: Account; about: string }>;

export type MoveName = keyof typeof MOVES;

/** A movement of so many minor units, 1 or more. */
export interface Move {
  readonly name: MoveName;
  readonly amount: number;
  /** The provider's object that it stands for, where that is another one than its step's. */
  readonly reference?: string;
}

const isSource = (account: Account): account is Source => (SOURCES as readonly string[]).includes(account);

/** A debit raises a source and lowers a use; a credit does the opposite. */
const afterDebit = (account: Account, amount: number): number => (isSource(account) ? amount : -amount);

/**
 * The books after some moves.
 * @throws RangeError when an amount is not a whole positive number, or an account would fall below zero
 */
export function applyMoves(books: Books, moves: readonly Move[]): Books {
  const next = { ...books };
  for (const { name, amount } of moves) {
    if (!Number.isSafeInteger(amount) || amount <= 0) throw new RangeError(`${name}: ${amount} is not an amount`);
    const { debit, credit } = MOVES[name];
    next[debit] += afterDebit(debit, amount);
    next[credit] -= afterDebit(credit, amount);
    if (next[debit] < 0 || next[credit] < 0) throw new RangeError(`${name} of ${amount} overdraws the purchase`);
  }
  return next;
}

/** What the equation lacks: 0, always. */
export function imbalance(books: Books): number {
  const sum = (accounts: readonly Account[]): number => accounts.reduce((total, account) => total + books[account], 0);
  return sum(SOURCES) - sum(USES);
}

/** What Wellpact keeps of what a seller gets; the bounds are minor units of the purchase's currency. */
export interface CommissionRate {
  /** 0 to 10,000. */
  readonly basisPoints: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

/**
 * Wellpact's commission on what the seller gets gross, rounded half up to the minor unit and kept within the bounds of the
 * rate. Of nothing nothing is taken, and never more than there is. It grows with the gross and never faster: who gives a
 * part back does not end up with more, nor is more taken from what is left.
 * @param gross minor units, 0 or more: all of the price, or what a refund, a cancellation or a ruling leaves of it
 */
export function commissionOn(gross: number, { basisPoints, minimum = 0, maximum = gross }: CommissionRate): number {
  const share = Number((BigInt(gross) * BigInt(basisPoints) + 5_000n) / 10_000n);
  return Math.min(Math.max(share, minimum), maximum, gross);
}

/** The release of `gross`: the seller's part and the commission; a part of zero is no move. */
export function releaseMoves(gross: number, commission: number): Move[] {
  return nonZero([
    { name: 'release', amount: gross - commission },
    { name: 'earnCommission', amount: commission },
  ]);
}

export const nonZero = (moves: readonly Move[]): Move[] => moves.filter(({ amount }) => amount !== 0);
