/** A purchase walks its path: of what is offered to its parties, chance takes one thing after the other. */
import type { UserId } from '../../contracts/ids.ts';
import { FINAL_STATES } from '../../services/transactions/rules.ts';
import { payoutAccountOf } from '../../services/users/index.ts';
import { freeHour, publishedBooking } from '../helpers/bookings.ts';
import { request } from '../helpers/client.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { type PurchaseBody, publishedListing, sandboxLog } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { type Choice, choiceOf, insist, isPaused, PATIENCE_MS, PAYMENTS, read, settled, type Walk } from './actions.ts';
import { bankActs, bankDecides, bankOpens, isWithBank } from './bank.ts';
import { disputeChoices } from './dispute-choices.ts';
import { lastOf } from './failed.ts';
import type { Member } from './people.ts';
import { type Payment, type Plan, planOf } from './plan.ts';
import { staffAct, staffLetGo, staffPause } from './staff.ts';

/** What a purchase came to: nothing in it depends on when, or under which ids. */
export interface Walked {
  readonly id: string;
  readonly path: readonly string[];
  readonly state: string;
  readonly money: PurchaseBody['money'];
  readonly payment: string;
  readonly transfer: string;
  readonly refund: string;
  readonly chargeback: string;
}

export interface Cast {
  readonly buyer: Member;
  readonly seller: Member;
  /** How many bookings of this seller came before: each takes hours of its own. */
  readonly booking: number;
}

/** So long is no path; what is not over by then is left to the clock. */
const MAX_STEPS = 8;

export async function walk(seed: number, index: number, cast: Cast): Promise<Walked> {
  const plan = planOf(seed, index);
  const path: string[] = [];
  const on = await bought(plan, cast);
  try {
    if (plan.transfer !== 'goes through') await changeAccount(cast.seller, 'under_review');
    await goAlong(plan, on, path);
    return await ended(plan, on, path);
  } catch (error) {
    throw new Error(`${on.id}, after ${path.join(', ')}; ${await lastOf(on)}`, { cause: error });
  }
}

/** @param path what is done is added to it */
async function goAlong(plan: Plan, on: Walk, path: string[]): Promise<void> {
  let purchase = await settled(on, () => true);
  while (!isFinal(purchase) && path.length < MAX_STEPS) {
    if (bankActs(plan, purchase, path)) purchase = await bankOpens(plan, on, purchase, path);
    if (staffAct(plan, purchase, path)) purchase = await staffPause(on, path);
    const choice = plan.chance.oneOf((await offered(on, purchase)).map((one) => [one, one.weight] as const));
    path.push(choice.name);
    const refused = await choice.take(on, purchase);
    if (refused !== undefined) path.push(`refused: ${refused}`);
    const before = purchase;
    purchase = await settled(on, () => true);
    if (isPaused(purchase)) {
      purchase = await staffLetGo(on, path);
      continue;
    }
    if (choice !== NOTHING) continue;
    if (isWithBank(purchase)) purchase = await bankDecides(plan, on);
    else if (!waitsForClock(purchase)) return;
    else purchase = await settled(on, ({ state }) => state !== before.state);
  }
}

const isFinal = ({ state }: PurchaseBody): boolean => FINAL_STATES.some((final) => final === state);

/** A booking that is held waits for its day, and a transfer that is refused for the seller: neither passes in a run. */
const waitsForClock = ({ slot, state, transfer }: PurchaseBody): boolean =>
  !(slot !== null && state === 'held') && transfer.status !== 'blocked';

const NOTHING: Choice = { name: 'nobody does anything', weight: 1, take: async () => undefined };

/** Everything that can be done now, in an order that is always the same. */
async function offered(on: Walk, purchase: PurchaseBody): Promise<readonly Choice[]> {
  const [asBuyer, asSeller] = await Promise.all([read(on.buyer, on.id), read(on.seller, on.id)]);
  return [
    ...asBuyer.next.actions.toSorted().map((action) => choiceOf('buyer', action)),
    ...asSeller.next.actions.toSorted().map((action) => choiceOf('seller', action)),
    ...(purchase.state === 'payment_pending' && on.clientSecret !== undefined ? PAYMENTS : []),
    ...(purchase.state === 'disputed' ? await disputeChoices(on) : []),
    NOTHING,
  ];
}

const METHODS: Readonly<Record<Payment, string | undefined>> = {
  'at once': 'pm_card_visa',
  'by the app': undefined,
  'after a card was declined': 'pm_card_visa_chargeDeclined',
  'with a card whose refunds take their time': 'pm_card_pendingRefund',
  'with a card whose refunds come back': 'pm_card_visa',
};

async function bought(plan: Plan, { buyer, seller, booking }: Cast): Promise<Walk> {
  const { kind, category, amount, cancellationPolicy } = plan;
  const [listingId, times] =
    kind === 'goods'
      ? [await publishedListing(seller.person, { category, amount, handlingDays: 1 }), []]
      : await bookable(seller, { amount, cancellationPolicy }, booking);
  const body = {
    listingId,
    acceptedDisclaimers: [],
    ...(METHODS[plan.payment] !== undefined && { paymentMethod: METHODS[plan.payment] }),
    ...(times[0] !== undefined && { slot: { startsAt: times[0] } }),
  };
  const answer = await insist(`buying ${plan.index}`, async (idempotencyKey) =>
    request<PurchaseBody>('POST', '/v1/purchases', { token: await buyer.token(), body, idempotencyKey }),
  );
  if (answer.status !== 201) throw new Error(`it was not bought: ${JSON.stringify(answer.body)}`);
  return {
    id: answer.body.id,
    buyer,
    seller,
    clientSecret: answer.body.payment.clientSecret,
    otherTimes: times.slice(1),
  };
}

/** Between one and five days ahead: whichever tier is meant, it stays that one for as long as a run lasts. */
const FIRST_HOUR = 26;
const HOURS_EACH = 2;

async function bookable(
  seller: Member,
  listing: Pick<Plan, 'amount' | 'cancellationPolicy'>,
  booking: number,
): Promise<[listingId: string, times: readonly string[]]> {
  const listingId = await publishedBooking(seller.person, listing);
  const from = FIRST_HOUR + booking * HOURS_EACH;
  const first = Date.parse(await freeHour(listingId, from));
  const times = Array.from({ length: HOURS_EACH }, (_, hour) => new Date(first + hour * 3_600_000).toISOString());
  return [listingId, times];
}

/** Follows a purchase to where it ends, or waits. */
async function ended(plan: Plan, on: Walk, path: readonly string[]): Promise<Walked> {
  if (plan.transfer === 'is refused at first') await changeAccount(on.seller, null);
  if (isWithBank(await settled(on, () => true))) await bankDecides(plan, on);
  await settleRefunds(plan, on);
  const purchase = await waitFor(
    async () => {
      const now = await read(on.buyer, on.id);
      const rests = isFinal(now) || (now.transfer.status === 'blocked' && plan.transfer === 'is refused');
      const waits = now.slot !== null && now.state === 'held';
      return (rests || waits) && !now.next.inProgress && now;
    },
    {
      what: `${on.id} to end or wait where it should, after ${path.join(', ')}`,
      timeoutMs: PATIENCE_MS,
      intervalMs: 2_000,
    },
  );
  const { id, state, money, payment, transfer, refund, chargeback } = purchase;
  const stands = { payment: payment.status, transfer: transfer.status, refund: refund.status, chargeback };
  return { id, path, state, money, ...stands };
}

/** What is pending is decided, and what the bank does not take comes back: then we have to know of it. */
async function settleRefunds(plan: Plan, on: Walk): Promise<void> {
  const pending = plan.payment === 'with a card whose refunds take their time';
  if (!pending && plan.payment !== 'with a card whose refunds come back') return;
  const refunds = await sandboxLog({ transferGroup: on.id, kind: 'refund' });
  if (refunds.length === 0) return;
  const status = pending && plan.refund === 'arrives' ? 'succeeded' : 'failed';
  for (const { id } of refunds) await settleRefund(id, status);
  const owed = status === 'failed' ? refunds.reduce((total, { amount }) => total + amount, 0) : 0;
  await settled(on, ({ refund, money }) => refund.status === status && money.owedToBuyer === owed);
}

/** What is pending succeeds by itself after a minute: then it has what is wanted already. */
async function settleRefund(id: string, status: 'succeeded' | 'failed'): Promise<void> {
  const answer = await ask(`refunds/${id}`, { status });
  if (answer.status === 200 || JSON.stringify(answer.body).includes(`${id} is ${status}`)) return;
  throw new Error(`the sandbox refused to settle ${id}: ${JSON.stringify(answer.body)}`);
}

/** Stripe disables the account of a seller, or enables it again. */
async function changeAccount({ person: { id } }: Member, disabledReason: string | null): Promise<void> {
  await control(`accounts/${await accountOf(id)}`, { disabledReason });
}

const accountOf = (userId: string): Promise<string | undefined> =>
  withDatabase((database) => payoutAccountOf(database, userId as UserId));

const ask = (path: string, body: Record<string, unknown>) =>
  request('POST', `/_control/${path}`, { base: stack().urls.sandbox, body });

async function control(path: string, body: Record<string, unknown>): Promise<void> {
  const answer = await ask(path, body);
  if (answer.status !== 200) throw new Error(`the sandbox refused ${path}: ${JSON.stringify(answer.body)}`);
}
