/** The side effects of a discount: what the buyer's charge does not cover of the seller's part is sent from Wellpact's balance. */
import { laid, moveDispute, disputed as takenByTheBank } from './chargebacks.ts';
import { discountCode } from './discounts.ts';
import { withDatabase } from './outcomes.ts';
import { act } from './purchases.ts';
import { bought, type Cast, insist, nothing, post, type SideEffect, type Sold } from './side-effect.ts';
import { waitFor } from './wait-for.ts';

const TRANSFERS = '/v1/transfers';
const REVERSALS = '/v1/transfers/{id}/reversals';

export const DISCOUNT_EFFECTS = {
  topUpSeller: {
    asks: { method: 'POST', path: TRANSFERS, step: 'topUp' },
    set: async (cast) => {
      const sold = await discounted(cast, ['accept', 'deliver']);
      return { ...sold, go: () => insist((key) => act(cast.buyer, sold.purchaseId, 'confirm', key)) };
    },
    ended: ({ state, topUp }) => state === 'released' && topUp?.amount === TOP_UP,
  },
  reverseTopUp: {
    asks: { method: 'POST', path: REVERSALS, step: 'reverseTopUp' },
    set: async (cast) => {
      const sold = await toppedUp(cast);
      const path = `purchases/${sold.purchaseId}/refunds`;
      return { ...sold, go: () => insist((key) => post(cast.seller, path, {}, key)) };
    },
    ended: ({ state }) => state === 'refunded',
  },
  settleTopUp: {
    asks: { method: 'POST', path: REVERSALS, step: 'settleTopUp' },
    set: async (cast) => {
      const sold = await toppedUp(cast);
      const { id } = await takenByTheBank(sold.purchaseId);
      await laid(cast.buyer, sold.purchaseId, 'open');
      return { ...sold, go: () => moveDispute(id, 'lost').then(nothing) };
    },
    ended: ({ state, books }) => state === 'refunded' && books.advanced === 0,
  },
} as const satisfies Readonly<Record<string, SideEffect>>;

/** Of 100.00 the buyer pays 80.00, and 90.00 are the seller's. */
const TOP_UP = 1_000;

async function discounted(cast: Cast, actions: readonly ('accept' | 'deliver' | 'confirm')[]): Promise<Sold> {
  const { code } = await discountCode(cast.finance, { currency: 'EUR', basisPoints: 2_000 });
  return bought(cast, actions, { amount: 10_000, more: { discountCode: code } });
}

async function toppedUp(cast: Cast): Promise<Sold> {
  const sold = await discounted(cast, ['accept', 'deliver', 'confirm']);
  const text = `SELECT FROM transactions.purchases WHERE id = $1 AND (top_up->>'amount')::bigint = $2`;
  await waitFor(
    async () => (await withDatabase((database) => database.query(text, [sold.purchaseId, TOP_UP]))).rowCount === 1,
    { what: 'all of the part of the seller to be sent', timeoutMs: 20_000 },
  );
  return sold;
}
