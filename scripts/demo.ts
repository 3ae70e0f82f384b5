import { z } from 'zod';
import type { PurchaseId } from '../contracts/ids.ts';
import { becomeVerified, join, type Person, type Places, type StepRunner } from './demo-people.ts';

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
  const seller = await join('Seller', options, step);
  await becomeVerified(seller, options, step);
  const listingId = await publishListing(seller, step);
  const buyer = await join('Buyer', options, step);
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

const withId = z.object({ id: z.string() });
/** The id of a purchase, as `contracts/ids.ts` has it. */
export const purchaseIdSchema = z.templateLiteral(['pur_', z.string()]);
const purchaseSchema = z.object({
  id: purchaseIdSchema,
  state: z.string(),
  money: z.record(z.string(), z.unknown()),
});
/** A listing of the demo's goods, for sale. */
export function publishListing(seller: Person, step: StepRunner): Promise<string> {
  return step('Seller', 'publishes a listing', async () => {
    const { id } = withId.parse((await seller.client.post('/v1/listings', LISTING)).body);
    await seller.client.post(`/v1/listings/${id}/publish`);
    return { outcome: `${LISTING.title}, ${price(LISTING.price)}`, value: id };
  });
}

async function playsPurchase(seller: Person, buyer: Person, listingId: string, step: StepRunner): Promise<PurchaseId> {
  const reaches = async (person: Person, id: PurchaseId, state: string): Promise<z.output<typeof purchaseSchema>> => {
    const { body } = await person.client.poll(
      `/v1/purchases/${id}`,
      `the purchase to be ${state}`,
      PURCHASE_TIMEOUT_MS,
      (answer) => purchaseSchema.parse(answer).state === state,
    );
    return purchaseSchema.parse(body);
  };
  const acts = (
    who: string,
    person: Person,
    id: PurchaseId,
    action: string,
    verb: string,
    state: string,
  ): Promise<void> =>
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
    const purchase = purchaseSchema.parse(body);
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
