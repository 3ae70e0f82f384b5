/** "Why does it not move?", for every state and whatever lies over it. */
import { describe, expect, test } from 'vitest';
import { CHARGEBACKS, type Chargeback, PURCHASE_STATES, type PurchaseState } from '../../contracts/purchase.ts';
import { isLive } from './chargeback-rules.ts';
import { type Explanation, explain } from './explain.ts';
import { EMPTY_BOOKS } from './money.ts';
import type { Purchase } from './purchase-record.ts';
import { isFinal, stopOf } from './rules.ts';
import type { Kind, Terms } from './terms-rules.ts';
import { deadlineOf, timerOf } from './timer-rules.ts';
import { TRANSITIONS } from './transition-rules.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const NOW_MS = Date.parse('2027-03-01T12:00:00Z');
const SINCE_MS = NOW_MS - DAY_MS;

interface Situation {
  readonly state: PurchaseState;
  readonly kind: Kind;
  readonly chargeback: Chargeback;
  readonly paused: boolean;
  readonly blocked: boolean;
  readonly unfinished: boolean;
}

const CALM: Omit<Situation, 'state'> = {
  kind: 'goods',
  chargeback: 'none',
  paused: false,
  blocked: false,
  unfinished: false,
};

/** A purchase as its steps leave it. */
function purchaseIn({ state, kind, chargeback, paused, blocked, unfinished }: Situation): Purchase {
  const terms: Terms = {
    policyVersion: 4,
    kind,
    price: 2_500,
    currency: 'EUR',
    commissionBasisPoints: 1_000,
    paymentWindowMs: 2 * DAY_MS,
    acceptWindowMs: 6 * DAY_MS,
    captureReserveMs: DAY_MS,
    handlingMs: 3 * DAY_MS,
    inspectionWindowMs: 2 * DAY_MS,
    aftercareWindowMs: 14 * DAY_MS,
    holdLimitMs: 88 * DAY_MS,
  };
  const startsAtMs = NOW_MS + 2 * DAY_MS;
  const slot = { startsAt: new Date(startsAtMs), endsAt: new Date(startsAtMs + 3_600_000), since: new Date(SINCE_MS) };
  const deadline = deadlineOf(state, terms, {
    enteredAtMs: SINCE_MS,
    captureBeforeMs: NOW_MS + 5 * DAY_MS,
    capturedAtMs: SINCE_MS,
    startsAtMs: kind === 'booking' ? startsAtMs : undefined,
    endsAtMs: kind === 'booking' ? slot.endsAt.getTime() : undefined,
    paused: paused || isLive(chargeback),
    unfinished,
  });
  const begun = { event: 'confirm', actor: { type: 'user', id: 'usr_1' }, atMs: SINCE_MS } as const;
  const known: Partial<Purchase> = {
    state,
    terms,
    chargeback,
    books: EMPTY_BOOKS,
    slot: kind === 'booking' ? slot : null,
    proposal: null,
    deadlineAt: deadline === undefined ? null : new Date(deadline.atMs),
    deadlineEvent: deadline?.event ?? null,
    transfer: { status: blocked ? 'blocked' : 'none', id: null },
    topUp: null,
    unfinished: unfinished ? begun : null,
    refusedStep: null,
    pause: paused ? { sinceMs: SINCE_MS, by: 'usr_2', verified: true } : null,
  };
  return known as Purchase;
}

const BOTH = [false, true] as const;
const SITUATIONS: readonly Situation[] = PURCHASE_STATES.flatMap((state) =>
  (['goods', 'booking'] as const).flatMap((kind) =>
    CHARGEBACKS.flatMap((chargeback) =>
      BOTH.flatMap((paused) =>
        BOTH.flatMap((blocked) => BOTH.map((unfinished) => ({ state, kind, chargeback, paused, blocked, unfinished }))),
      ),
    ),
  ),
);

const told = (situation: Situation): Explanation => explain(purchaseIn(situation), NOW_MS);
const actionsOf = ({ mayAct }: Explanation): string[] => mayAct.flatMap(({ actions }) => actions);

describe(`in each of ${SITUATIONS.length} situations`, () => {
  test('it says what holds the money, and its summary says so, too', () => {
    for (const situation of SITUATIONS) {
      const { holds, summary } = told(situation);
      const { paused, blocked, chargeback } = situation;
      const expected = [
        ...(paused ? ['staff_pause'] : []),
        ...(blocked ? ['transfer_blocked'] : []),
        ...(isLive(chargeback) ? ['chargeback'] : []),
      ];
      expect(holds, JSON.stringify(situation)).toEqual(expected);
      expect(summary.includes('Staff have paused'), summary).toBe(paused);
      expect(summary.includes('Stripe refuses to send it'), summary).toBe(blocked);
      if (chargeback === 'inquiry' || chargeback === 'open') expect(summary).toContain("The buyer's bank");
    }
  });

  test('nobody is told to do what would be refused, and nobody is kept from what would not', () => {
    for (const situation of SITUATIONS) {
      const { state, kind, chargeback, paused, unfinished } = situation;
      const open = TRANSITIONS.filter(
        (row) =>
          row.wired === true &&
          row.from === state &&
          (row.by === 'buyer' || row.by === 'seller') &&
          (row.kind ?? kind) === kind &&
          row.on !== 'accept_reschedule' &&
          // What is booked has not begun.
          row.needs !== 'after_start' &&
          stopOf(row, { paused, chargeback }) === undefined,
      );
      const expected = unfinished ? [] : open.map(({ on, by }) => `${by}/${on}`);
      const found = told(situation).mayAct.flatMap(({ party, actions }) => actions.map((on) => `${party}/${on}`));
      expect([...found].sort(), JSON.stringify(situation)).toEqual([...new Set(expected)].sort());
    }
  });

  test('what happens by itself is what its clock does, in words, and nothing when it has ended or waits for an account', () => {
    for (const situation of SITUATIONS) {
      const { automatic } = told(situation);
      const { deadlineAt, deadlineEvent, state, terms } = purchaseIn(situation);
      if (deadlineAt === null || situation.unfinished || situation.blocked) {
        expect(automatic, JSON.stringify(situation)).toBeNull();
        continue;
      }
      expect(automatic?.at).toBe(deadlineAt.toISOString());
      const row = timerOf(state, terms.kind, deadlineEvent)?.row;
      // What would move money that may not move is asked of finance instead.
      const moves = automatic?.says === row?.says;
      if (!moves) expect([automatic?.becomes, automatic?.says]).toEqual([state, expect.stringContaining('finance')]);
      if (moves) expect(automatic?.becomes).toBe(row?.to);
    }
  });

  test('it waits for somebody until it has ended, and then for nobody', () => {
    for (const situation of SITUATIONS) {
      const { waitsFor, mayAct, automatic } = told(situation);
      expect(waitsFor === 'nobody', JSON.stringify(situation)).toBe(isFinal(situation.state));
      if (!isFinal(situation.state)) continue;
      expect([mayAct, automatic]).toEqual([[], null]);
    }
  });
});

describe('whose move it is', () => {
  test.each([
    ['payment_pending', {}, 'buyer', ['cancel'], 'expired'],
    ['authorised', {}, 'seller', ['cancel', 'accept', 'decline'], 'declined'],
    ['authorised', { paused: true }, 'platform', ['cancel', 'decline'], 'declined'],
    ['held', {}, 'seller', ['confirm', 'cancel', 'deliver', 'refund_in_full', 'refund_in_part'], 'cancelled'],
    ['held', { kind: 'booking' }, 'seller', ['confirm', 'cancel', 'reschedule'], 'delivered'],
    ['held', { paused: true }, 'platform', ['deliver'], 'held'],
    ['held', { chargeback: 'open' }, 'platform', ['deliver'], 'held'],
    ['held', { chargeback: 'inquiry' }, 'platform', ['cancel', 'deliver', 'refund_in_full'], 'refunded'],
    ['held', { unfinished: true }, 'platform', [], null],
    ['delivered', {}, 'buyer', ['confirm', 'refund_in_full', 'refund_in_part'], 'released'],
    ['delivered', { chargeback: 'won' }, 'buyer', ['confirm'], 'released'],
    ['delivered', { paused: true }, 'platform', ['open_dispute'], 'delivered'],
    ['released', {}, 'platform', ['refund_in_full', 'refund_in_part'], 'completed'],
    ['released', { blocked: true }, 'seller', ['refund_in_full', 'refund_in_part'], null],
    ['released', { blocked: true, paused: true }, 'platform', ['open_dispute'], null],
    ['released', { chargeback: 'open' }, 'platform', [], null],
    ['released', { chargeback: 'inquiry' }, 'platform', ['refund_in_full'], null],
    ['completed', {}, 'nobody', [], null],
    ['refunded', { chargeback: 'lost' }, 'nobody', [], null],
    ['cancelled', {}, 'nobody', [], null],
    ['declined', {}, 'nobody', [], null],
    ['expired', {}, 'nobody', [], null],
  ] as const)('%s %o waits for %s', (state, over, waitsFor, actions, becomes) => {
    const found = told({ ...CALM, ...over, state });
    expect(found.waitsFor).toBe(waitsFor);
    expect(actionsOf(found)).toEqual(expect.arrayContaining([...actions]));
    if (actions.length === 0) expect(actionsOf(found)).toEqual([]);
    expect(found.automatic?.becomes ?? null).toBe(becomes);
  });
});
