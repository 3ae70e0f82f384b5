import { describe, expect, test } from 'vitest';
import { isValid, type PurchaseStanding, type Standing } from './notice-rules.ts';
import { NOTIFICATIONS, notificationsOf, recipientOf } from './notification-rules.ts';

const PARTIES = { purchaseId: 'pur_1', buyerId: 'usr_buyer', sellerId: 'usr_seller' };

const told = (type: string, data: Record<string, unknown> = PARTIES): string[] =>
  notificationsOf({ type, data }).map(({ to, channels }) => {
    const recipient = to === 'finance' ? 'all of finance' : recipientOf({ to }, { type, data });
    return `${recipient} ${channels.join('+')}`;
  });

describe('who is told', () => {
  test.each([
    ['purchase.authorised', ['usr_seller email+push', 'usr_buyer email']],
    ['purchase.held', ['usr_buyer email+push']],
    ['purchase.delivered', ['usr_buyer email+push']],
    ['purchase.cancelled', ['usr_buyer email+push', 'usr_seller email+push']],
    ['purchase.payment_pending', []],
    ['listing.created', []],
  ])('of %s', (type, expected) => {
    expect(told(type)).toEqual(expected);
  });

  test.each([
    ['accept_deadline', ['usr_seller email+push']],
    ['inspection_ending', ['usr_buyer email+push']],
    ['booking_tomorrow', ['usr_buyer email+push', 'usr_seller email+push']],
    ['booking_soon', ['usr_buyer email+push', 'usr_seller email+push']],
    ['chargeback_evidence', ['all of finance email', 'usr_seller email+push']],
  ])('by the reminder %s', (reminder, expected) => {
    expect(told('purchase.reminder', { ...PARTIES, reminder })).toEqual(expected);
  });

  test.each(['inquiry', 'open', 'won', 'lost', 'prevented'])('by a chargeback that is %s', (chargeback) => {
    expect(told('purchase.chargeback_changed', { ...PARTIES, chargeback })).toEqual(['usr_seller email+push']);
  });

  test('nobody of an inquiry that came to nothing', () => {
    expect(told('purchase.chargeback_changed', { ...PARTIES, chargeback: 'none' })).toEqual([]);
  });

  test('of a proposed time, the party that did not propose it', () => {
    expect(told('purchase.reschedule_proposed', { ...PARTIES, proposedBy: 'buyer' })).toEqual([
      'usr_seller email+push',
    ]);
    expect(told('purchase.reschedule_proposed', { ...PARTIES, proposedBy: 'seller' })).toEqual([
      'usr_buyer email+push',
    ]);
  });

  test('of a dispute, the party that is to act, and of what is decided both', () => {
    const dispute = { ...PARTIES, disputeId: 'dsp_1' };
    expect(told('dispute.opened', { ...dispute, claimedBy: 'seller' })).toEqual(['usr_buyer email+push']);
    expect(told('dispute.offered', { ...dispute, offeredBy: 'buyer' })).toEqual(['usr_seller email+push']);
    for (const type of ['dispute.mediating', 'dispute.ruled', 'dispute.appealed', 'dispute.closed']) {
      expect(told(type, dispute)).toEqual(['usr_buyer email+push', 'usr_seller email+push']);
    }
    expect(told('dispute.decided', dispute)).toEqual([]);
  });

  test('one thing for one occasion: where an event has two rules for one person, they exclude each other', () => {
    for (const { on, to } of NOTIFICATIONS) {
      if (on === 'purchase.reminder' || on === 'purchase.chargeback_changed') continue;
      const same = NOTIFICATIONS.filter((rule) => rule.on === on && rule.to === to);
      expect(new Set(same.map(({ valid }) => valid.partRefunded ?? false)).size, on).toBe(same.length);
    }
  });

  test('an event that names nobody is a mistake', () => {
    expect(() => told('purchase.held', { purchaseId: 'pur_1' })).toThrow('purchase.held has no buyerId');
  });
});

describe('the texts', () => {
  test('have names of their own', () => {
    expect(new Set(NOTIFICATIONS.map(({ name }) => name)).size).toBe(NOTIFICATIONS.length);
  });

  test.each(NOTIFICATIONS.map((rule) => [rule.name, rule] as const))('of %s keep the rules of texts', (_name, rule) => {
    const all = [rule.subject, rule.short, ...rule.text].join(' ');
    expect(all).not.toMatch(/escrow/i);
    expect(all.replaceAll(/\{(?:when|link)\}/g, '')).not.toMatch(/[{}]/);
    expect(rule.text).toContain('{link}');
    expect(rule.subject).not.toMatch(/[{}]/);
    expect(rule.short).not.toContain('{link}');
    expect(all.includes('{when}')).toBe(rule.valid.ahead !== undefined);
  });
});

describe('a notification is stale', () => {
  const purchase: PurchaseStanding = {
    state: 'held',
    transfer: 'none',
    wasAuthorised: true,
    partRefunded: false,
    refundedByUs: true,
    chargeback: 'none',
    deadlineMs: 200,
    startsAtMs: 100,
    proposedMs: undefined,
    evidenceMs: 100,
  };
  const now: Standing = { nowMs: 50, emailVerified: true, purchase, occasionMs: 100 };

  test.each([
    ['not while all is as it says', { purchase: ['held'], ahead: 'booking' }, now, true],
    ['in another state', { purchase: ['held'] }, { ...now, purchase: { ...purchase, state: 'cancelled' } }, false],
    ['when there is no such purchase', { purchase: ['held'] }, { nowMs: 50, emailVerified: true }, false],
    ['once the moment has come', { ahead: 'booking' }, { ...now, nowMs: 100 }, false],
    ['when the booking was moved', { ahead: 'booking' }, { ...now, purchase: { ...purchase, startsAtMs: 150 } }, false],
    ['when the deadline is another one', { ahead: 'deadline' }, now, false],
    ['when the proposal is gone', { ahead: 'proposal' }, now, false],
    ['not while evidence is still to be submitted then', { ahead: 'evidence' }, now, true],
    [
      'when evidence was submitted',
      { ahead: 'evidence' },
      { ...now, purchase: { ...purchase, evidenceMs: undefined } },
      false,
    ],
    ['when the address is proven', { emailUnproven: true }, now, false],
    [
      'when it was never authorised',
      { wasAuthorised: true },
      { ...now, purchase: { ...purchase, wasAuthorised: false } },
      false,
    ],
    ['when nothing went back', { partRefunded: true }, now, false],
    [
      'when the bank gave it back, not we',
      { refundedByUs: true },
      { ...now, purchase: { ...purchase, refundedByUs: false } },
      false,
    ],
    ['when the bank has gone on', { chargeback: 'open' }, now, false],
    ['when the transfer went through', { transfer: 'blocked' }, now, false],
    ['when the onboarding went on', { onboarding: 'verified' }, { ...now, onboarding: 'restricted' }, false],
  ] as const)('%s', (_case, valid, standing, expected) => {
    expect(isValid({ valid }, standing)).toBe(expected);
  });
});
