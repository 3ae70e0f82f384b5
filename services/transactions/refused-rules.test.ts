import { describe, expect, test } from 'vitest';
import { refusedAfter } from './refused-rules.ts';

const refused = (step: string) => ({ step, code: 'charge_already_refunded', sinceMs: 1 });
const next = { what: 'settle', chargebackId: 'dp_1', atMs: 1 } as const;
const before = (step: string) =>
  ({ state: 'released', refusedStep: refused(step), chargebackSheet: { next } }) as const;

describe('a step of the purchase', () => {
  test('is refused until it went through, or the purchase has moved on', () => {
    const known = before('refundReleased');
    expect(refusedAfter(known, {})).toEqual(known.refusedStep);
    expect(refusedAfter(known, { to: 'released', unfinished: {} })).toEqual(known.refusedStep);
    expect(refusedAfter(known, { chargebackSheet: { next: null } })).toEqual(known.refusedStep);
    expect(refusedAfter(known, { unfinished: null })).toBeNull();
    expect(refusedAfter(known, { to: 'refunded' })).toBeNull();
  });

  test('a transfer is refused until it is sent', () => {
    const known = before('retryTransfer');
    expect(refusedAfter(known, { transfer: { status: 'blocked' } })).toEqual(known.refusedStep);
    expect(refusedAfter(known, { transfer: { status: 'sent' } })).toBeNull();
  });
});

test('what is left to do about a chargeback is refused beyond the end of the purchase, until it is done', () => {
  const known = before('settleChargeback');
  expect(refusedAfter(known, { to: 'completed', unfinished: null })).toEqual(known.refusedStep);
  expect(refusedAfter(known, { chargebackSheet: { next: { ...next, atMs: 2 } } })).toEqual(known.refusedStep);
  expect(refusedAfter(known, { chargebackSheet: { next: { ...next, chargebackId: 'dp_2' } } })).toBeNull();
  expect(refusedAfter(known, { chargebackSheet: { next: null } })).toBeNull();
});

test('what is refused now takes the place of what was', () => {
  const now = refused('settleChargeback');
  expect(refusedAfter({ ...before('refundReleased'), refusedStep: null }, { refusedStep: now })).toEqual(now);
  expect(refusedAfter(before('refundReleased'), { refusedStep: now })).toEqual(now);
  expect(refusedAfter({ ...before('refundReleased'), refusedStep: null }, { to: 'refunded' })).toBeNull();
});
