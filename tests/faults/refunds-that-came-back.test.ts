/** A refund that comes back before we have heard that it was made: it is the buyer's money that we owe, and finance is asked. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { PurchaseId } from '../../contracts/ids.ts';
import { listCases } from '../../services/cases/index.ts';
import { refundsOf } from '../../services/transactions/index.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { request } from '../helpers/client.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, publishedListing, read, sandboxLog } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { staffToken } from '../helpers/staff.ts';
import { waitFor } from '../helpers/wait-for.ts';

let buyer: Person;
let seller: Person;
let finance: { readonly id: string; readonly accessToken: string };
beforeAll(async () => {
  [buyer, seller, finance] = await Promise.all([verifiedBuyer(), verifiedSeller(), staffToken('finance')]);
});

const control = (method: 'POST' | 'DELETE', path: string, body?: Record<string, unknown>) =>
  request(method, `/_control/${path}`, { base: stack().urls.sandbox, ...(body !== undefined && { body }) });
afterEach(() => control('DELETE', 'faults'));

const madeFor = async (id: string): Promise<string[]> =>
  (await sandboxLog({ transferGroup: id, kind: 'refund' })).map(({ id: refundId }) => refundId);

/** Makes a refund whose answer is lost; before anybody asks Stripe again, the bank has sent it back. */
async function lostAndBack(id: string, ask: () => Promise<unknown>): Promise<string> {
  const before = await madeFor(id);
  const fault = { provider: 'stripe', method: 'POST', path: '/v1/refunds' };
  await control('POST', 'faults', { ...fault, kind: 'lost_reply', times: 1 });
  await control('POST', 'faults', { ...fault, kind: 'reset', times: 1_000 });
  const asked = ask();
  await waitFor(async () => (await madeFor(id)).length > before.length, { what: 'the refund', timeoutMs: 20_000 });
  const refundId = (await madeFor(id)).at(-1) ?? '';
  expect((await control('POST', `refunds/${refundId}`, { status: 'failed' })).status).toBe(200);
  await control('DELETE', 'faults');
  await asked;
  const noted = async () => {
    const rows = await withDatabase((database) => refundsOf(database, [id as PurchaseId]));
    return (rows.get(id as PurchaseId) ?? []).some(({ providerId }) => providerId === refundId);
  };
  await waitFor(noted, { what: 'the refund to be noted', timeoutMs: 60_000 });
  return refundId;
}

const casesOf = (id: string) =>
  withDatabase((database) => listCases(database, { kinds: ['refund_failed'], subjectId: id }, 10));

test('a refund, and the one that finance sends anew, come back before they are noted: both are owed, once', async () => {
  const { body: bought } = await buy(buyer, await publishedListing(seller));
  const { id } = bought;
  expect((await act(seller, id, 'accept')).status).toBe(200);
  const first = await lostAndBack(id, () => act(seller, id, 'cancel'));
  const owed = { held: 0, refunded: 0, owedToBuyer: 2_500 };
  const { body } = await read(buyer, id);
  expect(body).toMatchObject({ state: 'cancelled', refund: { status: 'failed' }, money: owed });
  expect(await casesOf(id)).toMatchObject([{ state: 'open', details: { refundId: first, amount: 2_500 } }]);
  await expectEqualBooks(body);

  const again = (refundId: string) =>
    request('POST', `/v1/admin/purchases/${id}/refunds/again`, {
      token: finance.accessToken,
      idempotencyKey: randomUUID(),
      body: { refundId, reason: 'The bank has mended the card.' },
    });
  const second = await lostAndBack(id, () => again(first));
  expect((await read(buyer, id)).body.money).toMatchObject(owed);
  expect(await casesOf(id)).toMatchObject([{ state: 'open', details: { refundId: second, amount: 2_500 } }]);
  await expectEqualBooks((await read(buyer, id)).body);

  expect((await again(second)).status).toBe(200);
  const after = (await read(buyer, id)).body;
  expect(after.money).toMatchObject({ refunded: 2_500, owedToBuyer: 0 });
  expect(await casesOf(id)).toMatchObject([{ state: 'closed' }]);
  await expectEqualBooks(after);
});
