/** Purchases that stand where a test wants to look at them. */
import pg from 'pg';
import { expect } from 'vitest';
import type { PurchaseState } from '../../contracts/purchase.ts';
import { request } from '../helpers/client.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, type PurchaseAction, publishedListing, reached, read } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { waitFor } from '../helpers/wait-for.ts';

export interface Scene {
  readonly seller: Person;
  readonly buyer: Person;
  /** Buys something of the seller's, and goes on. @returns the id of the purchase */
  readonly bought: (...actions: readonly PurchaseAction[]) => Promise<string>;
  /** The buyer's card was declined. */
  readonly declinedCard: () => Promise<string>;
}

/** @param title of what is sold */
export async function setScene(title = 'Home-made balm'): Promise<Scene> {
  const [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
  const listingId = await publishedListing(seller, { title, stock: 100 });
  return {
    seller,
    buyer,
    bought: async (...actions) => {
      const { status, body } = await buy(buyer, listingId);
      expect(status).toBe(201);
      for (const action of actions) {
        const { by, to } = LEADS[action];
        const answer = await act(by === 'seller' ? seller : buyer, body.id, action);
        // On a busy machine it may still be under way when the API answers.
        expect([200, 202], JSON.stringify(answer.body)).toContain(answer.status);
        await reached(buyer, body.id, to);
      }
      return body.id;
    },
    declinedCard: async () => {
      const { status, body } = await buy(buyer, listingId, { paymentMethod: 'pm_card_visa_chargeDeclined' });
      expect(status).toBe(201);
      return body.id;
    },
  };
}

/** Whose action it is, and where it leads. */
const LEADS: Readonly<Record<PurchaseAction, { readonly by: 'buyer' | 'seller'; readonly to: PurchaseState }>> = {
  accept: { by: 'seller', to: 'held' },
  decline: { by: 'seller', to: 'declined' },
  deliver: { by: 'seller', to: 'delivered' },
  confirm: { by: 'buyer', to: 'released' },
  cancel: { by: 'buyer', to: 'cancelled' },
  refunds: { by: 'seller', to: 'refunded' },
};

/** A purchase of a seller whom Stripe does not pay: released, and the money cannot be sent. */
export async function blockedTransfer(): Promise<string> {
  const { seller, buyer, bought } = await setScene('Massage table, used');
  const id = await bought('accept', 'deliver');
  const disabled = await request('POST', `/_control/accounts/${await accountOf(seller)}`, {
    base: stack().urls.sandbox,
    body: { disabledReason: 'under_review' },
  });
  expect(disabled.status).toBe(200);
  await act(buyer, id, 'confirm');
  await waitFor(async () => (await read(buyer, id)).body.transfer.status === 'blocked', {
    what: 'the transfer to be refused',
    timeoutMs: 20_000,
  });
  return id;
}

async function accountOf({ id }: Person): Promise<string> {
  const client = new pg.Client({ connectionString: stack().databases.app });
  await client.connect();
  try {
    const { rows } = await client.query<{ account_id: string }>(
      'SELECT account_id FROM users.onboardings WHERE user_id = $1',
      [id],
    );
    return rows[0]?.account_id ?? '';
  } finally {
    await client.end();
  }
}
