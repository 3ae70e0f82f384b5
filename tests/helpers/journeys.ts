/**
 * Tests of flows under a clock that jumps: `journey('what happens', async ({ travel, market }) => …)`. The server, the
 * workers, a database of its own and a seller are there for the whole file, and gone after it.
 */
import { test } from 'vitest';
import type { ListingId, PurchaseId, UserId } from '../../contracts/ids.ts';
import { newId } from '../../platform/ids.ts';
import { beginTravel, type Travel } from './travel.ts';
import {
  openPurchase,
  placeBooking,
  placeGoods,
  placeSeller,
  stored,
  storedAs,
  type Wanted,
} from './travel-purchases.ts';

/** A seller who can be paid, somebody who buys, and what is for sale. */
export interface Market {
  readonly sellerId: UserId;
  readonly buyerId: UserId;
  goods(): Promise<ListingId>;
  booking(): Promise<ListingId>;
  /** Buys goods with a card that works, unless told otherwise. */
  buy(more?: Partial<Wanted>): Promise<Bought>;
}

/** A purchase, what its parties can do, and what the database says of it. */
export interface Bought {
  readonly purchaseId: PurchaseId;
  readonly handle: Awaited<ReturnType<typeof openPurchase>>['handle'];
  /** What a party asks for: an update of the contract. */
  seller(update: Update): Promise<unknown>;
  buyer(update: Update): Promise<unknown>;
  now(): ReturnType<typeof stored>;
  becomes(state: Parameters<typeof storedAs>[2]): ReturnType<typeof stored>;
  /** How the workflow ends: the clock jumps until then. */
  ends(): Promise<unknown>;
}

interface Update {
  readonly name: string;
}

export async function openMarket(travel: Travel): Promise<Market> {
  const [sellerId, buyerId] = [newId('usr'), newId('usr')];
  await placeSeller(travel, sellerId);
  return {
    sellerId,
    buyerId,
    goods: () => placeGoods(travel, sellerId),
    booking: () => placeBooking(travel, sellerId),
    buy: async (more) => {
      const listingId = more?.listingId ?? (await placeGoods(travel, sellerId));
      const opened = await openPurchase(travel, {
        sellerId,
        buyerId,
        paymentMethod: 'pm_card_visa',
        ...more,
        listingId,
      });
      const ask = (actorId: UserId) => (update: Update) =>
        opened.handle.executeUpdate(update.name, { args: [{ actorId }] });
      return {
        ...opened,
        seller: ask(sellerId),
        buyer: ask(buyerId),
        now: () => stored(travel, opened.purchaseId),
        becomes: (state) => storedAs(travel, opened.purchaseId, state),
        ends: () => opened.handle.result(),
      };
    },
  };
}

export const journey = test
  // Vitest reads from the pattern which other fixtures one needs.
  // oxlint-disable-next-line no-empty-pattern
  .extend('travel', { scope: 'file' }, async ({}, { onCleanup }) => {
    const travel = await beginTravel();
    onCleanup(() => travel.end());
    return travel;
  })
  .extend('market', { scope: 'file' }, ({ travel }) => openMarket(travel));

/**
 * The same with a server, workers and a database for each test. The time-skipping server no longer jumps by itself once
 * one workflow has signalled another, so that what comes after it in the same file would wait in real time.
 */
export const journeyAlone = test
  // oxlint-disable-next-line no-empty-pattern
  .extend('travel', { scope: 'test' }, async ({}, { onCleanup }) => {
    const travel = await beginTravel();
    onCleanup(() => travel.end());
    return travel;
  })
  .extend('market', { scope: 'test' }, ({ travel }) => openMarket(travel));
