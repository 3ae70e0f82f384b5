/** The side effects of what a buyer's bank does. */
import { aboutChargeback, laid, moveDispute, disputed as takenByTheBank } from './chargebacks.ts';
import { withDatabase } from './outcomes.ts';
import { verifiedSeller } from './people.ts';
import {
  AVAILABLE,
  bought,
  type Cast,
  insist,
  looks,
  nothing,
  payOut,
  posts,
  type Setting,
  type SideEffect,
  type Sold,
  type Ways,
} from './side-effect.ts';
import { disputed } from './side-effects-dispute.ts';
import { waitFor } from './wait-for.ts';

const LOOKS = looks('/v1/disputes/{dispute}');
const REVERSALS = posts('/v1/transfers/{id}/reversals');

export const CHARGEBACK_EFFECTS = {
  noteChargeback: {
    // The bank has asked so far; now it takes the money.
    opened: {
      asks: LOOKS,
      set: async (cast) => {
        const sold = await bought(cast, ['accept']);
        return moving(await taken(cast, sold, 'warning_needs_response'), 'needs_response');
      },
      ended: ({ chargeback, chargebackSheet }) => chargeback === 'open' && chargebackSheet?.next?.what === 'answer',
    },
    won: {
      asks: LOOKS,
      set: async (cast) => moving(await taken(cast, await bought(cast, ['accept'])), 'won'),
      ended: ({ chargeback, books }) => chargeback === 'won' && books.held === 2_500,
    },
    'lost before the release': {
      asks: LOOKS,
      set: async (cast) => moving(await taken(cast, await bought(cast, ['accept'])), 'lost'),
      ended: ({ state, chargeback }) => state === 'refunded' && chargeback === 'lost',
    },
    'lost in a dispute': {
      asks: LOOKS,
      set: async (cast) => moving(await taken(cast, await disputed(cast)), 'lost'),
      ended: ({ state, chargeback }) => state === 'refunded' && chargeback === 'lost',
    },
  },
  answerChargeback: {
    asks: posts('/v1/disputes/{dispute}'),
    set: (cast) => ordering(cast, 'evidence'),
    ended: ({ chargeback, chargebackSheet }) => chargeback === 'open' && chargebackSheet?.next === null,
  },
  acceptChargeback: {
    'given up': {
      asks: posts('/v1/disputes/{dispute}/close'),
      set: (cast) => ordering(cast, 'accept'),
      ended: ({ state, chargeback }) => state === 'refunded' && chargeback === 'lost',
    },
    // It was won, and a part of the money never comes back.
    'as it stands': {
      asks: undefined,
      set: async (cast) => {
        const sold = await bought(cast, ['accept', 'deliver', 'confirm']);
        const { bankId } = await taken(cast, sold);
        await moveDispute(bankId, 'won', { reinstated: 1_500 });
        await wasTaken(sold, `awaitFunds/${bankId}`);
        return {
          ...sold,
          waitsFor: stepOf(sold, `acceptChargeback/${bankId}/asItStands`),
          go: () => insist((key) => aboutChargeback(cast.finance, sold.purchaseId, bankId, 'accept', key)),
        };
      },
      ended: ({ chargeback, books }) => chargeback === 'won' && books.advanced === 0,
    },
  },
  awaitFunds: {
    asks: undefined,
    set: async (cast) => {
      const sold = await bought(cast, ['accept']);
      const { bankId } = await taken(cast, sold);
      const go = () => moveDispute(bankId, 'won', { reinstated: 0 }).then(nothing);
      return { ...sold, waitsFor: stepOf(sold, `awaitFunds/${bankId}`), go };
    },
    ended: ({ chargeback, chargebackSheet }) => chargeback === 'open' && chargebackSheet?.next === null,
  },
  settleChargeback: {
    'taken back': {
      asks: REVERSALS,
      set: async (cast) => {
        const sold = await bought(cast, ['accept', 'deliver', 'confirm']);
        return moving(await taken(cast, sold), 'lost');
      },
      ended: ({ state, books }) => state === 'refunded' && books.advanced === 0,
    },
    // The seller has no money any more.
    owed: {
      asks: REVERSALS,
      set: async ({ buyer }) => {
        const seller = await verifiedSeller();
        const sold = await bought({ seller, buyer }, ['accept', 'deliver', 'confirm'], AVAILABLE);
        await payOut(seller);
        return moving(await taken({ buyer }, sold), 'lost');
      },
      ended: ({ state, books }) => state === 'refunded' && books.advanced === 2_250,
    },
  },
} as const satisfies Readonly<Record<string, SideEffect | Ways>>;

/** A purchase about which the bank does something. */
type Taken = Sold & { readonly bankId: string };

async function taken(
  { buyer }: Pick<Cast, 'buyer'>,
  { listingId, purchaseId }: Sold,
  status: 'needs_response' | 'warning_needs_response' = 'needs_response',
): Promise<Taken> {
  const { id } = await takenByTheBank(purchaseId, { status });
  await laid(buyer, purchaseId, status === 'needs_response' ? 'open' : 'inquiry');
  return { listingId, purchaseId, bankId: id };
}

/** The very step is what is waited for. */
const stepOf = ({ purchaseId: id }: Sold, step: string) => ({ table: 'transactions.steps', id, step }) as const;

async function wasTaken({ purchaseId }: Sold, step: string): Promise<void> {
  const text = 'SELECT FROM transactions.steps WHERE purchase_id = $1 AND step = $2';
  await waitFor(
    async () => (await withDatabase((database) => database.query(text, [purchaseId, step]))).rowCount === 1,
    { what: `the step ${step}`, timeoutMs: 20_000 },
  );
}

/** The bank goes on. */
const moving = ({ listingId, purchaseId, bankId }: Taken, status: string): Setting => ({
  listingId,
  purchaseId,
  looksAt: `/v1/disputes/${bankId}`,
  go: () => moveDispute(bankId, status).then(nothing),
});

/** Finance answers, or gives it up. */
async function ordering(cast: Cast, what: 'evidence' | 'accept'): Promise<Setting> {
  const { listingId, purchaseId, bankId } = await taken(cast, await bought(cast, ['accept']));
  return {
    listingId,
    purchaseId,
    go: () => insist((key) => aboutChargeback(cast.finance, purchaseId, bankId, what, key)),
  };
}
