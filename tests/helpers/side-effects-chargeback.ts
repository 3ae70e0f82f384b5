/** The side effects of what a buyer's bank does. */
import { aboutChargeback, type DisputeWish, laid, moveDispute, disputed as takenByTheBank } from './chargebacks.ts';
import { withDatabase } from './outcomes.ts';
import { verifiedSeller } from './people.ts';
import {
  AVAILABLE,
  bought,
  type Cast,
  happens,
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
        return moving(await taken(cast, sold, { status: 'warning_needs_response' }), 'needs_response');
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
  remindOfEvidence: {
    asks: undefined,
    set: async (cast) => {
      // The evidence is to be submitted so soon that it is reminded of at once: of the inquiry, and of what it becomes.
      const dueInSeconds = 4 * 24 * 60 * 60;
      const sold = await bought(cast, ['accept']);
      const { bankId } = await taken(cast, sold, { status: 'warning_needs_response', dueInSeconds });
      await wasTaken(sold, `remindOfEvidence/${bankId}/inquiry`);
      const waitsFor = stepOf(sold, `remindOfEvidence/${bankId}/open`);
      const go = () => happens(`disputes/${bankId}`, { status: 'needs_response', dueInSeconds });
      return { ...sold, waitsFor, go };
    },
    ended: ({ chargeback }, { events }) =>
      chargeback === 'open' && events.filter((event) => event === 'purchase.reminder').length === 2,
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
        return settling(await taken(cast, sold));
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
        return settling(await taken({ buyer }, sold));
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
  wish: DisputeWish = {},
): Promise<Taken> {
  const { id } = await takenByTheBank(purchaseId, wish);
  await laid(buyer, purchaseId, wish.status === 'warning_needs_response' ? 'inquiry' : 'open');
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

/** The bank keeps what was released: that is noted first, and then settled. */
const settling = (about: Taken): Setting => {
  const { looksAt: _noted, ...setting } = moving(about, 'lost');
  return setting;
};

/** Finance answers, or gives it up. */
async function ordering(cast: Cast, what: 'evidence' | 'accept'): Promise<Setting> {
  const { listingId, purchaseId, bankId } = await taken(cast, await bought(cast, ['accept']));
  return {
    listingId,
    purchaseId,
    looksAt: `/v1/disputes/${bankId}`,
    go: () => insist((key) => aboutChargeback(cast.finance, purchaseId, bankId, what, key)),
  };
}
