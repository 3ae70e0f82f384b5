import { describe, expect, test } from 'vitest';
import type { DisputeState } from '../../contracts/dispute.ts';
import { allowedNow } from './allowed.ts';
import { refuseLate } from './evidence.ts';
import type { Dispute } from './record.ts';

const NOW = Date.parse('2027-01-10T00:00:00Z');
const NOTHING = { buyer: [], seller: [], mediator: [] };

const dispute = (state: DisputeState, more: Partial<Dispute> = {}): Dispute =>
  ({
    state,
    claimedBy: 'buyer',
    decision: null,
    frozenSince: null,
    escalateFrom: null,
    waived: [],
    gross: 2,
    claimRefund: 1,
    ...more,
  }) as Dispute;

describe('what each can do', () => {
  test('is by the table, and nothing once it is decided, closed, or stands still', () => {
    expect(allowedNow(dispute('opened'), NOW)).toEqual({
      ...NOTHING,
      seller: ['accept_claim', 'contest', 'make_offer'],
    });
    expect(allowedNow(dispute('mediating'), NOW)).toMatchObject({ mediator: ['rule'] });
    for (const still of [
      dispute('closed'),
      dispute('ruled', { decision: { refund: 1, by: 'ruling', atMs: NOW } }),
      dispute('opened', { frozenSince: new Date(NOW) }),
    ]) {
      expect(allowedNow(still, NOW)).toEqual(NOTHING);
    }
    const all = dispute('opened', { frozenSince: new Date(NOW), claimRefund: 2 });
    expect(allowedNow(all, NOW)).toEqual({ ...NOTHING, seller: ['accept_claim'] });
  });

  test('is said in the same shape to who hands in a file too late', () => {
    expect(() => refuseLate(dispute('opened'))).not.toThrow();
    const said = {
      code: 'NOT_ALLOWED_NOW',
      extra: { state: 'ruled', allowed: { ...NOTHING, buyer: ['appeal', 'waive_appeal'] } },
    };
    const refused = (() => {
      try {
        return refuseLate(dispute('ruled', { waived: ['respondent'] }));
      } catch (error) {
        return error;
      }
    })();
    expect(refused).toMatchObject(said);
  });
});
