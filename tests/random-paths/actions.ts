/** What is done to a purchase on its way: by its parties over HTTP, by the buyer's bank, or by nobody. */
import { randomUUID } from 'node:crypto';
import { request } from '../helpers/client.ts';
import type { PurchaseBody } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { runOptions } from './options.ts';
import type { Member } from './people.ts';

/** A purchase on its way. */
export interface Walk {
  readonly id: string;
  readonly buyer: Member;
  readonly seller: Member;
  /** Of a purchase whose app pays. */
  readonly clientSecret: string | undefined;
  /** Where a booking can be moved to: hours that nobody else takes. */
  readonly otherTimes: readonly string[];
}

export type Side = 'buyer' | 'seller';

/**
 * How long an answer is asked for again, while the worker dies and comes back and Stripe fails. A workflow whose tasks are
 * lost several times in a row is given the next one by Temporal only after minutes; and it is longer than all windows of a
 * dispute, one after the other.
 */
export const PATIENCE_MS = 900_000;
/** How often: in a long run those who ask would otherwise take the machine from the worker that is to answer. */
export const ASK_EVERY_MS = runOptions().harsh ? 2_000 : 400;

interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
}

/** Asks as a good client does: with the same key, until there is a final answer. */
export async function insist<Body extends { code?: string }>(
  what: string,
  ask: (idempotencyKey: string) => Promise<Answer<Body>>,
): Promise<Answer<Body>> {
  const key = randomUUID();
  let last: Answer<Body> | undefined;
  const answered = waitFor(
    async () => {
      last = await ask(key);
      const { status, body } = last;
      return status < 500 && ![202, 429].includes(status) && body.code !== 'IN_PROGRESS' && last;
    },
    { what: `a final answer to ${what}`, timeoutMs: PATIENCE_MS, intervalMs: ASK_EVERY_MS },
  );
  return answered.catch((error: unknown) => {
    throw new Error(`${what}: the last answer was ${JSON.stringify(last)}`, { cause: error });
  });
}

export const post = async (who: Member, path: string, body: Record<string, unknown> | undefined) => {
  const more = body === undefined ? {} : { body };
  return insist(path, async (idempotencyKey) =>
    request<PurchaseBody>('POST', path, { token: await who.token(), idempotencyKey, ...more }),
  );
};

export async function read(who: Member, id: string): Promise<PurchaseBody> {
  return waitFor(
    async () => {
      const { status, body } = await request<PurchaseBody>('GET', `/v1/purchases/${id}`, { token: await who.token() });
      return status === 200 && body;
    },
    { what: `${id} to be read`, timeoutMs: PATIENCE_MS, intervalMs: ASK_EVERY_MS },
  );
}

/** How an action of `next.actions` is sent. */
interface Sent {
  readonly path: string;
  readonly body?: (walk: Walk, purchase: PurchaseBody) => Record<string, unknown>;
  /** How often it is chosen, against 1. */
  readonly weight?: number;
}

/** Every action that a party can be offered. */
const ACTIONS: Readonly<Record<string, Sent>> = {
  accept: { path: 'accept', weight: 6 },
  decline: { path: 'decline' },
  deliver: { path: 'deliver', weight: 3 },
  confirm: { path: 'confirm', weight: 3 },
  cancel: { path: 'cancel' },
  refund_in_full: { path: 'refunds', body: () => ({}) },
  refund_in_part: {
    path: 'refunds',
    body: (_walk, { money }) => ({ amount: { amount: partOf(money), currency: 'EUR' } }),
  },
  open_dispute: {
    path: 'disputes',
    body: () => ({ reason: 'not_as_described', description: 'It is not what the pictures show.' }),
  },
  reschedule: { path: 'reschedule', body: ({ otherTimes }, { slot }) => ({ startsAt: otherThan(otherTimes, slot) }) },
  accept_reschedule: {
    path: 'reschedule/accept',
    body: (_walk, { reschedule }) => ({ startsAt: reschedule?.startsAt ?? '' }),
    weight: 2,
  },
};

/** A good third of what is left, which is no round number. */
const partOf = ({ held, payable, transferred, fees, recovered, advanced }: PurchaseBody['money']): number =>
  1 + Math.floor(((held + payable + transferred + fees + recovered - advanced) * 37) / 100);

const otherThan = (times: readonly string[], slot: PurchaseBody['slot']): string =>
  times.find((time) => Date.parse(time) !== Date.parse(slot?.startsAt ?? '')) ?? '';

/** What can be chosen: an action of a party, how the buyer pays, or that nobody does anything. */
export interface Choice {
  readonly name: string;
  readonly weight: number;
  /** @returns how it was answered, when it was refused */
  readonly take: (walk: Walk, purchase: PurchaseBody) => Promise<string | undefined>;
}

/** @throws Error for an action that is not known here: then it has to be */
export function choiceOf(side: Side, action: string): Choice {
  const sent = ACTIONS[action];
  if (sent === undefined) throw new Error(`"${action}" is offered, and tests/random-paths/actions.ts does not know it`);
  return {
    name: `${side} ${action}`,
    weight: sent.weight ?? 1,
    take: async (walk, purchase) => {
      const { status, body } = await post(
        walk[side],
        `/v1/purchases/${walk.id}/${sent.path}`,
        sent.body?.(walk, purchase),
      );
      return status === 200 || status === 201 ? undefined : body.code;
    },
  };
}

/** How the app pays for a purchase that waits for it. */
export const PAYMENTS: readonly Choice[] = [
  payment('buyer pays', 4, 'pm_card_visa'),
  payment('buyer passes 3-D Secure', 2, 'pm_card_authenticationRequired', 'complete'),
  payment('buyer fails 3-D Secure', 1, 'pm_card_authenticationRequired', 'fail'),
  payment('card is declined', 1, 'pm_card_visa_chargeDeclined'),
];

function payment(name: string, weight: number, method: string, challenge?: 'complete' | 'fail'): Choice {
  return {
    name,
    weight,
    take: async (walk) => {
      const url = await confirm(walk, method);
      if (challenge !== undefined) await answerChallenge(url, challenge);
      const pays = method === 'pm_card_visa' || challenge === 'complete';
      // Only a webhook tells us.
      if (pays) await settled(walk, ({ state }) => state !== 'payment_pending');
      else await settled(walk, ({ payment: { problem } }) => problem !== null);
      return undefined;
    },
  };
}

export const isPaused = ({ holds }: PurchaseBody): boolean => holds.includes('staff_pause');

export const settled = (walk: Walk, isSo: (purchase: PurchaseBody) => boolean): Promise<PurchaseBody> =>
  waitFor(
    async () => {
      const purchase = await read(walk.buyer, walk.id);
      return isSo(purchase) && !purchase.next.inProgress && purchase;
    },
    { what: `${walk.id} to go on`, timeoutMs: PATIENCE_MS, intervalMs: ASK_EVERY_MS },
  );

/** Confirms the payment as Stripe.js does. @returns the page of the bank's challenge, if there is one */
async function confirm({ clientSecret = '' }: Walk, method: string): Promise<string | undefined> {
  const answer = await fetch(`${stack().urls.stripe}/v1/payment_intents/${clientSecret.split('_secret_')[0]}/confirm`, {
    method: 'POST',
    headers: { authorization: 'Bearer pk_test_wellpact', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      client_secret: clientSecret,
      payment_method: method,
      return_url: 'https://app.wellpact.example/paid',
    }),
  });
  const intent = (await answer.json()) as { next_action?: { redirect_to_url?: { url: string } } | null };
  return intent.next_action?.redirect_to_url?.url;
}

async function answerChallenge(url: string | undefined, outcome: 'complete' | 'fail'): Promise<void> {
  if (url === undefined) throw new Error('the bank does not ask');
  await fetch(url, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ outcome }) });
}
