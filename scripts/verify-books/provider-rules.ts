/** The ledger of a purchase against what truly happened at Stripe. */
import { finalBalances, raisedBy, sum } from './arithmetic.ts';
import type { Movement, MovementKind, PurchaseFacts, Testimony } from './facts.ts';
import type { Finding, Rule } from './rules.ts';

/** What the provider's movements make of each account: those that raise it, and those that lower it. */
const ACCOUNTS_AT_PROVIDER: Readonly<Record<string, { readonly plus: MovementKind; readonly minus?: MovementKind }>> = {
  captured: { plus: 'capture' },
  refunded: { plus: 'refund', minus: 'refund_came_back' },
  transferred: { plus: 'transfer', minus: 'reversal' },
  chargedBack: { plus: 'withdrawn', minus: 'reinstated' },
};

const totalOf = (movements: readonly Movement[], kind: MovementKind | undefined): bigint =>
  sum(movements.filter((movement) => movement.kind === kind).map(({ amount }) => amount));

const forEachWitness =
  (look: (facts: PurchaseFacts, testimony: Testimony) => Finding[]): Rule =>
  (facts) =>
    facts.testimonies.flatMap((testimony) => look(facts, testimony));

/** What was captured, refunded, transferred and charged back is what the ledger says. */
const balancesEqual = forEachWitness(({ ledger }, { witness, movements }) => {
  const balances = finalBalances(ledger);
  return Object.entries(ACCOUNTS_AT_PROVIDER).flatMap(([account, { plus, minus }]) => {
    const expected = totalOf(movements, plus) - totalOf(movements, minus);
    const found = balances[account] ?? 0n;
    if (expected === found) return [];
    return [{ what: `${account} in the ledger, by ${witness}`, expected: String(expected), found: String(found) }];
  });
});

/** Object by object: what the ledger posted for a charge, a refund, a transfer is what Stripe has under that very id. */
const objectsEqual: Rule = ({ ledger, testimonies }) => {
  const atStripe = testimonies.find(({ witness }) => witness === 'Stripe')?.movements ?? [];
  const entries = ledger.flatMap((transaction) => transaction.entries);
  return Object.entries(ACCOUNTS_AT_PROVIDER).flatMap(([account, { plus, minus }]) => {
    const posted = entries.filter((entry) => entry.account === account && entry.reference !== null);
    return [...new Set(posted.map(({ reference }) => reference))].flatMap((reference) => {
      const found = sum(posted.filter((entry) => entry.reference === reference).map(raisedBy));
      const ofObject = atStripe.filter(({ id }) => id === reference);
      const expected = totalOf(ofObject, plus) - totalOf(ofObject, minus);
      return expected === found
        ? []
        : [{ what: `${account} for ${reference}`, expected: String(expected), found: String(found) }];
    });
  });
};

const currencies = forEachWitness(({ row }, { witness, movements }) =>
  movements
    .filter(({ currency }) => currency !== row.currency)
    .map(({ kind, id, currency }) => ({
      what: `the currency of ${kind} ${id}, by ${witness}`,
      expected: row.currency,
      found: currency,
    })),
);

/** What moved on our balance at Stripe for an object is what the object says. */
const booked = forEachWitness((_facts, { movements }) =>
  movements
    .filter(({ amount, booked: moved }) => moved !== null && moved !== amount)
    .map(({ kind, id, amount, booked: moved }) => ({
      what: `the balance transaction of ${kind} ${id}`,
      expected: String(amount),
      found: String(moved),
    })),
);

/** Stripe's fees, as far as Stripe has told them, are the expense that the ledger says; in each currency. */
const fees = forEachWitness(({ ledger }, { fees: told }) => {
  if (told === undefined) return [];
  const posted = ledger.flatMap(({ entries }) => entries).filter(({ account }) => FEE_ACCOUNTS.includes(account));
  const inAll = new Set([...told, ...posted].map(({ currency }) => currency));
  return [...inAll].flatMap((currency) => {
    const of = (some: readonly { readonly currency: string; readonly amount: bigint }[]): bigint =>
      sum(some.filter((one) => one.currency === currency).map(({ amount }) => amount));
    const [expected, found] = [of(told), of(posted)];
    return expected === found
      ? []
      : [{ what: `Stripe's fees in ${currency}`, expected: String(expected), found: String(found) }];
  });
});

/** What Stripe keeps for payments, and for what banks take back. */
const FEE_ACCOUNTS: readonly string[] = ['stripeFees', 'disputeFees', 'refundFees'];

/** Steps of which each makes one object at Stripe at the most; a purchase is captured once, whatever its steps. */
const ONCE_PER_STEP: readonly MovementKind[] = ['refund', 'transfer', 'reversal'];

const once = forEachWitness((_facts, { witness, movements }) => {
  const captures = movements.filter(({ kind }) => kind === 'capture');
  const tooMany = captures.length > 1 ? [several('captures', captures, witness)] : [];
  const bySteps = ONCE_PER_STEP.flatMap((kind) => {
    const made = movements.filter((movement) => movement.kind === kind);
    const steps = new Set(made.map(({ step }) => step).filter((step) => step !== null));
    return [...steps].flatMap((step) => {
      const ofStep = made.filter((movement) => movement.step === step);
      return ofStep.length > 1 ? [several(`${kind}s of ${step}`, ofStep, witness)] : [];
    });
  });
  return [...tooMany, ...bySteps];
});

const several = (what: string, movements: readonly Movement[], witness: string): Finding => ({
  what: `${what}, by ${witness}`,
  expected: '1',
  found: movements.map(({ id, amount }) => `${id} (${amount})`).join(', '),
});

/** What we make names its business step, in its metadata and in its key: only so can it be made once. */
const named = forEachWitness((_facts, { witness, movements }) =>
  movements
    .filter(({ kind, step }) => ONCE_PER_STEP.includes(kind) && step === null)
    .map(({ kind, id }) => ({
      what: `the step of ${kind} ${id}, by ${witness}`,
      expected: 'a step of this purchase',
      found: 'none',
    })),
);

/** Money goes to the seller's account, comes from there, and goes back to the very payment it came from. */
const recipients: Rule = ({ row, sellerAccount, testimonies }) =>
  testimonies
    .flatMap(({ movements }) => movements)
    .filter(({ counterpart }) => counterpart !== null)
    .flatMap(({ kind, id, counterpart }) => {
      const expected = kind === 'transfer' || kind === 'reversal' ? sellerAccount : row.paymentId;
      if (expected === counterpart) return [];
      return [{ what: `the other side of ${kind} ${id}`, expected: expected ?? 'nobody', found: counterpart ?? '' }];
    });

/** Both witnesses saw the same things. */
const witnessesAgree: Rule = ({ testimonies }) => {
  const [one, other] = testimonies;
  if (one === undefined || other === undefined) return [];
  // A capture is named after its payment in the log, and after its charge by Stripe.
  const seen = ({ movements }: Testimony): string[] =>
    movements
      .map(({ kind, id, amount, currency }) => `${kind} ${kind === 'capture' ? '' : id} ${amount} ${currency}`)
      .toSorted();
  const missing = (some: readonly string[], from: readonly string[], witness: string): Finding[] =>
    some
      .filter((line) => !from.includes(line))
      .map((line) => ({ what: `what ${witness} saw`, expected: line, found: 'nothing' }));
  return [...missing(seen(one), seen(other), other.witness), ...missing(seen(other), seen(one), one.witness)];
};

export const providerRules = {
  balances_equal_provider: balancesEqual,
  objects_equal_provider: objectsEqual,
  provider_currency: currencies,
  provider_booked: booked,
  provider_fees: fees,
  once_per_step: once,
  step_is_named: named,
  right_recipient: recipients,
  witnesses_agree: witnessesAgree,
} as const satisfies Readonly<Record<string, Rule>>;
