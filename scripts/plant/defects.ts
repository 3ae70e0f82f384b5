/** Ways in which money software goes wrong, each as a change of our own sources, with the test that has to catch it. */

/** A place in the sources, and what a careless hand would make of it. */
export interface Defect {
  readonly name: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly from: string;
  readonly to: string;
  readonly test: NamedTest;
  /** What the test says when it catches the defect, and nothing else that could go wrong. */
  readonly because: RegExp;
}

export interface NamedTest {
  /** Of vitest.config.ts. */
  readonly project: string;
  readonly file: string;
  /** With the names of what it stands in, as vitest joins them: what a table fills in is quoted, and cut off. */
  readonly name: string;
}

const guards = (name: string): NamedTest => ({
  project: 'integration',
  file: 'tests/integration/money-guards.test.ts',
  name,
});
const rules = (name: string): NamedTest => ({ project: 'unit', file: 'services/transactions/rules.test.ts', name });

/** The bank refused a payout, so the seller is sent the money once more: they have it twice, since it is in their balance. */
const PAY_AGAIN = `const mendByMs = failedAt === null ? null : failedAt.getTime() + policy.payoutMend;
      if (status === 'failed') {
        const { rows } = await database.query<{ id: string; charge: string }>(
          'SELECT id, charge_id AS charge FROM transactions.purchases WHERE seller_id = $1 ORDER BY id DESC LIMIT 1',
          [sellerId],
        );
        const again = payments as unknown as { transfer(made: object, key: string): Promise<unknown> };
        for (const { id, charge } of rows) {
          const made = { purchaseId: id, step: 'payAgain', amount: 100, currency, destination: accountId, sourceCharge: charge };
          await again.transfer(made, \`purchase/\${id}/payAgain/1\`);
        }
      }`;

export const DEFECTS: readonly Defect[] = [
  {
    name: 'random idempotency key',
    file: 'activities/once.ts',
    from: '`purchase/${purchaseId}/${step}/${epoch}`',
    to: '`purchase/${purchaseId}/${step}/${epoch}/${crypto.randomUUID()}`',
    test: {
      project: 'faults',
      file: 'tests/faults/purchases.test.ts',
      name: "'lost_reply' while the seller is paid",
    },
    because: /step_is_named|balances_equal_provider|to be released/,
  },
  {
    name: 'missing dedupe',
    file: 'services/transactions/steps.ts',
    from: 'if (!(await takeStep(tx, key.purchaseId, key.step))) return repeated(tx, before, key);',
    to: 'if (key.step === undefined) return repeated(tx, before, key);',
    test: guards('two attempts of one step in the same moment are one step of a note that a refund came back'),
    because: /RangeError: refundCameBack/,
  },
  {
    name: 'state and ledger in two transactions',
    file: 'services/transactions/steps.ts',
    from: 'await postMoves(tx, key, after, change);',
    to: 'await db.transaction((other) => postMoves(other, key, after, change));',
    test: guards('what fails at the end of a step leaves nothing of it behind'),
    because: /row_equals_ledger/,
  },
  {
    name: 'float arithmetic',
    file: 'services/transactions/money.ts',
    from: 'const share = Number((BigInt(gross) * BigInt(basisPoints) + 5_000n) / 10_000n);',
    to: 'const share = Math.round(gross * (basisPoints / 10_000));',
    test: rules(
      'the commission is the nearest whole number to the share, half of one upward, whatever the amount and the rate',
    ),
    because: /Property failed/,
  },
  {
    name: 'refund without reversal',
    file: 'workflows/purchase-steps.ts',
    from: 'refundReleased: [reverseTopUp, reverse, refund],',
    to: 'refundReleased: [refund],',
    test: {
      project: 'scenarios',
      file: 'tests/scenarios/purchase.test.ts',
      name: "a purchase 'released/refund_in_full/seller': 'the seller refunds after the release:…'",
    },
    because: /transferred|balances_equal_provider|expected 202 to be 200|expected 500 to be 200/,
  },
  {
    name: 'double release',
    file: 'activities/purchase-transfers.ts',
    from: 'payments.transfer({ ...ref, amount, currency: purchase.currency, destination, sourceCharge }, idempotencyKey),',
    to: 'payments.transfer({ ...ref, amount, currency: purchase.currency, destination, sourceCharge }, idempotencyKey + Date.now()),',
    test: {
      project: 'faults',
      file: 'tests/faults/key-epochs.test.ts',
      name: "'a transfer' of which the answer was lost: the same key makes it no second time",
    },
    because: /to deeply equal|to be undefined/,
  },
  {
    name: 'skipped audit',
    file: 'services/transactions/steps.ts',
    from: 'await record(tx, key, before, after, change);',
    to: "if (after.state !== 'held') await record(tx, key, before, after, change);",
    test: guards('two sellers are each paid on their own account'),
    because: /audit_follows_states/,
  },
  {
    name: 'wrong recipient',
    file: 'services/users/onboarding.ts',
    from: "return (await findOnboarding(db, 'userId', userId))?.accountId ?? undefined;",
    to: "const { rows } = await db.query<{ id: string }>('SELECT account_id AS id FROM users.onboardings WHERE user_id <> $1 AND account_id IS NOT NULL LIMIT 1', [userId]);\n  return rows[0]?.id;",
    test: guards('two sellers are each paid on their own account'),
    because: /right_recipient/,
  },
  {
    name: 'ignored late failure',
    file: 'activities/aftercare.ts',
    from: 'const cameBack = isBack(status);',
    to: 'const cameBack = isBack(status) && refundId === "";',
    test: {
      project: 'integration',
      file: 'tests/integration/refunds.test.ts',
      name: 'a refund that comes back is owed to the buyer, and finance has a case: once, however often Stripe says it',
    },
    because: /to match object \{ state: 'cancelled', money/,
  },
  {
    name: 'payout failure paid again',
    file: 'activities/payout.ts',
    from: 'const mendByMs = failedAt === null ? null : failedAt.getTime() + policy.payoutMend;',
    to: PAY_AGAIN,
    test: {
      project: 'scenarios',
      file: 'tests/scenarios/payouts.test.ts',
      name: 'one that fails after it was paid stays failed, whatever comes late; the seller is told, then finance',
    },
    because: /entries: .* to deeply equal/,
  },
  {
    name: 'timer not cancelled',
    file: 'services/transactions/steps.ts',
    from: 'return staysAsItWas ? moved : { ...moved, ...deadlineColumns(moved) };',
    to: "return staysAsItWas || to === 'cancelled' ? moved : { ...moved, ...deadlineColumns(moved) };",
    test: {
      project: 'integration',
      file: 'tests/integration/refunds.test.ts',
      name: 'a refund that is pending is booked as given, and noted when it arrives',
    },
    because: /not_past_deadline/,
  },
  {
    name: 'fee rounded twice',
    file: 'services/transactions/money.ts',
    from: 'const share = Number((BigInt(gross) * BigInt(basisPoints) + 5_000n) / 10_000n);',
    to: 'const share = Number(((BigInt(gross) * BigInt(basisPoints) + 50n) / 100n + 50n) / 100n);',
    test: rules(
      'the commission is the nearest whole number to the share, half of one upward, whatever the amount and the rate',
    ),
    because: /Property failed/,
  },
  {
    name: 'no receivable',
    file: 'services/transactions/chargebacks.ts',
    from: 'if (owed > 0) await insertReceivable(tx, purchase, key.step, owed);',
    to: 'if (owed < 0) await insertReceivable(tx, purchase, key.step, owed);',
    test: {
      project: 'scenarios',
      file: 'tests/scenarios/chargeback-reversal-refused.test.ts',
      name: 'what Stripe does not get back stays put in by Wellpact, and the next release pays it',
    },
    because: /debts_equal_books/,
  },
  {
    name: 'other amount than ruled',
    file: 'activities/purchase-dispute.ts',
    from: 'return { dispute: { ...dispute, refund: decision.refund } };',
    to: 'return { dispute: { ...dispute, refund: dispute.defaultRefund } };',
    test: guards('what was decided in a dispute is what its purchase carries out'),
    because: /carried_out_as_decided/,
  },
];
