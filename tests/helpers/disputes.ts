/** Disputes over HTTP: what parties and mediators do, and how a purchase ends after it. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Schemas } from '../../client/index.ts';
import { disputeWorkflowId } from '../../contracts/dispute.ts';
import type { PurchaseId } from '../../contracts/ids.ts';
import { purchaseWorkflowId } from '../../contracts/purchase.ts';
import type { Account } from '../../services/transactions/money.ts';
import { expectEqualBooks } from './books.ts';
import { type Answered, patiently, type Response, request } from './client.ts';
import { recordHistory } from './histories.ts';
import type { Person } from './people.ts';
import { act, buy, type PurchaseBody, publishedListing, reached } from './purchases.ts';
import { waitFor } from './wait-for.ts';

export type DisputeBody = Answered<Schemas['Dispute']>;
/** Whoever can sign in. */
export interface Signed {
  readonly accessToken: string;
}

export const EUR = (amount: number) => ({ amount, currency: 'EUR' });

/** Asks for something, as somebody. */
export async function ask<Body = DisputeBody>(
  who: Signed,
  path: string,
  body: unknown = {},
  idempotencyKey: string = randomUUID(),
): Promise<Response<Body>> {
  return request<Body>('POST', path, { token: who.accessToken, body, idempotencyKey });
}

export interface DealOptions {
  readonly amount?: number;
}

/** Bought, accepted, delivered. @returns the id of the purchase */
export async function delivered(
  { seller, buyer }: { seller: Person; buyer: Person },
  { amount = 2_500 }: DealOptions = {},
): Promise<string> {
  const bought = await buy(buyer, await publishedListing(seller, { amount, handlingDays: 30 }));
  expect(bought.status).toBe(201);
  for (const action of ['accept', 'deliver'] as const) {
    const { status, body } = await act(seller, bought.body.id, action);
    expect(status, JSON.stringify(body)).toBe(200);
  }
  return bought.body.id;
}

/** A dispute, just opened. */
export async function disputed(
  buyer: Signed,
  purchaseId: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<DisputeBody> {
  const words = { reason: 'not_as_described', description: 'It is not what the pictures show.' };
  const path = `/v1/purchases/${purchaseId}/disputes`;
  const { status, body } = await patiently((key) => ask<DisputeBody>(buyer, path, { ...words, ...more }, key));
  expect(status, JSON.stringify(body)).toBe(201);
  return body;
}

/** The same after the release: what is disputed is held no longer, so no hold limit comes before the dispute's own deadlines. */
export async function disputedAfterRelease(people: { seller: Person; buyer: Person }): Promise<DisputeBody> {
  const purchaseId = await delivered(people);
  await act(people.buyer, purchaseId, 'confirm');
  await reached(people.buyer, purchaseId, 'released');
  return disputed(people.buyer, purchaseId);
}

/** Does something about a dispute that has to be taken. */
export async function does(who: Signed, dispute: { readonly id: string }, what: string, body: unknown = {}) {
  const answer = await patiently((key) => ask<DisputeBody>(who, `/v1/disputes/${dispute.id}/${what}`, body, key));
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body;
}

export async function readDispute(who: Signed, id: string): Promise<DisputeBody> {
  const { status, body } = await request<DisputeBody>('GET', `/v1/disputes/${id}`, { token: who.accessToken });
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

/** Waits until a dispute is in a state, and reads it. */
export async function disputeReached(who: Signed, id: string, state: string): Promise<DisputeBody> {
  await waitFor(async () => (await readDispute(who, id)).state === state, {
    what: `${id} to be ${state}`,
    timeoutMs: 25_000,
  });
  return readDispute(who, id);
}

/** The seller says no: both look for an agreement from now on. */
export const contested = (seller: Signed, dispute: { readonly id: string }): Promise<DisputeBody> =>
  does(seller, dispute, 'response', { answer: 'contest', text: 'No.' });

/** Waits until a party can ask for a mediator. */
export async function escalatable(who: Signed, dispute: { readonly id: string }): Promise<void> {
  await waitFor(async () => (await readDispute(who, dispute.id)).next.actions.includes('escalate'), {
    what: 'a mediator to be had',
    timeoutMs: 15_000,
  });
}

/** From when on a party can ask for a mediator: waits for it, and asks. */
export async function escalated(who: Signed, dispute: { readonly id: string }): Promise<DisputeBody> {
  await escalatable(who, dispute);
  return does(who, dispute, 'escalate');
}

/** The seller says no, the buyer asks for a mediator: who has to rule now. */
export async function inMediation(
  { seller, buyer }: { readonly seller: Signed; readonly buyer: Signed },
  dispute: { readonly id: string },
): Promise<DisputeBody> {
  await contested(seller, dispute);
  return escalated(buyer, dispute);
}

const ALL: readonly Account[] = ['captured', 'held', 'payable', 'transferred', 'fees', 'refunded', 'advanced'];

/** The purchase ended so, its dispute is over, and everybody tells the same of its money. */
export async function expectSettled(
  who: Person,
  dispute: Pick<DisputeBody, 'id' | 'purchaseId'>,
  state: PurchaseBody['state'],
  money: Readonly<Partial<Record<Account, number>>>,
): Promise<DisputeBody> {
  const ended = await reached(who, dispute.purchaseId, state);
  expect(ended.money).toMatchObject(Object.fromEntries(ALL.map((account) => [account, money[account] ?? 0])));
  await expectEqualBooks(ended);
  const closed = await disputeReached(who, dispute.id, 'closed');
  expect(closed.decision?.refund.amount).toBeDefined();
  return closed;
}

/** Records the histories of both workflows, under the name of the path. */
export async function recordBoth(name: string, { purchaseId, number }: DisputeBody): Promise<void> {
  await recordHistory(`purchase-${name}`, purchaseWorkflowId(purchaseId as PurchaseId));
  await recordHistory(`dispute-${name}`, disputeWorkflowId(purchaseId as PurchaseId, number));
}
