/** What Wellpact pays of a price: what the code promises, from the capture on, and back in the proportion in which it was paid. */
import { type Balances, balancesAfterEach, finalBalances } from './arithmetic.ts';
import type { DiscountFacts, PurchaseFacts } from './facts.ts';
import type { Finding, Rule } from './rules.ts';

const differing = (what: string, expected: unknown, found: unknown): Finding[] =>
  expected === found ? [] : [{ what, expected: String(expected), found: String(found) }];

const TEN_THOUSAND = 10_000n;

/** What a code comes to for a price: rounded down, at most so much. */
function promised({ basisPoints, fixed, maximum }: DiscountFacts, price: bigint): bigint {
  const amount = fixed ?? (price * (basisPoints ?? 0n)) / TEN_THOUSAND;
  return maximum !== null && amount > maximum ? maximum : amount;
}

interface Agreed {
  readonly price: bigint;
  readonly amount: bigint;
  readonly code: string | null;
}

/** What the purchase agreed to; no discount is one of nothing. */
function agreed({ row }: PurchaseFacts): Agreed {
  const { price, discount } = row.terms as { price?: number; discount?: { code: string; amount: number } };
  return { price: BigInt(price ?? 0), amount: BigInt(discount?.amount ?? 0), code: discount?.code ?? null };
}

/** The discount that was agreed on is the one that was used, and comes to what its code promises. */
const asPromised: Rule = (facts) => {
  const { price, amount, code } = agreed(facts);
  const { discount } = facts;
  if (discount === null) return differing('the discount code that it used', code ?? 'none', 'none');
  return [
    ...differing('the discount code that it used', code ?? 'none', discount.code),
    ...differing('what was used of the discount code', amount, discount.amount),
    ...differing('the discount', promised(discount, price), amount),
  ];
};

/** The card is charged the price less the discount, which Wellpact puts in with the capture, and never more of it. */
const funded: Rule = (facts) => {
  const { price, amount } = agreed(facts);
  const moments = balancesAfterEach(facts.ledger);
  return moments.flatMap(({ step, balances: { captured = 0n, platformFunded = 0n } }) => [
    ...(captured === 0n ? [] : differing(`captured after ${step}`, price - amount, captured)),
    ...(step === 'capturePayment' ? differing(`platformFunded after ${step}`, amount, platformFunded) : []),
    ...(platformFunded > amount
      ? [{ what: `platformFunded after ${step}`, expected: `at most ${amount}`, found: String(platformFunded) }]
      : []),
  ]);
};

const backOf = ({ refunded = 0n, owedToBuyer = 0n, chargedBack = 0n }: Balances): bigint =>
  refunded + owedToBuyer + chargedBack;

/**
 * What went back is divided as the price was paid, to the minor unit; of what has gone back whole, all of the discount has. A
 * bank takes from the buyer's part alone, until it has decided.
 */
const sharedBack: Rule = (facts) => {
  const { price, amount } = agreed(facts);
  if (amount === 0n || !facts.ledger.some(({ step }) => step === 'capturePayment')) return [];
  const { row } = facts;
  const final = finalBalances(facts.ledger);
  const findings = ['refunded', 'cancelled'].includes(row.state)
    ? differing(`platformFunded of what is ${row.state}`, 0n, final['platformFunded'] ?? 0n)
    : [];
  if (row.chargeback !== 'none') return findings;
  const moments = balancesAfterEach(facts.ledger).filter(({ balances }) => (balances['captured'] ?? 0n) > 0n);
  return [
    ...findings,
    ...moments.flatMap(({ step, balances }) => {
      const returned = amount - (balances['platformFunded'] ?? 0n);
      const exact = (backOf(balances) + returned) * amount;
      const off = returned * price - exact;
      // A half of a unit at most, in parts of the price.
      if (2n * (off < 0n ? -off : off) <= price) return [];
      return [
        { what: `the discount that went back after ${step}`, expected: `${exact}/${price}`, found: `${returned}` },
      ];
    }),
  ];
};

const UNPAID: readonly string[] = ['declined', 'expired', 'cancelled'];

/** Who never came to pay has not used the code; who has, has. */
const givenBack: Rule = (facts) => {
  const { discount, row, ledger } = facts;
  if (discount === null) return [];
  const wasPaid = balancesAfterEach(ledger).some(({ balances }) => (balances['platformFunded'] ?? 0n) > 0n);
  return differing(
    'whether the discount code was given back',
    UNPAID.includes(row.state) && !wasPaid,
    discount.isGivenBack,
  );
};

export const discountRules = {
  discount_as_promised: asPromised,
  discount_is_funded: funded,
  discount_is_shared_back: sharedBack,
  discount_code_is_given_back: givenBack,
} as const satisfies Readonly<Record<string, Rule>>;
