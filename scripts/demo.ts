import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { bounded, DemoClient, excerpt } from './demo-client.ts';

export interface DemoOptions {
  /** The API's address, without a trailing slash. */
  readonly api: string;
  /** The mail catcher's. */
  readonly mail: string;
  readonly signal?: AbortSignal;
  /** Called after each step, with the milliseconds it took. */
  readonly onStep?: (what: string, ms: number) => void;
}

export interface DemoStep {
  readonly who: string;
  readonly what: string;
  readonly outcome: string;
}

/** What the demo made. */
export interface DemoResult {
  /** ISO 8601. */
  readonly playedAt: string;
  readonly purchaseId: string;
  readonly listingId: string;
  readonly sellerId: string;
  readonly buyerId: string;
  readonly sellerEmail: string;
  readonly buyerEmail: string;
  readonly steps: readonly DemoStep[];
}

const MAIL_TIMEOUT_MS = 20_000;
const ONBOARDING_TIMEOUT_MS = 60_000;
const PURCHASE_TIMEOUT_MS = 30_000;
const MAX_HOSTED_PAGES = 5;

const LISTING = {
  title: 'Lavender and beeswax balm',
  description: 'A home-made balm of lavender oil and beeswax, 50 ml.',
  category: 'body-care',
  kind: 'goods',
  price: { amount: 2400, currency: 'EUR' },
  stock: 12,
  handlingDays: 3,
};

/**
 * The whole story of a purchase, played over HTTP as two people's apps would: a seller is verified and publishes a
 * listing, a buyer pays, the seller delivers, the money is released.
 * @throws Error saying which call or wait failed, and what the answer was
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const steps: DemoStep[] = [];
  const step: StepRunner = async (who, what, work) => {
    const started = performance.now();
    const { outcome, value } = await work();
    steps.push({ who, what, outcome });
    options.onStep?.(`${who} ${what}: ${outcome}`, performance.now() - started);
    return value;
  };
  const seller = await joins('Seller', { displayName: 'Demo seller', country: 'DE' }, step, options);
  await becomesVerified(seller, step, options);
  const listingId = await publishesListing(seller, step);
  const buyer = await joins('Buyer', { displayName: 'Demo buyer', country: 'DE' }, step, options);
  const purchaseId = await playsPurchase(seller, buyer, listingId, step);
  return {
    playedAt: new Date().toISOString(),
    purchaseId,
    listingId,
    sellerId: seller.id,
    buyerId: buyer.id,
    sellerEmail: seller.email,
    buyerEmail: buyer.email,
    steps,
  };
}

interface Person {
  readonly id: string;
  readonly email: string;
  readonly client: DemoClient;
}

type StepRunner = <T>(
  who: string,
  what: string,
  work: () => Promise<{ readonly outcome: string; readonly value: T }>,
) => Promise<T>;

const withId = z.object({ id: z.string() });
const purchaseSchema = z.object({
  id: z.string(),
  state: z.string(),
  money: z.record(z.string(), z.unknown()),
});
const onboardingSchema = z.object({
  id: z.string(),
  state: z.string(),
  steps: z.array(z.object({ name: z.string(), state: z.string(), url: z.string().optional() })),
});

async function joins(
  who: string,
  profile: { displayName: string; country: string },
  step: StepRunner,
  options: DemoOptions,
): Promise<Person> {
  const suffix = randomBytes(4).toString('hex');
  const email = `${who.toLowerCase()}.${suffix}@demo.wellpact.example`;
  const password = randomBytes(18).toString('base64url');
  const client = new DemoClient(options.api, options.signal);
  const id = await step(who, 'signs up', async () => {
    const { body } = await client.post('/v1/users', {
      email,
      password,
      birthDate: '1990-05-01',
      acceptedTerms: true,
      ...profile,
    });
    return { outcome: email, value: withId.parse(body).id };
  });
  await step(who, 'verifies the e-mail address', async () => {
    await client.post('/v1/users/verify-email', { token: await mailedToken(email, options) });
    return { outcome: 'by the token in the caught mail', value: undefined };
  });
  await step(who, 'signs in', async () => {
    const { body } = await client.post('/v1/sessions', { email, password });
    const { accessToken, expiresIn } = z.object({ accessToken: z.string(), expiresIn: z.number() }).parse(body);
    client.signInWith(accessToken);
    return { outcome: `access token for ${expiresIn / 60} min`, value: undefined };
  });
  return { id, email, client };
}

/** Waits for the mail and takes the token out of its link. */
async function mailedToken(email: string, options: DemoOptions): Promise<string> {
  const url = `${options.mail}/messages?to=${encodeURIComponent(email)}`;
  const deadline = Date.now() + MAIL_TIMEOUT_MS;
  for (;;) {
    const response = await fetch(url, { signal: bounded(options.signal) });
    const token = /token=([\w.~-]+)/.exec(await response.text())?.[1];
    if (token !== undefined) return token;
    if (Date.now() > deadline) throw new Error(`Waited ${MAIL_TIMEOUT_MS / 1000} s for a mail with a link at ${url}`);
    await sleep(100, undefined, { signal: options.signal });
  }
}

async function becomesVerified(seller: Person, step: StepRunner, options: DemoOptions): Promise<void> {
  const onboardingId = await step('Seller', 'starts the onboarding', async () => {
    const { body } = await seller.client.post('/v1/onboardings', { firstName: 'Erika', lastName: 'Musterfrau' });
    return { outcome: withId.parse(body).id, value: withId.parse(body).id };
  });
  const path = `/v1/onboardings/${onboardingId}`;
  const visited = new Set<string>();
  const openPage = (body: unknown): { name: string; url: string } | undefined =>
    onboardingSchema
      .parse(body)
      .steps.flatMap(({ name, state, url }) => (state === 'open' && url !== undefined ? [{ name, url }] : []))
      .find(({ url }) => !visited.has(url));

  // Each page leads to the next one: the identity check, then the payout account.
  for (let page = 1; page <= MAX_HOSTED_PAGES; page++) {
    const { body } = await seller.client.poll(
      path,
      'the next step of the onboarding',
      ONBOARDING_TIMEOUT_MS,
      (answer) => onboardingSchema.parse(answer).state === 'verified' || openPage(answer) !== undefined,
    );
    const next = openPage(body);
    if (next === undefined) break;
    visited.add(next.url);
    await step('Seller', `completes the hosted page of ${next.name.replaceAll('_', ' ')}`, async () => {
      await submitHostedPage(next.url, options);
      return { outcome: 'submitted', value: undefined };
    });
  }
  await step('Seller', 'is verified', async () => {
    const { body } = await seller.client.poll(
      path,
      'the seller to be verified',
      ONBOARDING_TIMEOUT_MS,
      (answer) => onboardingSchema.parse(answer).state === 'verified',
    );
    return { outcome: `onboarding ${onboardingSchema.parse(body).state}`, value: undefined };
  });
}

/** What a person does in the browser: opens the provider's page and sends its form. */
async function submitHostedPage(url: string, options: DemoOptions): Promise<void> {
  const page = await fetch(url, { signal: bounded(options.signal) });
  if (!page.ok) throw new Error(`GET ${url} answered ${page.status}: ${excerpt(await page.text())}`);
  await page.arrayBuffer();
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: '',
    redirect: 'manual',
    signal: bounded(options.signal),
  });
  if (response.status >= 400)
    throw new Error(`POST ${url} answered ${response.status}: ${excerpt(await response.text())}`);
  await response.arrayBuffer();
}

function publishesListing(seller: Person, step: StepRunner): Promise<string> {
  return step('Seller', 'publishes a listing', async () => {
    const { id } = withId.parse((await seller.client.post('/v1/listings', LISTING)).body);
    await seller.client.post(`/v1/listings/${id}/publish`);
    return { outcome: `${LISTING.title}, ${price(LISTING.price)}`, value: id };
  });
}

async function playsPurchase(seller: Person, buyer: Person, listingId: string, step: StepRunner): Promise<string> {
  const reaches = async (person: Person, id: string, state: string): Promise<z.output<typeof purchaseSchema>> => {
    const { body } = await person.client.poll(
      `/v1/purchases/${id}`,
      `the purchase to be ${state}`,
      PURCHASE_TIMEOUT_MS,
      (answer) => purchaseSchema.parse(answer).state === state,
    );
    return purchaseSchema.parse(body);
  };
  const acts = (who: string, person: Person, id: string, action: string, verb: string, state: string): Promise<void> =>
    step(who, verb, async () => {
      await person.client.post(`/v1/purchases/${id}/${action}`);
      return { outcome: `purchase ${(await reaches(person, id, state)).state}`, value: undefined };
    });

  const id = await step('Buyer', 'buys one', async () => {
    const { body } = await buyer.client.post('/v1/purchases', {
      listingId,
      paymentMethod: 'pm_card_visa',
      acceptedDisclaimers: [],
    });
    const purchase = withId.parse(body);
    return { outcome: `purchase ${(await reaches(buyer, purchase.id, 'authorised')).state}`, value: purchase.id };
  });
  await acts('Seller', seller, id, 'accept', 'accepts, the card is charged', 'held');
  await acts('Seller', seller, id, 'deliver', 'delivers', 'delivered');
  await acts('Buyer', buyer, id, 'confirm', 'confirms', 'released');
  await step('Wellpact', 'releases the money', async () => {
    const { body } = await buyer.client.poll(
      `/v1/purchases/${id}`,
      'the money to be transferred',
      PURCHASE_TIMEOUT_MS,
      (answer) => isTransferred(amountsOf(answer)),
    );
    const money = amountsOf(body);
    const of = (amount: number): string => price({ amount, currency: LISTING.price.currency });
    return {
      outcome: `captured ${of(money.captured)} = transferred ${of(money.transferred)} + fees ${of(money.fees)}, held ${of(money.held)}`,
      value: undefined,
    };
  });
  return id;
}

interface Amounts {
  readonly captured: number;
  readonly held: number;
  readonly transferred: number;
  readonly fees: number;
}

const minor = z.union([z.number(), z.object({ amount: z.number() }).transform(({ amount }) => amount)]);
const moneySchema = z.object({ captured: minor, held: minor, transferred: minor, fees: minor });

function amountsOf(purchase: unknown): Amounts {
  return moneySchema.parse(purchaseSchema.parse(purchase).money);
}

function isTransferred({ captured, fees, held, transferred }: Amounts): boolean {
  return transferred > 0 && held === 0 && transferred + fees === captured;
}

/** For people: the demo's currency has two decimals. */
function price(money: { amount: number; currency: string }): string {
  return new Intl.NumberFormat('en', { style: 'currency', currency: money.currency }).format(money.amount / 100);
}
