import { orThrow, type WellpactClient } from '../client/index.ts';
import type { PurchaseId } from '../contracts/ids.ts';
import { becomeVerified, join, type Person, type Places, type StepRunner } from './demo-people.ts';
import { poll } from './demo-wait.ts';

export interface DemoOptions extends Places {
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
  readonly purchaseId: PurchaseId;
  readonly listingId: string;
  readonly sellerId: string;
  readonly buyerId: string;
  readonly sellerEmail: string;
  readonly buyerEmail: string;
  readonly steps: readonly DemoStep[];
}

const PURCHASE_TIMEOUT_MS = 30_000;

const LISTING = {
  title: 'Lavender and beeswax balm',
  description: 'A home-made balm of lavender oil and beeswax, 50 ml.',
  category: 'skin_care',
  kind: 'goods',
  price: { amount: 2400, currency: 'EUR' },
  stock: 12,
  handlingDays: 3,
} as const;

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
  const seller = await join('Seller', options, step);
  await becomeVerified(seller, options, step);
  const listingId = await publishListing(seller, step);
  const buyer = await join('Buyer', options, step);
  const purchaseId = await playsPurchase(seller, buyer, listingId, step);
  return {
    playedAt: new Date().toISOString(),
    // To the client every id is a string.
    purchaseId: purchaseId as PurchaseId,
    listingId,
    sellerId: seller.id,
    buyerId: buyer.id,
    sellerEmail: seller.email,
    buyerEmail: buyer.email,
    steps,
  };
}

/** A listing of the demo's goods, for sale. */
export function publishListing({ client }: Person, step: StepRunner): Promise<string> {
  return step('Seller', 'publishes a listing', async () => {
    const { id } = await orThrow(client.POST('/v1/listings', { body: LISTING }));
    await orThrow(client.POST('/v1/listings/{id}/publish', { params: { path: { id } } }));
    return { outcome: `${LISTING.title}, ${price(LISTING.price)}`, value: id };
  });
}

export const readPurchase = (client: WellpactClient, id: string) =>
  orThrow(client.GET('/v1/purchases/{id}', { params: { path: { id } } }));
type Purchase = Awaited<ReturnType<typeof readPurchase>>;

/** Waits until a purchase is in a state. */
export const reaches = ({ client }: Person, id: string, state: Purchase['state']): Promise<Purchase> =>
  poll(() => readPurchase(client, id), {
    what: `the purchase to be ${state}`,
    timeoutMs: PURCHASE_TIMEOUT_MS,
    until: (purchase) => purchase.state === state,
  });

async function playsPurchase(seller: Person, buyer: Person, listingId: string, step: StepRunner): Promise<string> {
  const id = await step('Buyer', 'buys one', async () => {
    const body = { listingId, paymentMethod: 'pm_card_visa', acceptedDisclaimers: [] };
    const purchase = await orThrow(buyer.client.POST('/v1/purchases', { body }));
    return { outcome: `purchase ${(await reaches(buyer, purchase.id, 'authorised')).state}`, value: purchase.id };
  });
  const params = { path: { id } };
  const acts = (who: string, person: Person, action: Action, verb: string, state: Purchase['state']): Promise<void> =>
    step(who, verb, async () => {
      await orThrow(person.client.POST(`/v1/purchases/{id}/${action}`, { params }));
      return { outcome: `purchase ${(await reaches(person, id, state)).state}`, value: undefined };
    });
  await acts('Seller', seller, 'accept', 'accepts, the card is charged', 'held');
  await acts('Seller', seller, 'deliver', 'delivers', 'delivered');
  await acts('Buyer', buyer, 'confirm', 'confirms', 'released');
  await step('Wellpact', 'releases the money', async () => {
    const { money } = await poll(() => readPurchase(buyer.client, id), {
      what: 'the money to be transferred',
      timeoutMs: PURCHASE_TIMEOUT_MS,
      until: isTransferred,
    });
    const of = (amount: number): string => price({ amount, currency: LISTING.price.currency });
    return {
      outcome: `captured ${of(money.captured)} = transferred ${of(money.transferred)} + fees ${of(money.fees)}, held ${of(money.held)}`,
      value: undefined,
    };
  });
  return id;
}

type Action = 'accept' | 'deliver' | 'confirm';

function isTransferred({ money: { captured, fees, held, transferred } }: Purchase): boolean {
  return transferred > 0 && held === 0 && transferred + fees === captured;
}

/** For people: the demo's currency has two decimals. */
function price(money: { amount: number; currency: string }): string {
  return new Intl.NumberFormat('en', { style: 'currency', currency: money.currency }).format(money.amount / 100);
}
