/** Purchases as staff find them and read them. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PurchaseId } from '../../contracts/ids.ts';
import { type Database, openDatabase, type Queryable } from '../../platform/database.ts';
import { newId } from '../../platform/ids.ts';
import { createLogger } from '../../platform/logging.ts';
import { openCase } from '../../services/cases/index.ts';
import { ATTENTION, type Attention, attentionOf } from '../../services/transactions/attention-rules.ts';
import { type PurchaseSearch, searchPurchases } from '../../services/transactions/index.ts';
import { request } from '../helpers/client.ts';
import { type ClonedDatabase, cloneDatabase } from '../helpers/database.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, publishedListing } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { staffToken } from '../helpers/staff.ts';

interface ListBody {
  readonly data: readonly { readonly id: string; readonly state: string; readonly attention: readonly string[] }[];
  readonly nextCursor: string | null;
  readonly code: string;
}

interface Amount {
  readonly account: string;
  readonly amount: number;
}

interface StoryBody {
  readonly state: string;
  readonly listing: { readonly title: string } | null;
  readonly why: { readonly waitsFor: string; readonly automatic: { readonly becomes: string } | null };
  readonly money: { readonly comesFrom: readonly Amount[]; readonly isIn: readonly Amount[] };
  readonly timeline: readonly {
    readonly by: string;
    readonly state: string | null;
    readonly moves: readonly unknown[];
  }[];
  readonly postings: readonly { readonly step: string; readonly entries: readonly Amount[] }[];
  readonly cases: readonly { readonly kind: string; readonly state: string }[];
  readonly workflow: { readonly id: string; readonly url: string };
}

type Staff = Awaited<ReturnType<typeof staffToken>>;

let database: Database;
let seller: Person;
let buyer: Person;
let support: Staff;
let compliance: Staff;
let listingId: string;
/** Newest first: held, cancelled, authorised. */
let ids: readonly string[];

beforeAll(async () => {
  const log = createLogger({ role: 'test', level: 'error' });
  database = openDatabase({ url: stack().databases.app, maxConnections: 2, applicationName: 'test', log });
  [seller, buyer, support, compliance] = await Promise.all([
    verifiedSeller(),
    verifiedBuyer(),
    staffToken('support'),
    staffToken('compliance'),
  ]);
  listingId = await publishedListing(seller, { title: 'A jar of balm' });
  const bought: string[] = [];
  for (const actions of [[], ['accept', 'cancel'], ['accept']] as const) {
    const { id } = (await buy(buyer, listingId)).body;
    for (const action of actions) await act(action === 'cancel' ? buyer : seller, id, action);
    bought.unshift(id);
  }
  ids = bought;
});
afterAll(() => database.close());

const list = (query: Record<string, string>, { accessToken: token } = support) =>
  request<ListBody>('GET', `/v1/admin/purchases?${new URLSearchParams(query).toString()}`, { token });
const found = async (query: Record<string, string>): Promise<string[]> =>
  (await list(query)).body.data.map(({ id }) => id);
const story = (id: string, { accessToken: token } = support) =>
  request<StoryBody>('GET', `/v1/admin/purchases/${id}`, { token });

describe('finding purchases', () => {
  test('by person on either side, by listing, by state and by their own id', async () => {
    expect(await found({ userId: buyer.id })).toEqual(ids);
    expect(await found({ userId: seller.id })).toEqual(ids);
    expect(await found({ listingId })).toEqual(ids);
    expect(await found({ listingId, state: 'held' })).toEqual([ids[0]]);
    expect(await found({ userId: seller.id, state: 'cancelled' })).toEqual([ids[1]]);
    expect(await found({ purchaseId: ids[2] ?? '' })).toEqual([ids[2]]);
    expect(await found({ userId: newId('usr') })).toEqual([]);
    expect(await found({ listingId, attention: 'any' })).toEqual([]);
  });

  test('page by page, none twice and none left out, whatever is bought meanwhile', async () => {
    const first = await list({ userId: seller.id, limit: '2' });
    expect(first.body.data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const later = (await buy(buyer, await publishedListing(seller))).body.id;
    const second = await list({ userId: seller.id, limit: '2', cursor: first.body.nextCursor ?? '' });
    expect(second.body).toMatchObject({ data: [{ id: ids[2] }], nextCursor: null });
    expect((await found({ userId: seller.id }))[0]).toBe(later);
  });

  test('only staff do, and what is no way of asking is refused', async () => {
    expect((await list({}, buyer)).status).toBe(403);
    expect((await request('GET', '/v1/admin/purchases')).status).toBe(401);
    for (const query of [
      { state: 'lost' },
      { userId: 'usr_1' },
      { attention: 'yes' },
      { cursor: 'x' },
      { q: 'balm' },
    ]) {
      expect((await list(query)).status, JSON.stringify(query)).toBe(400);
    }
  });
});

describe('the story of a purchase', () => {
  test('tells state, reason, money on both sides, what happened, and where its workflow is', async () => {
    const { status, body } = await story(ids[0] ?? '');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      state: 'held',
      listing: { title: 'A jar of balm' },
      why: { waitsFor: 'seller', automatic: { becomes: 'cancelled' } },
      workflow: {
        id: `purchase/${ids[0]}`,
        url: `${stack().urls.temporalUi}/namespaces/default/workflows/purchase%2F${ids[0]}`,
      },
    });
    expect(body.timeline.map(({ by, state }) => `${by} ${state}`)).toEqual([
      'buyer payment_pending',
      'provider authorised',
      'seller held',
    ]);
    const sum = (rows: readonly Amount[]): number => rows.reduce((total, { amount }) => total + amount, 0);
    expect([sum(body.money.comesFrom), sum(body.money.isIn)]).toEqual([2_500, 2_500]);
    expect(body.money.isIn.find(({ account }) => account === 'held')?.amount).toBe(2_500);
    expect(body.postings.map(({ step }) => step)).toContain('capturePayment');
    for (const { entries } of body.postings) expect(sum(entries)).toBe(0);
  });

  test('has no address, no name and nothing that was written but the title', async () => {
    const text = JSON.stringify((await story(ids[0] ?? '')).body);
    for (const personal of [buyer.email, seller.email, 'A buyer', 'A seller', 'Beeswax']) {
      expect(text).not.toContain(personal);
    }
  });

  test('has the cases that its reader may know of: who is looked into is for compliance alone', async () => {
    const subjectId = ids[1] ?? '';
    const about = { subjectType: 'purchase', subjectId, dueAt: new Date('2030-01-01T00:00:00Z'), details: {} };
    for (const kind of ['transfer_blocked', 'compliance_hold'] as const) {
      await database.transaction((tx) => openCase(tx, { kind, ...about }));
    }
    const kinds = async (staff: Staff) => (await story(subjectId, staff)).body.cases.map(({ kind }) => kind);
    expect(await kinds(support)).toEqual(['transfer_blocked']);
    expect(await kinds(compliance)).toEqual(['compliance_hold', 'transfer_blocked']);
  });

  test('leaves a trace of each reader, once for the same look, also when they read at once', async () => {
    const id = ids[2] ?? '';
    const others = await Promise.all([staffToken('finance'), staffToken('mediator')]);
    await Promise.all([...others, support, support].map((staff) => story(id, staff)));
    await story(id);
    expect((await story(id, buyer)).status).toBe(403);
    const { rows } = await database.query<{ seq: number; actor: string; action: string }>(
      `SELECT seq, actor, action FROM audit.entries
        WHERE subject_type = 'purchase_access' AND subject_id = $1 ORDER BY seq`,
      [id],
    );
    expect(rows.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(new Set(rows.map(({ actor }) => actor))).toEqual(
      new Set([...others, support].map((staff) => `staff:${staff.id}`)),
    );
    expect(rows.every(({ action }) => action === 'purchase.read')).toBe(true);
    // A look is nothing that happened to the purchase.
    expect((await story(id)).body.timeline).toHaveLength(2);
  });

  test('of nothing is not found, and that leaves no trace', async () => {
    const id = newId('pur');
    expect((await story(id)).status).toBe(404);
    const { rowCount } = await database.query('SELECT 1 FROM audit.entries WHERE subject_id = $1', [id]);
    expect(rowCount).toBe(0);
  });
});

describe('among many purchases', () => {
  const MANY = 20_000;
  let clone: ClonedDatabase;
  beforeAll(async () => {
    clone = await cloneDatabase();
    await clone.database.query(INSERT_MANY, [MANY]);
    await clone.database.query(INSERT_TROUBLED);
    await analyse(clone);
  });
  afterAll(() => clone.drop());

  test('the rule and the search agree on what needs attention, reason by reason', async () => {
    const all: Awaited<ReturnType<typeof searchPurchases>> = [];
    for (let before: PurchaseId | undefined; ; before = all.at(-1)?.id) {
      const page = await searchPurchases(clone.database, { before }, 5_000);
      all.push(...page);
      if (page.length < 5_000) break;
    }
    expect(all).toHaveLength(MANY + ATTENTION.length + 1);
    const nowMs = Date.now();
    const byRule = (reason: Attention | 'any') =>
      all
        .filter((one) => {
          const reasons = attentionOf(one, nowMs);
          return reason === 'any' ? reasons.length > 0 : reasons.includes(reason);
        })
        .map(({ id }) => id);
    for (const attention of ['any', ...ATTENTION] as const) {
      const bySearch = await searchPurchases(clone.database, { attention }, 1_000);
      expect(
        bySearch.map(({ id }) => id),
        attention,
      ).toEqual(byRule(attention));
      expect(bySearch.length, attention).toBeGreaterThan(0);
    }
  });

  test('each way of asking is answered by an index', async () => {
    const asked: readonly (readonly [PurchaseSearch, ...string[]])[] = [
      [{}, 'purchases_pkey'],
      [{ before: newId('pur') }, 'purchases_pkey'],
      [{ purchaseId: newId('pur') }, 'purchases_pkey'],
      // What is rare; what is frequent is soon found among the newest.
      [{ state: 'refunded' }, 'purchases_by_state'],
      [{ userId: `usr_${'0'.repeat(31)}7` }, 'purchases_of_buyer', 'purchases_of_seller'],
      [{ userId: `usr_${'0'.repeat(31)}7`, state: 'held' }, 'purchases_of_buyer', 'purchases_of_seller'],
      [{ listingId: `lst_${'0'.repeat(31)}7` }, 'purchases_of_listing'],
      [{ attention: 'past_deadline' }, 'purchases_due'],
      [{ attention: 'transfer_blocked' }, 'purchases_blocked'],
      [{ attention: 'chargeback' }, 'purchases_in_trouble'],
      [{ attention: 'money_paused' }, 'purchases_paused'],
      [{ attention: 'any' }, 'purchases_due', 'purchases_in_trouble'],
    ];
    for (const [search, ...indexes] of asked) {
      const plan = await planOf(clone.database, search);
      for (const index of indexes) expect(plan, JSON.stringify(search)).toContain(index);
      expect(plan, JSON.stringify(search)).not.toMatch(/Seq Scan/);
    }
  });
});

/** How PostgreSQL would go about a search. */
async function planOf(db: Database, search: PurchaseSearch): Promise<string> {
  let plan = '';
  const explaining: Queryable = {
    query: async (text, values) => {
      const explained = await db.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN ${typeof text === 'string' ? text : text.text}`,
        values,
      );
      plan = explained.rows.map((row) => row['QUERY PLAN']).join('\n');
      return { ...explained, rows: [] };
    },
  };
  await searchPurchases(explaining, search, 51);
  return plan;
}

const ROW = `id, buyer_id, seller_id, listing_id, quantity, currency, terms, accepted_disclaimers, state, state_since,
  deadline_at, payment_status, created_at, updated_at`;
const ID = (prefix: string, number: string): string => `'${prefix}_' || lpad(${number}, 32, '0')`;

/** People buy and sell ten each or so; one in ten purchases is open, and none is in trouble. */
const INSERT_MANY = `
  INSERT INTO transactions.purchases (${ROW})
  SELECT ${ID('pur', 'to_hex(n)')}, ${ID('usr', '(n % 1500)::text')}, ${ID('usr', '(5000 + n % 1700)::text')},
         ${ID('lst', '(n % 1900)::text')}, 1, 'EUR', '{"kind":"goods","price":2500,"currency":"EUR"}', '{}',
         CASE WHEN n % 10 = 0 THEN 'held' ELSE 'completed' END, now(),
         CASE WHEN n % 10 = 0 THEN now() + interval '1 day' END, 'succeeded', now(), now()
    FROM generate_series(1, $1::int) AS n`;

/** One for each reason, and one that is only just past its deadline. */
const INSERT_TROUBLED = `
  INSERT INTO transactions.purchases (${ROW}, unfinished, pause, refused_step, transfer_status, chargeback, captured,
         owed_to_buyer)
  SELECT ${ID('pur', "'f0000000' || n")}, ${ID('usr', "'1'")}, ${ID('usr', "'6000'")}, ${ID('lst', "'1'")}, 1, 'EUR',
         '{"kind":"goods","price":2500,"currency":"EUR"}', '{}', 'held', now(),
         CASE n WHEN 1 THEN now() - interval '1 hour' WHEN 3 THEN now() - interval '1 hour'
                WHEN 7 THEN now() - interval '5 seconds' END,
         'succeeded', now() - interval '1 hour', now() - interval '1 hour',
         CASE n WHEN 2 THEN '{"event":"confirm","actor":{"type":"user","id":"usr_1"},"atMs":0}'::jsonb END,
         CASE n WHEN 6 THEN '{"sinceMs":0,"by":"usr_1","verified":true}'::jsonb END,
         CASE n WHEN 8 THEN '{"step":"settleDispute","code":"PAYMENT_REFUSED","sinceMs":0}'::jsonb END,
         CASE n WHEN 3 THEN 'blocked' ELSE 'none' END, CASE n WHEN 5 THEN 'open' ELSE 'none' END,
         CASE n WHEN 4 THEN 2500 ELSE 0 END, CASE n WHEN 4 THEN 2500 ELSE 0 END
    FROM generate_series(1, 8) AS n`;

/** The planner goes by figures that only the owner of a table can have gathered. */
async function analyse({ ownerUrl }: ClonedDatabase): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  await client.query('ANALYZE transactions.purchases');
  await client.end();
}
