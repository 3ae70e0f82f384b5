/** What a buyer's bank does about a payment, by the sandbox, and what finance does about that. */
import { randomUUID } from 'node:crypto';
import type { PurchaseId } from '../../contracts/ids.ts';
import { type Chargeback, purchaseWorkflowId } from '../../contracts/purchase.ts';
import { type Response, request } from './client.ts';
import { recordHistory } from './histories.ts';
import type { Person } from './people.ts';
import { act, buy, type PurchaseBody, publishedListing, read, sandboxLog } from './purchases.ts';
import { stack } from './stack.ts';
import { waitFor } from './wait-for.ts';

interface DisputeBody {
  readonly id: string;
  readonly status: string;
  readonly amount: number;
}

export interface DisputeWish {
  readonly status?: 'needs_response' | 'warning_needs_response' | 'prevented';
  readonly amount?: number;
  readonly dueInSeconds?: number;
}

/** The PaymentIntent of a purchase. */
export async function intentOf(purchaseId: string): Promise<string> {
  const [entry] = await sandboxLog({ transferGroup: purchaseId, kind: 'authorise' });
  if (entry === undefined) throw new Error(`${purchaseId} was never paid`);
  return entry.id;
}

/** The buyer's bank disputes a payment: formally, and all of it, unless told otherwise. */
export async function disputed(purchaseId: string, wish: DisputeWish = {}): Promise<DisputeBody> {
  const base = stack().urls.sandbox;
  const body = { paymentIntent: await intentOf(purchaseId), status: 'needs_response', ...wish };
  const answer = await request<DisputeBody>('POST', '/_control/disputes', { base, body });
  if (answer.status !== 200) throw new Error(`no dispute was opened: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** The bank decides, or goes on. @param more how much comes back with a win at once: all of it unless told */
export async function moveDispute(
  id: string,
  status: string,
  more: { readonly reinstated?: number } = {},
): Promise<DisputeBody> {
  const base = stack().urls.sandbox;
  const answer = await request<DisputeBody>('POST', `/_control/disputes/${id}`, { base, body: { status, ...more } });
  if (answer.status !== 200) throw new Error(`the dispute did not move: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** What the bank still has of a dispute that was won comes back, or so much of it. */
export async function reinstated(id: string, amount?: number): Promise<void> {
  const base = stack().urls.sandbox;
  const body = amount === undefined ? {} : { amount };
  const answer = await request('POST', `/_control/disputes/${id}/reinstatements`, { base, body });
  if (answer.status !== 200) throw new Error(`nothing came back: ${JSON.stringify(answer.body)}`);
}

/** Waits until that lies over a purchase, and reads it. */
export async function laid(who: Person, purchaseId: string, chargeback: Chargeback): Promise<PurchaseBody> {
  await waitFor(async () => (await read(who, purchaseId)).body.chargeback === chargeback, {
    what: `${purchaseId} to have a chargeback that is ${chargeback}`,
    timeoutMs: 20_000,
  });
  return (await read(who, purchaseId)).body;
}

export interface ChargebackBody {
  readonly id: string;
  readonly code: string;
  readonly status: string;
  readonly amount: number;
  readonly withdrawn: number;
  readonly reinstated: number;
  readonly awaited: number;
  readonly advanced: number;
  readonly answerable: boolean;
  readonly answeredAt: string | null;
  readonly dueBy: string | null;
}

interface Staff {
  readonly accessToken: string;
}

/** What finance reads. */
export const chargebacksOf = async ({ accessToken: token }: Staff, purchaseId: string) =>
  (
    await request<{ data: ChargebackBody[]; evidence: Record<string, string> }>(
      'GET',
      `/v1/admin/purchases/${purchaseId}/chargebacks`,
      { token },
    )
  ).body;

/** What finance does about one. */
export const aboutChargeback = (
  { accessToken: token }: Staff,
  purchaseId: string,
  chargebackId: string,
  action: 'evidence' | 'accept',
  idempotencyKey: string = randomUUID(),
  body: Record<string, unknown> = {},
): Promise<Response<ChargebackBody>> =>
  request('POST', `/v1/admin/purchases/${purchaseId}/chargebacks/${chargebackId}/${action}`, {
    token,
    idempotencyKey,
    ...(action === 'evidence' && { body }),
  });

/** Bought by `buyer` for 25.00, and taken so far by these actions. @returns its id */
export async function sold(
  { seller, buyer }: { readonly seller: Person; readonly buyer: Person },
  actions: readonly ('accept' | 'deliver' | 'confirm')[],
  more: Record<string, unknown> = {},
): Promise<string> {
  const bought = await buy(buyer, await publishedListing(seller), more);
  if (bought.status !== 201) throw new Error(`it was not bought: ${JSON.stringify(bought.body)}`);
  for (const action of actions) {
    const { status, body } = await act(action === 'confirm' ? buyer : seller, bought.body.id, action);
    if (status !== 200) throw new Error(`${action}: ${JSON.stringify(body)}`);
  }
  return bought.body.id;
}

/** The one dispute of a purchase that its bank has opened. */
export async function onlyDispute(purchaseId: string): Promise<{ readonly id: string; readonly amount: number }> {
  const opened = await sandboxLog({ transferGroup: purchaseId, kind: 'dispute_opened' });
  const [first] = opened;
  if (first === undefined || opened.length > 1) throw new Error(`${opened.length} disputes about ${purchaseId}`);
  return first;
}

/** Hands the history of a purchase to `npm run histories:record`. */
export const recordPurchase = (name: string, id: string): Promise<void> =>
  recordHistory(name, purchaseWorkflowId(id as PurchaseId));
