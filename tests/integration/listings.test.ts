import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ListingId, UserId } from '../../contracts/ids.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import { createLogger } from '../../platform/logging.ts';
import { releaseStock, reserveStock } from '../../services/marketplace/index.ts';
import { setSellerState } from '../../services/users/index.ts';
import { request } from '../helpers/client.ts';
import { type Person, verifiedBuyer } from '../helpers/people.ts';
import { stack } from '../helpers/stack.ts';

interface Listing {
  readonly id: ListingId;
  readonly state: string;
  readonly title: string;
  readonly stock: number;
  readonly available: number;
  readonly version: number;
  readonly code: string;
}

interface Page {
  readonly data: readonly Listing[];
  readonly nextCursor: string | null;
}

const balm = (more: Record<string, unknown> = {}) => ({
  title: 'Marigold balm',
  description: 'Home-made.\nKeep it cool.',
  category: 'skin_care',
  kind: 'goods',
  price: { amount: 1250, currency: 'EUR' },
  stock: 5,
  ...more,
});

let database: Database;
let seller: Person;
let stranger: Person;

beforeAll(async () => {
  database = openDatabase({
    url: stack().databases.app,
    maxConnections: 20,
    applicationName: 'test',
    log: createLogger({ role: 'test', level: 'error' }),
  });
  [seller, stranger] = await Promise.all([verifiedBuyer(), verifiedBuyer()]);
  await database.transaction((tx) => setSellerState(tx, seller.id as UserId, 'verified'));
});

afterAll(() => database.close());

const create = (body: Record<string, unknown> = balm(), token = seller.accessToken) =>
  request<Listing>('POST', '/v1/listings', { token, body });
const read = (id: string, token?: string) =>
  request<Listing>('GET', `/v1/listings/${id}`, token === undefined ? {} : { token });
const command = (id: string, name: 'publish' | 'pause', token = seller.accessToken) =>
  request<Listing>('POST', `/v1/listings/${id}/${name}`, { token });
const change = (id: string, body: unknown, ifMatch = '*', token = seller.accessToken) =>
  request<Listing>('PATCH', `/v1/listings/${id}`, { token, body, headers: { 'if-match': ifMatch } });
const reserve = (id: ListingId, quantity: number) => database.transaction((tx) => reserveStock(tx, id, quantity));

async function published(more: Record<string, unknown> = {}): Promise<Listing> {
  const { body } = await create(balm(more));
  const answer = await command(body.id, 'publish');
  expect(answer.status).toBe(200);
  return answer.body;
}

describe('drafting', () => {
  it('makes a draft that only its seller sees', async () => {
    const { status, headers, body } = await create();
    expect(status).toBe(201);
    expect(headers.get('location')).toBe(`/v1/listings/${body.id}`);
    expect(headers.get('etag')).toBe('"1"');
    expect(body).toMatchObject({
      state: 'draft',
      sellerId: seller.id,
      handlingDays: 14,
      stock: 5,
      available: 5,
      version: 1,
      publishedAt: null,
    });
    expect((await read(body.id, seller.accessToken)).status).toBe(200);
    for (const token of [stranger.accessToken, undefined]) {
      expect(await read(body.id, token)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    }
    const audit = await database.query('SELECT action FROM audit.entries WHERE subject_id = $1', [body.id]);
    expect(audit.rows).toEqual([{ action: 'listing.created' }]);
  });

  it.each([
    ['below the minimum charge', { amount: 49, currency: 'EUR' }],
    ['above the maximum charge', { amount: 100_000_000, currency: 'USD' }],
  ])('refuses a price %s with 422', async (_what, price) => {
    expect(await create(balm({ price }))).toMatchObject({ status: 422, body: { code: 'PRICE_OUT_OF_RANGE' } });
  });

  it.each([
    ['a float', { price: { amount: 12.5, currency: 'EUR' } }],
    ['a negative price', { price: { amount: -1, currency: 'EUR' } }],
    ['an amount as a text', { price: { amount: '1250', currency: 'EUR' } }],
    ['an unknown currency', { price: { amount: 1250, currency: 'XXX' } }],
    ['an unknown category', { category: 'weapons' }],
    ['31 handling days', { handlingDays: 31 }],
    ['negative stock', { stock: -1 }],
    ['a title of two lines', { title: 'Marigold\nbalm' }],
    ['somebody else as the seller', { sellerId: 'usr_0199c1a2b3c47d5e8f60718293a4b5c6' }],
    ['a state', { state: 'published' }],
    ['an id', { id: 'lst_0199c1a2b3c47d5e8f60718293a4b5c6' }],
  ])('refuses %s with 400', async (_what, more) => {
    expect((await create(balm(more))).status).toBe(400);
  });

  it('needs somebody who is signed in', async () => {
    expect((await request('POST', '/v1/listings', { body: balm() })).status).toBe(401);
  });
});

describe('publishing', () => {
  it('is for verified sellers', async () => {
    const { body } = await create(balm(), stranger.accessToken);
    expect(await command(body.id, 'publish', stranger.accessToken)).toMatchObject({
      status: 409,
      body: { code: 'SELLER_NOT_VERIFIED', sellerState: 'none', detail: expect.stringContaining('/v1/onboardings') },
    });
  });

  it('shows the listing to everybody until it is paused', async () => {
    const { id } = await published();
    expect((await read(id)).status).toBe(200);
    expect((await command(id, 'pause')).body).toMatchObject({ state: 'paused' });
    expect((await read(id)).status).toBe(404);
    expect(await reserve(id, 1)).toBe('not_published');
    expect((await command(id, 'publish')).body).toMatchObject({ state: 'published' });
  });

  it('changes nothing when it is published already', async () => {
    const { id, version } = await published();
    expect((await command(id, 'publish')).body.version).toBe(version);
  });

  it('does not pause a draft, and says what can be done', async () => {
    const { body } = await create();
    expect(await command(body.id, 'pause')).toMatchObject({
      status: 409,
      body: { code: 'LISTING_STATE', allowed: ['publish'] },
    });
  });

  it('is the seller’s own business', async () => {
    const { id } = await published();
    for (const name of ['publish', 'pause'] as const) {
      expect((await command(id, name, stranger.accessToken)).status).toBe(404);
    }
    expect((await change(id, { title: 'Taken over' }, '*', stranger.accessToken)).status).toBe(404);
  });
});

describe('changing', () => {
  it('takes the version that was read', async () => {
    const { id, version } = await published();
    const changed = await change(id, { title: 'Better balm' }, `"${version}"`);
    expect(changed).toMatchObject({
      status: 200,
      body: { title: 'Better balm', version: version + 1, state: 'published' },
    });
    expect(await change(id, { title: 'Best balm' }, `"${version}"`)).toMatchObject({
      status: 412,
      body: { code: 'VERSION_CHANGED' },
    });
    const without = await request('PATCH', `/v1/listings/${id}`, {
      token: seller.accessToken,
      body: { title: 'Balm' },
    });
    expect(without).toMatchObject({ status: 428, body: { code: 'IF_MATCH_REQUIRED' } });
  });

  it('changes nothing, and no version, when nothing is different', async () => {
    const { id, version } = await published();
    const same = await change(id, { price: { currency: 'EUR', amount: 1250 }, title: 'Marigold balm' });
    expect(same.body.version).toBe(version);
  });

  it('keeps reservations when the stock changes', async () => {
    const { id } = await published({ stock: 5 });
    expect(await reserve(id, 3)).toMatchObject({ listingId: id, sellerId: seller.id, price: { amount: 1250 } });
    expect((await change(id, { stock: 4 })).body).toMatchObject({ stock: 4, available: 1 });
    expect(await change(id, { stock: 2 })).toMatchObject({
      status: 422,
      body: { code: 'STOCK_BELOW_RESERVED', minimum: 3 },
    });
    expect((await change(id, { stock: 3 })).body).toMatchObject({ stock: 3, available: 0 });
    await database.transaction((tx) => releaseStock(tx, id, 3));
    expect((await read(id)).body).toMatchObject({ stock: 3, available: 3 });
  });

  it('loses no reservation to changes at the same time', async () => {
    const { id } = await published({ stock: 20 });
    await Promise.all([
      ...Array.from({ length: 10 }, () => reserve(id, 1)),
      ...Array.from({ length: 5 }, (_item, n) => change(id, { stock: 30 + n })),
    ]);
    const { body } = await read(id);
    expect(body.stock - body.available).toBe(10);
  });
});

describe('stock', () => {
  it('gives the last piece to one of a hundred', async () => {
    const { id } = await published({ stock: 1 });
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => reserve(id, 1)));
    expect(outcomes.filter((outcome) => outcome === 'sold_out')).toHaveLength(99);
    expect((await read(id)).body.available).toBe(0);
  });

  it('never gives back more than was taken', async () => {
    const { id } = await published({ stock: 2 });
    await reserve(id, 1);
    await database.transaction((tx) => releaseStock(tx, id, 1));
    await expect(database.transaction((tx) => releaseStock(tx, id, 1))).rejects.toThrow(RangeError);
    expect((await read(id)).body).toMatchObject({ stock: 2, available: 2 });
  });
});

describe('lists', () => {
  const list = (query: string, token?: string) =>
    request<Page>('GET', `/v1/listings?${query}`, token === undefined ? {} : { token });

  /** All pages from a cursor, or the beginning, to the end. */
  async function walk(query: string, token?: string, from: string | null = null): Promise<Listing[]> {
    const found: Listing[] = [];
    let cursor = from;
    for (let pages = 0; pages < 50; pages++) {
      const { status, body }: { status: number; body: Page } = await list(
        `${query}${cursor === null ? '' : `&cursor=${cursor}`}`,
        token,
      );
      expect(status).toBe(200);
      found.push(...body.data);
      cursor = body.nextCursor;
      if (cursor === null) return found;
    }
    throw new Error('the list has no end');
  }

  it('show what is published, newest first, each once, while others are added', async () => {
    const made: string[] = [];
    for (let n = 0; n < 5; n++) made.push((await published({ category: 'meditation' })).id);
    const first = await list(`sellerId=${seller.id}&category=meditation&limit=2`);
    expect(first.body.data.map(({ id }) => id)).toEqual(made.slice(3).toReversed());
    await published({ category: 'meditation' });
    const rest = await walk(`sellerId=${seller.id}&category=meditation&limit=2`, undefined, first.body.nextCursor);
    expect(rest.map(({ id }) => id)).toEqual(made.slice(0, 3).toReversed());
  });

  it('show one’s own in every state to nobody else', async () => {
    const { body: draft } = await create();
    const mine = await walk('mine=true&limit=100', seller.accessToken);
    expect(mine.map(({ id }) => id)).toContain(draft.id);
    const everybody = await walk(`sellerId=${seller.id}&limit=100`, stranger.accessToken);
    expect(everybody.map(({ id }) => id)).not.toContain(draft.id);
    expect(everybody.every(({ state }) => state === 'published')).toBe(true);
    expect((await list(`mine=true&sellerId=${seller.id}`, stranger.accessToken)).body.data).toEqual([]);
    expect((await list('mine=true')).status).toBe(401);
  });

  it.each([
    'rubbish',
    Buffer.from('[1,"usr_1"]').toString('base64url'),
    Buffer.from('{}').toString('base64url'),
    '%00',
  ])('refuse the cursor %s', async (cursor) => {
    expect((await list(`cursor=${cursor}`)).status).toBe(400);
  });

  it.each(['limit=0', 'limit=101', 'limit=ten', 'limit=1.5', 'mine=yes', 'category=weapons'])(
    'refuse %s',
    async (query) => {
      expect((await list(query)).status).toBe(400);
    },
  );
});
