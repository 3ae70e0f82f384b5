import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PAYOUT_STATUSES, type PayoutStatus } from '../../contracts/payout.ts';
import { canFollow, failureText } from './rules.ts';

/** Where a payout stands that was seen in these states, one after the other. */
const seen = (states: readonly PayoutStatus[]): PayoutStatus =>
  states.reduce((known, next) => (canFollow(known, next) ? next : known));

test('whatever was seen, in whichever order: what failed or was cancelled stays so, and nothing is paid after that', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...PAYOUT_STATUSES), { minLength: 1 }), (states) => {
      const end = states.findIndex((_state, index) =>
        ['failed', 'canceled'].includes(seen(states.slice(0, index + 1))),
      );
      if (end >= 0) expect(seen(states)).toBe(seen(states.slice(0, end + 1)));
    }),
  );
});

test('a payout that was paid can fail', () => {
  expect(seen(['pending', 'in_transit', 'paid', 'failed', 'paid'])).toBe('failed');
});

test('every failure has words, also one that we do not know', () => {
  expect(failureText('account_closed')).toMatch(/^The bank account is closed\. The money is in your account at Stripe/);
  expect(failureText('something_new')).toMatch(/^The bank did not take the payment\./);
  expect(failureText(null)).toMatch(/^The bank did not take the payment\./);
});
