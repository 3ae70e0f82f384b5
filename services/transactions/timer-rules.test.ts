import { describe, expect, test } from 'vitest';
import { CHARGEBACKS, type PurchaseState } from '../../contracts/purchase.ts';
import { stopOf } from './rules.ts';
import { asksFinance, outcomeOf, rulingCondition, TIMERS, timerOf } from './timer-rules.ts';

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
    const when = state === 'disputed' ? rulingCondition({ decided: false, defaultLeaves: leaves }) : undefined;
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

describe('a dispute that the hold limit ends', () => {
  test.each([true, false])('follows its decision, whatever the default ruling leaves: %s', (defaultLeaves) => {
    const decided = { decided: true, defaultLeaves };
    expect(rulingCondition({ ...decided, givesAll: true })).toBe('nothing_for_seller');
    expect(rulingCondition({ ...decided, givesAll: false })).toBe('something_for_seller');
    expect(rulingCondition(decided)).toBe('something_for_seller');
  });

  test('follows its default ruling when it is not decided', () => {
    expect(rulingCondition({ decided: false, defaultLeaves: true })).toBe('something_for_seller');
    expect(rulingCondition({ decided: false, defaultLeaves: false })).toBe('nothing_for_seller');
  });

  test('by a part that was agreed on, under an inquiry: finance is asked, though the default ruling gives everything', () => {
    const part = rulingCondition({ decided: true, givesAll: false, defaultLeaves: false });
    const followed = timerOf('disputed', 'goods', 'hold_limit_reached', part);
    expect(followed && asksFinance(followed, { chargeback: 'inquiry' })).toBe(true);
  });
});
