/** "Why does it not move?", for every state and whatever lies over it. */
import { describe, expect, test } from 'vitest';
import { CHARGEBACKS, type Chargeback, PURCHASE_STATES, type PurchaseState } from '../../contracts/purchase.ts';
import { isLive } from './chargeback-rules.ts';
import { type DisputeNow, type Explanation, explain } from './explain.ts';
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
    dispute: null,
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

test('a step that the provider refuses holds the purchase, and is for the platform to mend', () => {
  const refusedStep = { step: 'refundReleased', code: 'http_400', sinceMs: SINCE_MS };
  const purchase = { ...purchaseIn({ ...CALM, state: 'released' }), refusedStep };
  const { holds, summary, waitsFor } = explain(purchase, NOW_MS);
  expect({ holds, waitsFor }).toEqual({ holds: ['step_refused'], waitsFor: 'platform' });
  expect(summary).toContain('refuses the next step');
});

describe('a disputed purchase waits for what its dispute waits for', () => {
  const LIMIT_MS = SINCE_MS + 88 * DAY_MS;
  const RESPONSE: DisputeNow = {
    waitsFor: 'seller',
    summary: 'The seller has to answer.',
    automatic: { atMs: NOW_MS + 2 * DAY_MS, says: 'silence is taken as the policy says', refund: 2_500 },
  };
  const disputed = (over: Partial<Situation> = {}): Purchase => ({
    ...purchaseIn({ ...CALM, state: 'disputed', ...over }),
    dispute: {
      id: 'dsp_1',
      n: 1,
      reason: 'damaged',
      gross: 2_500,
      defaultRefund: 1_250,
      refund: null,
    },
  });

  test.each([
    ['its answer', RESPONSE, 'seller', RESPONSE.automatic?.atMs, 'refunded'],
    [
      'an appeal after a ruling for both',
      { ...RESPONSE, waitsFor: 'both', automatic: { atMs: NOW_MS + DAY_MS, says: 'it is carried out', refund: 1 } },
      'both',
      NOW_MS + DAY_MS,
      'released',
    ],
    [
      'an offer, after which a mediator looks at it',
      { ...RESPONSE, waitsFor: 'buyer', automatic: { atMs: NOW_MS + DAY_MS, says: 'a mediator looks at it' } },
      'buyer',
      NOW_MS + DAY_MS,
      'disputed',
    ],
    [
      'a mediator, but money may be held no longer before',
      { ...RESPONSE, waitsFor: 'mediator', automatic: { atMs: LIMIT_MS + 1, says: 'later' } },
      'mediator',
      LIMIT_MS,
      'released',
    ],
    ['nobody', { ...RESPONSE, waitsFor: 'platform', automatic: undefined }, 'platform', LIMIT_MS, 'released'],
  ] as const)('%s', (_what, dispute, waitsFor, atMs, becomes) => {
    const found = explain(disputed(), NOW_MS, dispute);
    expect(found.waitsFor).toBe(waitsFor);
    expect(found.summary).toContain(dispute.summary);
    expect(Date.parse(found.automatic?.at ?? '')).toBe(atMs);
    if (atMs !== LIMIT_MS) expect(found.automatic?.becomes).toBe(becomes);
  });

  test('while its money stands still, or something is under way, it waits for that', () => {
    for (const paused of [true, false]) {
      const found = explain(disputed({ paused, chargeback: paused ? 'none' : 'open' }), NOW_MS, RESPONSE);
      expect(found.waitsFor).toBe('platform');
      expect(found.summary).toContain(RESPONSE.summary);
    }
    expect(explain(disputed({ paused: true }), NOW_MS, RESPONSE).automatic?.becomes).toBe('disputed');
    expect(explain(disputed({ unfinished: true }), NOW_MS, RESPONSE)).toMatchObject({ automatic: null });
  });

  test('in any other state, what a dispute waited for is over', () => {
    for (const situation of SITUATIONS.filter(({ state }) => state !== 'disputed')) {
      expect(explain(purchaseIn(situation), NOW_MS, RESPONSE)).toEqual(told(situation));
    }
  });
});
