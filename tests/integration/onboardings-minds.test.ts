/** The rows of the onboarding's table that are seldom gone along: minds that are changed, and decisions of staff. */
import { describe, expect, test } from 'vitest';
import { check, complete, decide, keep, openCaseOf, reached, read, reverse } from '../helpers/onboardings.ts';
import { type Person, verifiedBuyer } from '../helpers/people.ts';
import { waitFor } from '../helpers/wait-for.ts';

const ruled = async (who: Person, decision: 'approve' | 'decline') => {
  expect((await decide((await openCaseOf(who)).id, decision)).status).toBe(200);
};

async function abandonedThrice(who: Person): Promise<void> {
  for (const left of [2, 1, 0]) {
    await check(who, 'abandoned');
    await waitFor(async () => (await read(who)).attemptsLeft === left, { what: `${left} left`, timeoutMs: 20_000 });
    await reached(who, 'abandoned');
  }
}

describe.concurrent('minds are changed', () => {
  test('a review that Onfido ends by itself', async () => {
    const [approved, declined] = await Promise.all([verifiedBuyer(), verifiedBuyer()]);
    for (const [who, outcome, state] of [
      [approved, 'approved', 'payout_account'],
      [declined, 'declined', 'rejected'],
    ] as const) {
      const page = await check(who, 'review');
      await reached(who, 'in_review');
      await reverse(page, outcome);
      await reached(who, state);
      await keep(`onboarding-review-then-${outcome}`, who);
    }
  });

  test.each([
    ['approved', 'payout_account'],
    ['declined', 'rejected'],
    ['review', 'in_review'],
  ])('a check that looked abandoned is %s after all', async (outcome, state) => {
    const who = await verifiedBuyer();
    const page = await check(who, 'abandoned');
    await reached(who, 'abandoned');
    await reverse(page, outcome);
    await reached(who, state);
    await keep(`onboarding-abandoned-then-${outcome}`, who);
  });

  test.each([
    ['approve', 'payout_account'],
    ['decline', 'rejected'],
  ] as const)('abandoned three times, then staff %s', async (decision, state) => {
    const who = await verifiedBuyer();
    await abandonedThrice(who);
    await ruled(who, decision);
    await reached(who, state);
    await keep(`onboarding-abandoned-thrice-${decision}`, who);
  });

  test('before there is an account to pay to: back and forth, at last staff decline, and Onfido approves', async () => {
    const who = await verifiedBuyer();
    const page = await check(who, 'approved');
    await reached(who, 'payout_account');
    await reverse(page, 'declined');
    await reached(who, 'restricted');
    await ruled(who, 'approve');
    await reached(who, 'payout_account');
    await reverse(page, 'review');
    await reached(who, 'restricted');
    await reverse(page, 'approved');
    await reached(who, 'payout_account');
    await reverse(page, 'declined');
    await reached(who, 'restricted');
    await ruled(who, 'decline');
    await reached(who, 'rejected');
    await reverse(page, 'approved');
    await reached(who, 'payout_account');
    await keep('onboarding-back-and-forth', who);
  });

  test('of a verified seller: Onfido wants to look again, staff approve', async () => {
    const who = await verifiedBuyer();
    const page = await check(who, 'approved');
    await waitFor(async () => (await read(who)).steps[1].url !== undefined, { what: 'the form', timeoutMs: 20_000 });
    await complete((await read(who)).steps[1]);
    await reached(who, 'verified');
    await reverse(page, 'review');
    await reached(who, 'restricted');
    await ruled(who, 'approve');
    await reached(who, 'verified');
    await keep('onboarding-looked-at-again', who);
  });
});
