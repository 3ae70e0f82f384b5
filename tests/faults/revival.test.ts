/**
 * A process is killed after the payment was authorised, after it was captured, and after the seller was paid: it comes
 * back by itself, and each purchase goes on to the same end.
 */
import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { expectEqualBooks } from '../helpers/books.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, type PurchaseAction, publishedListing, reached, sandboxLog } from '../helpers/purchases.ts';
import { kill, stack } from '../helpers/stack.ts';
import { allAnswer, waitFor } from '../helpers/wait-for.ts';

let seller: Person;
let buyer: Person;
beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
});

const DEADLINE = { timeoutMs: 60_000 };

test.each(['worker', 'api', 'temporal', 'postgres'])('%s', async (role) => {
  const listing = await publishedListing(seller);
  const [authorised, captured, transferred] = await Promise.all([bought(listing), bought(listing), bought(listing)]);
  await Promise.all([captured, transferred].map((id) => act(seller, id, 'accept')));
  await act(buyer, transferred, 'confirm');
  await Promise.all([
    reached(buyer, authorised, 'authorised'),
    reached(buyer, captured, 'held'),
    reached(buyer, transferred, 'released'),
  ]);

  await kill(role);
  await waitFor(() => allAnswer(`${stack().urls.api}/readyz`), { what: 'the API and all it works with', ...DEADLINE });

  await insist(seller, authorised, 'accept');
  for (const id of [authorised, captured]) {
    await insist(seller, id, 'deliver');
    await insist(buyer, id, 'confirm');
  }
  for (const id of [authorised, captured, transferred]) {
    await expectEqualBooks(await reached(buyer, id, 'released'));
    const log = await sandboxLog({ transferGroup: id });
    const count = (kind: string): number => log.filter((entry) => entry.kind === kind).length;
    expect([count('authorise'), count('capture'), count('transfer')]).toEqual([1, 1, 1]);
  }
});

/** @returns the id of a purchase that is authorised */
async function bought(listing: string): Promise<string> {
  const { status, body } = await buy(buyer, listing);
  expect(status).toBe(201);
  return body.id;
}

/** Asks until it is done, as a client does: with the same key, as long as the answer is that there is none yet. */
async function insist(who: Person, id: string, action: PurchaseAction): Promise<void> {
  const key = randomUUID();
  const status = await waitFor(
    async () => {
      const answer = await act(who, id, action, key);
      return [202, 503].includes(answer.status) ? undefined : answer.status;
    },
    { what: `${action} to be answered`, ...DEADLINE },
  );
  expect(status).toBe(200);
}
