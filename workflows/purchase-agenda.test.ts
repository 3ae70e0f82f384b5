import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { PurchaseStanding } from '../activities/purchase.ts';
import type { ChargebackWork } from '../contracts/chargeback.ts';
import { type AgendaItem, openAgenda, TRY_AGAIN_AFTER_MS } from './purchase-agenda.ts';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const HOUR = 60 * 60 * 1_000;
const DAY = 24 * HOUR;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

const storyOf = (more: Partial<PurchaseStanding>) => ({
  deal: { kind: 'goods', price: 2_500, currency: 'EUR', transferRetryMs: HOUR } as const,
  standing: { state: 'held', deadlineMs: null, payment: 'succeeded', transfer: 'none', held: 2_500, ...more } as const,
});
const workOf = (what: ChargebackWork['what'], atMs = NOW) => ({ what, chargebackId: 'du_1', atMs }) as const;
const UNFINISHED = {
  event: 'refund_in_full',
  actor: { type: 'user', id: 'usr_1' },
  atMs: NOW - DAY,
} as const;

/** An agenda of today, or of a history of before. */
const agendaOf = (before?: Parameters<typeof openAgenda>[0], isNew = true) => openAgenda(before, () => isNew);

function due(agenda: ReturnType<typeof agendaOf>, story: ReturnType<typeof storyOf>): AgendaItem {
  const item = agenda.next(story);
  if (item === undefined) throw new Error('nothing is on the agenda');
  return item;
}

/** The next item is attended to, and refused. @param after how the purchase stands by then */
function refuse(agenda: ReturnType<typeof agendaOf>, story: ReturnType<typeof storyOf>, after = story): void {
  const item = due(agenda, story);
  agenda.begin(story, item);
  agenda.refused(item, { reason: 'no', tryAgainMs: Date.now() + TRY_AGAIN_AFTER_MS }, after);
}

describe('what a chargeback asks for', () => {
  test.each(['answer', 'settle'] as const)('%s: its turn comes though an own step is refused every hour', (what) => {
    const agenda = agendaOf();
    const story = storyOf({ unfinished: UNFINISHED, chargebackWork: workOf(what, NOW + HOUR / 2) });
    for (let hours = 0; hours < 3; hours++) {
      const item = due(agenda, story);
      if (item.kind === 'chargeback' && item.atMs <= Date.now()) return;
      if (item.atMs <= Date.now()) refuse(agenda, story);
      else vi.setSystemTime(item.atMs);
    }
    throw new Error('its turn never came');
  });

  test('it, too, holds nothing else up when it is refused', () => {
    const agenda = agendaOf();
    const story = storyOf({
      deadlineMs: NOW + HOUR / 2,
      deadlineEvent: 'delivery_overdue',
      chargebackWork: workOf('answer'),
    });
    refuse(agenda, story);
    expect(due(agenda, story)).toEqual({ kind: 'deadline', atMs: NOW + HOUR / 2 });
    expect(agenda.ahead(story)).toMatchObject({ deadlineMs: NOW + HOUR / 2, troubles: [{ reason: 'no' }] });
  });

  test('comes first when both are due at once', () => {
    const story = storyOf({ unfinished: UNFINISHED, chargebackWork: workOf('answer', UNFINISHED.atMs) });
    expect(due(agendaOf(), story).kind).toBe('chargeback');
    expect(due(agendaOf(undefined, false), story).kind).toBe('unfinished');
  });

  test.each(['blocked transfer', 'top-up'])('is taken back before a %s is sent, also while that is refused', (what) => {
    const agenda = agendaOf();
    const transfer = what === 'top-up' ? ({ topUpDue: true } as const) : ({ transfer: 'blocked' } as const);
    const lost = { state: 'released', chargeback: 'lost', ...transfer } as const;
    const story = storyOf({ ...lost, chargebackWork: workOf('settle') });
    agenda.letGo();
    const item = due(agenda, story);
    expect(item.kind).toBe('chargeback');
    refuse(agenda, story);
    expect(due(agenda, story)).toMatchObject({ kind: 'chargeback', atMs: NOW + TRY_AGAIN_AFTER_MS });
    expect(due(agenda, storyOf(lost)).kind).toBe(what === 'top-up' ? 'topUp' : 'transfer');
  });

  test.each(['paused', 'refused'])('of several, one that is %s keeps no other waiting', (why) => {
    const agenda = agendaOf();
    const answer = { what: 'answer', chargebackId: 'du_2', atMs: NOW + HOUR / 2 } as const;
    const pause = { sinceMs: NOW, by: 'usr_1', verified: true } as const;
    const story = storyOf({
      chargebackWork: workOf('settle'),
      moreChargebackWork: [answer],
      ...(why === 'paused' && { pause }),
    });
    if (why === 'refused') refuse(agenda, story);
    expect(due(agenda, story)).toEqual({ kind: 'chargeback', work: answer, atMs: answer.atMs });
  });

  test('is no more what somebody is needed for, once it was done by somebody else', () => {
    const agenda = agendaOf();
    const story = storyOf({ chargeback: 'open', chargebackWork: workOf('answer') });
    refuse(agenda, story);
    expect(agenda.ahead(story).troubles).toHaveLength(1);
    expect(agenda.ahead(storyOf({ chargeback: 'open' })).troubles).toEqual([]);
  });
});

describe('what was attended to', () => {
  const story = storyOf({ unfinished: UNFINISHED });

  test('is not attended to again at once when it has changed nothing: staff see why', () => {
    const agenda = agendaOf();
    const item = due(agenda, story);
    agenda.attended(item, story.standing, story);
    expect(due(agenda, story).atMs).toBe(NOW + TRY_AGAIN_AFTER_MS);
    expect(agenda.ahead(story).troubles).toMatchObject([{ tryAgainMs: NOW + TRY_AGAIN_AFTER_MS }]);
    vi.setSystemTime(NOW + TRY_AGAIN_AFTER_MS);
    agenda.attended(due(agenda, story), { ...story.standing }, story);
    expect(due(agenda, story).atMs).toBe(NOW + 2 * TRY_AGAIN_AFTER_MS);
  });

  test('is free to come again at once when anything has changed', () => {
    const agenda = agendaOf();
    agenda.attended(due(agenda, story), { ...story.standing, held: 1 }, story);
    expect(due(agenda, story).atMs).toBe(UNFINISHED.atMs);
    expect(agenda.ahead(story).troubles).toEqual([]);
  });

  test.each(['transfer', 'reminder'] as const)('a %s has its time once', (kind) => {
    const agenda = agendaOf();
    const reminder = { name: 'booking_soon', atMs: NOW - HOUR, dueMs: NOW + DAY } as const;
    const waiting = storyOf(
      kind === 'transfer'
        ? { state: 'released', transfer: 'blocked' }
        : { reminders: [reminder], deadlineMs: NOW + DAY, deadlineEvent: 'delivery_overdue' },
    );
    agenda.letGo();
    const item = due(agenda, waiting);
    expect(item).toMatchObject({ kind });
    expect(item.atMs).toBeLessThanOrEqual(NOW);
    agenda.begin(waiting, item);
    agenda.attended(item, waiting.standing, waiting);
    expect(due(agenda, waiting).atMs).toBeGreaterThan(NOW);
    expect(agenda.ahead(waiting).troubles).toEqual([]);
  });
});

describe('what was begun and refused in the middle', () => {
  const decided = {
    n: 1,
    id: 'dsp_1',
    reason: 'not_received',
    decided: true,
    givesAll: true,
    defaultLeaves: false,
  } as const;
  const begun = { ...UNFINISHED, event: 'dispute_decided' } as const;

  test.each([
    ['what a dispute decided', { dispute: decided }, begun],
    ['a deadline', { deadlineMs: NOW, deadlineEvent: 'delivery_overdue' }, UNFINISHED],
  ] as const)('%s: what is left of it waits as long, and stops waiting when it went through', (_what, what, left) => {
    const agenda = agendaOf();
    const after = storyOf({ ...what, unfinished: left });
    refuse(agenda, storyOf(what), after);
    expect(due(agenda, after)).toMatchObject({ kind: 'unfinished', atMs: NOW + TRY_AGAIN_AFTER_MS });
    expect(agenda.ahead(after).troubles).toHaveLength(1);
    agenda.goneThrough(due(agenda, after), undefined);
    expect(agenda.ahead(after).troubles).toEqual([]);
  });

  test.each(['all', 'a part'])('a decision that gives %s, met by an inquiry', (gives) => {
    const story = storyOf({
      state: 'disputed',
      dispute: { ...decided, givesAll: gives === 'all' },
      unfinished: begun,
      chargeback: 'inquiry',
      deadlineMs: NOW + DAY,
      deadlineEvent: 'hold_limit_reached',
    });
    const goesOn = { kind: 'unfinished', atMs: begun.atMs };
    // Finance are asked when the money may be held no longer.
    expect(due(agendaOf(), story)).toMatchObject(gives === 'all' ? goesOn : { kind: 'deadline', atMs: NOW + DAY });
    expect(due(agendaOf(undefined, false), story)).toMatchObject(goesOn);
  });

  test('not the question to finance about what has to stand still: that has a time of its own', () => {
    const agenda = agendaOf();
    const pause = { sinceMs: NOW, by: 'usr_1', verified: true } as const;
    const story = storyOf({ unfinished: UNFINISHED, pause, deadlineMs: NOW, deadlineEvent: 'hold_limit_reached' });
    expect(due(agenda, story)).toEqual({ kind: 'deadline', atMs: NOW });
    refuse(agenda, story);
    expect(due(agenda, story)).toEqual({ kind: 'deadline', atMs: NOW + TRY_AGAIN_AFTER_MS });
  });
});

describe('a history that is started afresh', () => {
  const story = storyOf({ unfinished: UNFINISHED, chargebackWork: workOf('answer', NOW + DAY) });

  test('goes on with what the one before knew', () => {
    const agenda = agendaOf();
    refuse(agenda, story);
    const again = agendaOf(structuredClone(agenda.memory));
    expect(again.next(story)).toEqual(agenda.next(story));
    expect(again.ahead(story)).toEqual(agenda.ahead(story));
  });

  test('knows one trouble when the one before is of the time when there was one: all waits for it', () => {
    const trouble = { reason: 'no', tryAgainMs: NOW + 2 * DAY, asked: 'refundBuyer' };
    const agenda = agendaOf({ trouble, reminded: [], transferTriedMs: NOW });
    expect(due(agenda, story)).toMatchObject({ kind: 'chargeback', atMs: NOW + 2 * DAY });
    expect(agenda.ahead(story).troubles).toEqual([trouble]);
    agenda.goneThrough(due(agenda, storyOf({ unfinished: UNFINISHED })), 'refundBuyer');
    expect(due(agenda, story)).toMatchObject({ kind: 'unfinished', atMs: UNFINISHED.atMs });
  });

  test('that is of before keeps to it until its end', () => {
    const agenda = agendaOf(undefined, false);
    refuse(agenda, story);
    expect(agenda.memory.troubles).toEqual({ all: { reason: 'no', tryAgainMs: NOW + HOUR } });
    const tie = storyOf({ unfinished: UNFINISHED, chargebackWork: workOf('answer') });
    expect(due(agenda, tie)).toMatchObject({ kind: 'unfinished', atMs: NOW + HOUR });
  });
});

test('what anybody else asked for and was an alarm holds nothing up', () => {
  const agenda = agendaOf();
  const story = storyOf({ unfinished: UNFINISHED });
  refuse(agenda, story);
  agenda.refused(undefined, { reason: 'an alarm', tryAgainMs: undefined }, story);
  expect(due(agenda, story).atMs).toBe(NOW + HOUR);
  expect(agenda.ahead(story).troubles.map(({ reason }) => reason)).toEqual(['no', 'an alarm']);
  agenda.movedOn();
  expect(agenda.ahead(story).troubles).toEqual([]);
});
