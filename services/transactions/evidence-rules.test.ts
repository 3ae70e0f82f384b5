import { expect, test } from 'vitest';
import { type EvidenceSource, evidenceOf } from './evidence-rules.ts';
import type { Terms } from './terms-rules.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const terms: Terms = {
  policyVersion: 4,
  kind: 'goods',
  price: 2_505,
  currency: 'EUR',
  commissionBasisPoints: 1_000,
  title: 'Balm for bad knees',
  category: 'skin_care',
  paymentWindowMs: 1,
  acceptWindowMs: 1,
  captureReserveMs: 1,
  handlingMs: 3 * DAY_MS,
  inspectionWindowMs: 2 * DAY_MS,
  aftercareWindowMs: 14 * DAY_MS,
};
const source: EvidenceSource = {
  terms,
  acceptedDisclaimers: ['no_medical_advice'],
  slot: null,
  createdAt: new Date('2026-03-01T10:00:00Z'),
  capturedAt: new Date('2026-03-01T11:00:00Z'),
};
const events = [
  { at: '2026-03-01T11:00:00.000Z', by: 'seller', state: 'held' },
  { at: '2026-03-02T09:00:00.000Z', by: 'staff', state: null },
  { at: '2026-03-03T09:00:00.000Z', by: 'seller', state: 'delivered' },
  { at: '2026-03-04T09:00:00.000Z', by: 'buyer', state: 'released' },
] as const;

test('says when, for how much, what was agreed and that it was delivered', () => {
  const evidence = evidenceOf(source, events, 'The parcel was signed for.');
  expect(evidence.description).toContain('2026-03-01 10:00 UTC for 25.05 EUR');
  expect(evidence.description).toContain('version 4');
  expect(evidence.deliveredOn).toBe('2026-03-03');
  expect(evidence.refundPolicy).toContain('48 hours');
  expect(evidence.refundPolicy).toContain('no_medical_advice');
  expect(evidence.activity.split('\n')).toEqual([
    '2026-03-01T11:00:00.000Z seller: the seller accepted, and the payment was captured',
    '2026-03-03T09:00:00.000Z seller: it was delivered',
    '2026-03-04T09:00:00.000Z buyer: the payment was released to the seller',
  ]);
  expect(evidence.statement).toBe('The parcel was signed for.');
});

test('never says what was bought, or of which kind it was', () => {
  const text = JSON.stringify(evidenceOf(source, events));
  expect(text).not.toMatch(/knees|skin/i);
});

test('of a booking, says when it was, and how it could be cancelled', () => {
  const slot = { startsAt: new Date('2026-03-05T08:00:00Z'), endsAt: new Date('2026-03-05T09:00:00Z') };
  const cancellation = [
    { beforeStartMs: DAY_MS, refundBasisPoints: 10_000 },
    { beforeStartMs: 0, refundBasisPoints: 5_000 },
  ];
  const evidence = evidenceOf({ ...source, terms: { ...terms, kind: 'booking', cancellation }, slot }, events);
  expect(evidence.servedOn).toBe('2026-03-05');
  expect(evidence).not.toHaveProperty('deliveredOn');
  expect(evidence.cancellationPolicy).toContain('until 24 hours before the beginning 100 %; until the beginning 50 %');
});

test('stays within what Stripe takes, whatever happened', () => {
  const many = Array.from({ length: 5_000 }, () => events[0]);
  const evidence = evidenceOf(source, many, 'x'.repeat(20_000));
  const length = Object.values(evidence).reduce((sum, value) => sum + value.length, 0);
  expect(length).toBeLessThan(150_000);
});
