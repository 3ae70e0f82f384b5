import { describe, expect, test } from 'vitest';
import { CHARGEBACKS, type PurchaseState } from '../../contracts/purchase.ts';
import { stopOf } from './rules.ts';
import { asksFinance, defaultCondition, outcomeOf, TIMERS, timerOf } from './timer-rules.ts';

const STATES = (Object.keys(TIMERS) as PurchaseState[]).filter((state) =>
  TIMERS[state]?.some(({ event }) => event === 'hold_limit_reached'),
);

describe('the hold limit', () => {
  test.each(
    STATES.flatMap((state) =>
      CHARGEBACKS.flatMap((chargeback) =>
        [false, true].flatMap((paused) => [false, true].map((leaves) => [state, chargeback, paused, leaves] as const)),
      ),
    ),
  )('in %s, chargeback %s, paused %s: either money goes, or finance is asked', (state, chargeback, paused, leaves) => {
    const when = state === 'disputed' ? defaultCondition(leaves) : undefined;
    const followed = timerOf(state, 'goods', 'hold_limit_reached', when);
    if (followed === undefined) throw new Error(`there is no hold limit in ${state}`);
    const overlays = { paused, chargeback };
    expect(asksFinance(followed, overlays)).toBe(stopOf(followed.row, overlays) !== undefined);
    expect(outcomeOf(followed, overlays).becomes).toBe(asksFinance(followed, overlays) ? state : followed.row.to);
  });

  test('a disputed purchase that a bank asks about is divided by nobody: finance is asked', () => {
    const divided = timerOf('disputed', 'goods', 'hold_limit_reached', 'something_for_seller');
    expect(divided && asksFinance(divided, { chargeback: 'inquiry' })).toBe(true);
    const refunded = timerOf('delivered', 'goods', 'hold_limit_reached');
    expect(refunded && asksFinance(refunded, { chargeback: 'inquiry' })).toBe(false);
  });
});
