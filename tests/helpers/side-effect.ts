/** What a scene of a side effect is, and how the things that scenes begin with are brought about. */
import { randomUUID } from 'node:crypto';
import type { PurchaseId, UserId } from '../../contracts/ids.ts';
import { connectTemporal } from '../../platform/temporal/client.ts';
import { createFlowSignals } from '../../platform/temporal/signals.ts';
import type { Purchase } from '../../services/transactions/index.ts';
import { payoutAccountOf } from '../../services/users/index.ts';
import { type Response, request, untilFinal } from './client.ts';
import type { Scene, StripeCall } from './death.ts';
import { type Told, withDatabase } from './outcomes.ts';
import { TEST_PAYLOAD_KEYS } from './payload-key.ts';
import type { Person } from './people.ts';
import { act, buy, publishedListing, reached } from './purchases.ts';
import { stack } from './stack.ts';
import type { staffToken } from './staff.ts';
import { waitFor } from './wait-for.ts';

export type Staff = Awaited<ReturnType<typeof staffToken>>;

export interface Cast {
  readonly seller: Person;
  readonly buyer: Person;
  readonly support: Staff;
  readonly finance: Staff;
  readonly mediator: Staff;
  readonly otherMediator: Staff;
}

/** A scene about to begin. */
export type Setting = Pick<Scene, 'listingId' | 'purchaseId' | 'looksAt' | 'waitsFor' | 'go'>;

export interface SideEffect {
  readonly asks: StripeCall | undefined;
  /** Brings a purchase to just before it. */
  readonly set: (cast: Cast) => Promise<Setting>;
  /** Whether all is done that follows from it. */
  readonly ended: (purchase: Purchase, told: Told) => boolean;
}

/** A step that has no scene of its own here, and why. */
export interface Unplayed {
  readonly unplayed: string;
}

/** The ways of a step that can be taken in several. */
export type Ways = Readonly<Record<string, SideEffect | Unplayed>>;

export const posts = (path: string): StripeCall => ({ method: 'POST', path });
export const looks = (path: string): StripeCall => ({ method: 'GET', path });

export interface Sold {
  readonly listingId: string;
  readonly purchaseId: string;
}

interface Deal {
  /** Minor units; 2,500 unless told. */
  readonly amount?: number;
  /** What the buyer sends besides. */
  readonly more?: Record<string, unknown>;
}

/** Money that is the seller's to be paid out as soon as it is released. */
export const AVAILABLE: Deal = { more: { paymentMethod: 'pm_card_bypassPending' } };

/** Bought and paid, then taken so far by these actions. */
export async function bought(
  { seller, buyer }: Pick<Cast, 'seller' | 'buyer'>,
  actions: readonly ('accept' | 'deliver' | 'confirm')[],
  { amount = 2_500, more = {} }: Deal = {},
): Promise<Sold> {
  const listingId = await publishedListing(seller, { amount });
  const { status, body } = await untilFinal((key) => buy(buyer, listingId, more, key));
  if (status !== 201) throw new Error(`it was not bought: ${JSON.stringify(body)}`);
  for (const action of actions) {
    const answer = await untilFinal((key) => act(action === 'confirm' ? buyer : seller, body.id, action, key));
    if (answer.status !== 200) throw new Error(`${action}: ${JSON.stringify(answer.body)}`);
  }
  if (actions.includes('confirm')) await reached(buyer, body.id, 'released');
  return { listingId, purchaseId: body.id };
}

export const post = <Body = { code?: string }>(
  who: Pick<Person, 'accessToken'>,
  path: string,
  body: Record<string, unknown> = {},
  key?: string,
): Promise<Response<Body>> =>
  request<Body>('POST', `/v1/${path}`, {
    token: who.accessToken,
    body,
    ...(key !== undefined && { idempotencyKey: key }),
  });

/** Asks until there is a final answer. @returns its status */
export const insist = async (
  ask: (key: string) => Promise<Response<{ code?: string }>>,
  key: string = randomUUID(),
): Promise<number> => (await untilFinal(ask, key)).status;

export const nothing = (): undefined => undefined;

/** Asks the sandbox to let something happen that nobody asked us for. */
export async function happens(path: string, body: Record<string, unknown>): Promise<undefined> {
  const { status, body: answer } = await request('POST', `/_control/${path}`, { base: stack().urls.sandbox, body });
  if (status !== 200) throw new Error(`${path}: ${JSON.stringify(answer)}`);
}

/** The seller's account at Stripe. */
export const accountOf = async ({ id }: Person): Promise<string> =>
  (await withDatabase((database) => payoutAccountOf(database, id as UserId))) ?? '';

/** Everything that a seller has at Stripe goes to their bank. */
export const payOut = async (seller: Person): Promise<undefined> =>
  happens(`accounts/${await accountOf(seller)}`, { payOut: true });

/** Stripe disables a seller's account: they are told, and what is released to them cannot be sent. */
export async function disable(seller: Person): Promise<void> {
  await happens(`accounts/${await accountOf(seller)}`, { disabledReason: 'under_review' });
  await waitFor(async () => (await stateOfOnboarding(seller)) === 'restricted', {
    what: 'the seller to be restricted',
    timeoutMs: 20_000,
  });
}

async function stateOfOnboarding({ id, accessToken: token }: Person): Promise<string> {
  const path = `/v1/onboardings/${id.replace('usr_', 'onb_')}`;
  return (await request<{ state: string }>('GET', path, { token })).body.state;
}

/** Tells flows what they would hear of by themselves, some time. */
export async function withTemporal<T>(work: (temporal: ReturnType<typeof connectTemporal>) => Promise<T>): Promise<T> {
  const { address, namespace } = stack().temporal;
  const connection = { address };
  const temporal = connectTemporal({ temporal: { connection, namespace }, PAYLOAD_KEYS: [...TEST_PAYLOAD_KEYS] });
  try {
    return await work(temporal);
  } finally {
    await temporal.close();
  }
}

/** The clock goes forward for a purchase alone: its deadline is then. Its flow finds that when it looks, which it does next. */
export async function deadlineIs(purchaseId: string, at: Date = new Date()): Promise<undefined> {
  const text = 'UPDATE transactions.purchases SET deadline_at = $2 WHERE id = $1 AND deadline_at IS NOT NULL';
  const { rowCount } = await withDatabase((database) => database.query(text, [purchaseId, at]));
  if (rowCount !== 1) throw new Error(`${purchaseId} has no deadline`);
  return lookAgain(purchaseId);
}

/** The flow of a purchase looks at its payment, as after a webhook. */
const lookAgain = (purchaseId: string): Promise<undefined> =>
  withTemporal(async ({ client }) => {
    await createFlowSignals(client).payment(purchaseId as PurchaseId, {
      eventId: `evt_${randomUUID()}`,
      eventType: 'test',
    });
    return undefined;
  });
