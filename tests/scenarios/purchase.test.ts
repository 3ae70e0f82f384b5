/**
 * One scenario over HTTP for each row of the transition table, on a stack whose windows last seconds. Each ends by
 * comparing row, ledger and the sandbox's own log.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import type { PurchaseId } from '../../contracts/ids.ts';
import { type PurchaseState, purchaseWorkflowId } from '../../contracts/purchase.ts';
import { createStripe } from '../../providers/stripe-calls.ts';
import type { Account } from '../../services/transactions/money.ts';
import { TRANSITIONS, type Transition } from '../../services/transactions/transition-rules.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { type Response, request } from '../helpers/client.ts';
import { recordHistory } from '../helpers/histories.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, type PurchaseBody, publishedListing, reached, read, sandboxLog } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { waitFor } from '../helpers/wait-for.ts';

let seller: Person;
let buyer: Person;
let stripe: ReturnType<typeof createStripe>;

beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
  const apiKey = stack().env['STRIPE_API_KEY'] ?? '';
  stripe = createStripe({ apiKey, apiUrl: stack().urls.stripe, timeoutMs: 10_000 });
});

/** Where a scenario ends; the accounts that are not named are empty. */
interface Ending {
  readonly state: PurchaseState;
  readonly money?: Readonly<Partial<Record<Account, number>>>;
}

interface Scenario extends Ending {
  /** `from/event/party`, and the condition where the table has several. */
  readonly row: string;
  readonly what: string;
  /** @returns the id of the purchase */
  readonly path: () => Promise<string>;
}

const REFUNDED = { captured: 2_500, refunded: 2_500 } as const;
const RELEASED = { captured: 2_500, transferred: 2_250, fees: 250 } as const;
const HELD = { captured: 2_500, held: 2_500 } as const;

/** The card is charged at once: the purchase is authorised. */
async function authorised(handlingDays = 3): Promise<string> {
  const bought = await buy(buyer, await publishedListing(seller, { handlingDays }));
  expect(bought).toMatchObject({ status: 201, body: { state: 'authorised' } });
  return bought.body.id;
}

const done = async (answer: Promise<Response<PurchaseBody>>): Promise<void> => {
  const { status, body } = await answer;
  expect(status, JSON.stringify(body)).toBe(200);
};

async function held(handlingDays = 3): Promise<string> {
  const id = await authorised(handlingDays);
  await done(act(seller, id, 'accept'));
  return id;
}

async function delivered(handlingDays = 3): Promise<string> {
  const id = await held(handlingDays);
  await done(act(seller, id, 'deliver'));
  return id;
}

async function released(): Promise<string> {
  const id = await delivered();
  await done(act(buyer, id, 'confirm'));
  return id;
}

interface Unpaid {
  readonly id: string;
  readonly intentId: string;
  readonly clientSecret: string;
}

/** Bought by an app that pays later. */
async function unpaid(): Promise<Unpaid> {
  const { status, body } = await buy(buyer, await publishedListing(seller), { paymentMethod: undefined });
  expect(status).toBe(201);
  const clientSecret = body.payment.clientSecret ?? '';
  return { id: body.id, clientSecret, intentId: clientSecret.split('_secret_')[0] ?? '' };
}

/** Pays as Stripe.js does. @returns the page of the bank's challenge, if there is one */
async function payInApp({ intentId, clientSecret }: Unpaid, paymentMethod: string): Promise<string | undefined> {
  const answer = await fetch(`${stack().urls.stripe}/v1/payment_intents/${intentId}/confirm`, {
    method: 'POST',
    headers: { authorization: 'Bearer pk_test_wellpact', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      client_secret: clientSecret,
      payment_method: paymentMethod,
      return_url: 'https://app.wellpact.example/paid',
    }),
  });
  const intent = (await answer.json()) as { next_action?: { redirect_to_url?: { url: string } } | null };
  return intent.next_action?.redirect_to_url?.url;
}

async function challenge(url: string | undefined, outcome: 'complete' | 'fail'): Promise<void> {
  expect(url, 'the bank asks').toBeDefined();
  const answer = await fetch(url ?? '', { method: 'POST', redirect: 'manual', body: new URLSearchParams({ outcome }) });
  expect(answer.status).toBe(200);
}

async function intentOf(purchaseId: string): Promise<string> {
  const [entry] = await sandboxLog({ transferGroup: purchaseId, kind: 'authorise' });
  expect(entry, 'an authorised payment').toBeDefined();
  const charge = await stripe.charges.list({ transfer_group: purchaseId, limit: 1 });
  return charge.data[0]?.payment_intent as string;
}

const SCENARIOS: readonly Scenario[] = [
  {
    row: 'payment_pending/payment_authorised/provider',
    what: '3-D Secure is passed',
    state: 'authorised',
    path: async () => {
      const bought = await unpaid();
      await challenge(await payInApp(bought, 'pm_card_authenticationRequired'), 'complete');
      return bought.id;
    },
  },
  {
    row: 'payment_pending/payment_authorised/provider',
    what: '3-D Secure fails, a second card is declined, a third one pays',
    state: 'authorised',
    path: async () => {
      const bought = await unpaid();
      await challenge(await payInApp(bought, 'pm_card_authenticationRequired'), 'fail');
      await waitFor(async () => (await read(buyer, bought.id)).body.payment.problem !== null, {
        what: 'the failed authentication to show',
        timeoutMs: 4_000,
      });
      await payInApp(bought, 'pm_card_visa_chargeDeclined');
      expect((await read(buyer, bought.id)).body.state).toBe('payment_pending');
      await payInApp(bought, 'pm_card_visa');
      return bought.id;
    },
  },
  {
    row: 'payment_pending/payment_window_over/clock',
    what: 'nobody pays',
    state: 'expired',
    path: async () => (await unpaid()).id,
  },
  {
    row: 'payment_pending/payment_window_over/clock',
    what: '3-D Secure is abandoned',
    state: 'expired',
    path: async () => {
      const bought = await unpaid();
      await payInApp(bought, 'pm_card_authenticationRequired');
      return bought.id;
    },
  },
  {
    row: 'payment_pending/payment_refused/provider',
    what: 'the payment is cancelled at Stripe before it is made',
    state: 'cancelled',
    path: async () => {
      const bought = await unpaid();
      await stripe.paymentIntents.cancel(bought.intentId);
      return bought.id;
    },
  },
  {
    row: 'payment_pending/cancel/buyer',
    what: 'the buyer cancels before paying',
    state: 'cancelled',
    path: async () => {
      const { id } = await unpaid();
      await done(act(buyer, id, 'cancel'));
      return id;
    },
  },
  { row: 'authorised/accept/seller', what: 'the seller accepts', state: 'held', money: HELD, path: () => held() },
  {
    row: 'authorised/decline/seller',
    what: 'the seller declines',
    state: 'declined',
    path: async () => {
      const id = await authorised();
      await done(act(seller, id, 'decline'));
      return id;
    },
  },
  {
    row: 'authorised/decline/seller',
    what: 'the seller declines what was captured behind our back',
    state: 'declined',
    money: REFUNDED,
    path: async () => {
      const id = await authorised();
      await stripe.paymentIntents.capture(await intentOf(id));
      await done(act(seller, id, 'decline'));
      return id;
    },
  },
  {
    row: 'authorised/accept_window_over/clock',
    what: 'the seller does not answer',
    state: 'declined',
    path: () => authorised(),
  },
  {
    row: 'authorised/cancel/buyer',
    what: 'the buyer cancels before the seller has accepted',
    state: 'cancelled',
    path: async () => {
      const id = await authorised();
      await done(act(buyer, id, 'cancel'));
      return id;
    },
  },
  {
    row: 'authorised/authorisation_lost/provider',
    what: 'the authorisation is given back at Stripe',
    state: 'cancelled',
    path: async () => {
      const id = await authorised();
      await stripe.paymentIntents.cancel(await intentOf(id));
      return id;
    },
  },
  { row: 'held/deliver/seller', what: 'the seller delivers', state: 'delivered', money: HELD, path: () => delivered() },
  {
    row: 'held/delivery_overdue/clock',
    what: 'the seller does not deliver',
    state: 'cancelled',
    money: REFUNDED,
    path: () => held(1),
  },
  {
    row: 'held/confirm/buyer',
    what: 'the buyer confirms before anybody said that it is delivered',
    state: 'released',
    money: RELEASED,
    path: async () => {
      const id = await held();
      await done(act(buyer, id, 'confirm'));
      return id;
    },
  },
  {
    row: 'held/cancel/buyer/nothing_for_seller',
    what: 'the buyer cancels what is not delivered yet',
    state: 'cancelled',
    money: REFUNDED,
    path: async () => {
      const id = await held();
      await done(act(buyer, id, 'cancel'));
      return id;
    },
  },
  {
    row: 'held/cancel/seller/nothing_for_seller',
    what: 'the seller cancels',
    state: 'cancelled',
    money: REFUNDED,
    path: async () => {
      const id = await held();
      await done(act(seller, id, 'cancel'));
      return id;
    },
  },
  {
    row: 'held/refund_in_full/seller',
    what: 'the seller refunds before delivery',
    state: 'refunded',
    money: REFUNDED,
    path: async () => {
      const id = await held();
      await done(act(seller, id, 'refunds'));
      return id;
    },
  },
  {
    row: 'held/hold_limit_reached/clock',
    what: 'money is held as long as it may be, before delivery',
    state: 'refunded',
    money: REFUNDED,
    path: () => held(30),
  },
  {
    row: 'delivered/confirm/buyer',
    what: 'the buyer confirms',
    state: 'released',
    money: RELEASED,
    path: () => released(),
  },
  {
    row: 'delivered/inspection_over/clock',
    what: 'the buyer keeps silent',
    state: 'released',
    money: RELEASED,
    path: () => delivered(),
  },
  {
    row: 'delivered/refund_in_full/seller',
    what: 'the seller refunds after delivery',
    state: 'refunded',
    money: REFUNDED,
    path: async () => {
      const id = await delivered();
      await done(act(seller, id, 'refunds'));
      return id;
    },
  },
  {
    row: 'delivered/hold_limit_reached/clock',
    what: 'money is held as long as it may be, after a late delivery',
    state: 'refunded',
    money: REFUNDED,
    path: async () => {
      const id = await held(30);
      const heldUntilMs = Date.parse((await read(buyer, id)).body.deadlines['heldUntil'] ?? '');
      // Late enough for the inspection to end after the hold limit, early enough for the seller to be in time.
      await sleep(heldUntilMs - 3_500 - Date.now());
      await done(act(seller, id, 'deliver'));
      return id;
    },
  },
  {
    row: 'released/aftercare_over/clock',
    what: 'nothing more happens',
    state: 'completed',
    money: RELEASED,
    path: () => released(),
  },
  {
    row: 'released/refund_in_full/seller',
    what: 'the seller refunds after the release: the transfer is taken back first',
    state: 'refunded',
    money: REFUNDED,
    path: async () => {
      const id = await released();
      await done(act(seller, id, 'refunds'));
      return id;
    },
  },
];

/** Rows of bookings, whose times are hours away at least, and of chargebacks: where they are seen to work. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'held/charged_back/provider': 'tests/scenarios/chargeback-lost-before-release.test.ts',
  'delivered/charged_back/provider': 'tests/scenarios/chargeback-lost-before-release.test.ts',
  'disputed/charged_back/provider': 'tests/scenarios/chargeback-with-dispute.test.ts',
  'released/charged_back/provider': 'tests/scenarios/chargeback-after-release.test.ts',
  'held/booking_over/clock': 'tests/time-travel/booking.test.ts',
  'held/cancel/buyer/something_for_seller': 'tests/integration/bookings.test.ts',
  'held/reschedule/buyer': 'tests/integration/bookings.test.ts',
  'held/reschedule/seller': 'tests/integration/bookings.test.ts',
  'held/accept_reschedule/buyer': 'tests/integration/bookings.test.ts',
  'held/accept_reschedule/seller': 'tests/integration/bookings.test.ts',
  // Several of them in one purchase, which windows of seconds leave no time for.
  ...Object.fromEntries(
    ['held', 'delivered', 'released'].flatMap((state) =>
      ['refund_in_part/seller', 'refund_in_part/finance', 'refund_in_full/finance'].map((row) => [
        `${state}/${row}`,
        'tests/integration/partial-refunds.test.ts',
      ]),
    ),
  ),
  'held/open_dispute/buyer': 'tests/scenarios/dispute-hold-limit.test.ts',
  'delivered/open_dispute/buyer': 'tests/scenarios/dispute-response.test.ts',
  'released/open_dispute/buyer': 'tests/scenarios/dispute-after-release.test.ts',
  'disputed/dispute_decided/dispute/nothing_for_seller': 'tests/scenarios/dispute-response.test.ts',
  'disputed/dispute_decided/dispute/something_for_seller': 'tests/scenarios/dispute-offers.test.ts',
  'disputed/hold_limit_reached/clock/something_for_seller': 'tests/scenarios/dispute-hold-limit.test.ts',
  'disputed/hold_limit_reached/clock/nothing_for_seller': 'tests/time-travel/dispute-default.test.ts',
  'held/claim_no_show/buyer': 'tests/time-travel/no-show.test.ts',
  'held/claim_no_show/seller': 'tests/time-travel/no-show.test.ts',
  'delivered/claim_no_show/buyer': 'tests/time-travel/no-show.test.ts',
  'delivered/claim_no_show/seller': 'tests/time-travel/no-show.test.ts',
};

const nameOf = ({ from, on, by, when }: Transition): string => [from, on, by, ...(when ? [when] : [])].join('/');

test('every row that is carried out has its scenario', () => {
  const wired = TRANSITIONS.filter((row) => row.wired === true).map(nameOf);
  const covered = new Set([...SCENARIOS.map(({ row }) => row), ...Object.keys(ELSEWHERE)]);
  expect([...covered].sort()).toEqual([...new Set(wired)].sort());
});

/** `the seller delivers` as `the-seller-delivers`. */
const fileNameOf = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');

const record = (name: string, id: string): Promise<void> =>
  recordHistory(`scenario-${name}`, purchaseWorkflowId(id as PurchaseId));

const MONEY_IN_ALL = ['captured', 'held', 'payable', 'transferred', 'fees', 'refunded'] as const;

/** The purchase ended as it should, and everybody tells the same of its money. */
async function expectEnding(id: string, { state, money = {} }: Ending): Promise<void> {
  const ended = await reached(buyer, id, state);
  const all = Object.fromEntries(MONEY_IN_ALL.map((account) => [account, money[account] ?? 0]));
  expect(ended.money).toMatchObject(all);
  await expectEqualBooks(ended);
}

describe.concurrent('a purchase', () => {
  test.each(SCENARIOS)('$row: $what', async ({ what, path, ...ending }) => {
    const id = await path();
    await expectEnding(id, ending);
    await record(fileNameOf(what), id);
  });
});

describe.sequential('while no webhook arrives', () => {
  const silenced = async (scenario: () => Promise<void>): Promise<void> => {
    const base = stack().urls.sandbox;
    const planted = await request('POST', '/_control/webhooks', { base, body: { action: 'drop', times: 50 } });
    expect(planted.status).toBe(200);
    try {
      await scenario();
    } finally {
      await request('DELETE', '/_control/webhooks', { base });
    }
  };

  test('what was authorised at the last moment is given back when the payment window is over', () =>
    silenced(async () => {
      const bought = await unpaid();
      await payInApp(bought, 'pm_card_visa');
      await expectEnding(bought.id, { state: 'expired' });
      await record('authorised-at-the-last-moment', bought.id);
      expect((await stripe.paymentIntents.retrieve(bought.intentId)).status).toBe('canceled');
    }));

  test('what was captured behind our back by then is refunded', () =>
    silenced(async () => {
      const bought = await unpaid();
      await payInApp(bought, 'pm_card_visa');
      await stripe.paymentIntents.capture(bought.intentId);
      await expectEnding(bought.id, { state: 'expired', money: REFUNDED });
      await record('captured-behind-our-back-before-it-expired', bought.id);
    }));

  test('an authorisation that was lost shows when the seller accepts: the purchase is cancelled', () =>
    silenced(async () => {
      const id = await authorised();
      await stripe.paymentIntents.cancel(await intentOf(id));
      expect(await act(seller, id, 'accept')).toMatchObject({ status: 409, body: { code: 'AUTHORISATION_LOST' } });
      await expectEnding(id, { state: 'cancelled' });
      await record('accepted-when-the-authorisation-was-lost', id);
    }));
});
