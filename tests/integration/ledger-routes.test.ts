/** The ledger as finance reads it, over HTTP. */
import { beforeAll, describe, expect, test } from 'vitest';
import { request } from '../helpers/client.ts';
import { verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, publishedListing, reached } from '../helpers/purchases.ts';
import { staffToken } from '../helpers/staff.ts';

interface Page<Item> {
  readonly data: readonly Item[];
  readonly nextCursor: string | null;
}
interface AccountBody {
  readonly account: string;
  readonly class: string;
  readonly normalSide: string;
  readonly atStripe: boolean;
  readonly currency: string;
  readonly balance: number;
}
interface PostingBody {
  readonly id: string;
  readonly step: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly causedBy: string;
  readonly entries: readonly { readonly account: string; readonly amount: number; readonly reference: string | null }[];
}
interface CheckBody {
  readonly entries: number;
  readonly sums: readonly { readonly currency: string; readonly difference: number }[];
  readonly differences: readonly { readonly purchaseId: string | null }[];
}

let token: string;
let purchaseId: string;
beforeAll(async () => {
  const [staff, seller, buyer] = [await staffToken('finance'), await verifiedSeller(), await verifiedBuyer()];
  token = staff.accessToken;
  const { body } = await buy(buyer, await publishedListing(seller));
  purchaseId = body.id;
  await act(seller, purchaseId, 'accept');
  await act(buyer, purchaseId, 'confirm');
  await reached(buyer, purchaseId, 'released');
});

const get = <Body>(path: string) => request<Body>('GET', `/v1/admin/ledger/${path}`, { token });

describe('postings', () => {
  test('name what they stand for at Stripe, and what made them happen', async () => {
    const { status, body } = await get<Page<PostingBody>>(`postings?purchaseId=${purchaseId}`);
    expect(status).toBe(200);
    expect(body.nextCursor).toBeNull();
    expect(body.data.map(({ step }) => step)).toEqual(['capturePayment', 'stripeFee', 'releaseToSeller']);
    for (const posting of body.data) {
      expect(posting.workflowId).toBe(`purchase/${purchaseId}`);
      expect(posting.runId).toMatch(/^[0-9a-f-]{36}$/);
      expect(posting.causedBy).toMatch(/^update\/./);
      expect(posting.entries.reduce((sum, { amount }) => sum + amount, 0)).toBe(0);
    }
    const references = body.data.flatMap(({ entries }) =>
      entries.map(({ account, reference }) => `${account} ${reference?.split('_')[0]}`),
    );
    expect(references).toEqual([
      'captured ch',
      'held undefined',
      'stripeFees undefined',
      'stripeFeesPaid ch',
      'held undefined',
      'payable undefined',
      'held undefined',
      'fees undefined',
      'payable undefined',
      'transferred tr',
    ]);
  });

  test('are found by what they stand for, in pages', async () => {
    const all = (await get<Page<PostingBody>>(`postings?purchaseId=${purchaseId}`)).body.data;
    const charge = all[0]?.entries[0]?.reference;
    const about = await get<Page<PostingBody>>(`postings?reference=${charge}`);
    expect(about.body.data.map(({ id }) => id)).toEqual(all.slice(0, 2).map(({ id }) => id));
    const first = await get<Page<PostingBody>>(`postings?purchaseId=${purchaseId}&limit=2`);
    expect(first.body.data.map(({ id }) => id)).toEqual(all.slice(0, 2).map(({ id }) => id));
    const rest = await get<Page<PostingBody>>(
      `postings?purchaseId=${purchaseId}&limit=2&cursor=${first.body.nextCursor}`,
    );
    expect(rest.body).toEqual({ data: all.slice(2), nextCursor: null });
  });

  test.each(['', `?purchaseId=pur_${'0'.repeat(32)}&reference=ch_1`, '?purchaseId=1', '?reference=%00', '?cursor=x'])(
    'are not read by "%s": 400',
    async (query) => {
      expect(await get(`postings${query}`)).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
    },
  );
});

describe('accounts', () => {
  test('show what the entries add up to, each on its side, in pages', async () => {
    const balances = new Map<string, AccountBody>();
    for (let cursor: string | null = ''; cursor !== null; ) {
      const after: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { status, body }: { status: number; body: Page<AccountBody> } = await get(`accounts?limit=3${after}`);
      expect(status).toBe(200);
      for (const one of body.data) balances.set(`${one.account}/${one.currency}`, one);
      cursor = body.nextCursor;
    }
    expect(balances.get('captured/EUR')).toMatchObject({ class: 'asset', normalSide: 'debit', atStripe: true });
    expect(balances.get('held/EUR')).toMatchObject({ class: 'liability', normalSide: 'credit', atStripe: false });
    expect(balances.get('transferred/EUR')?.balance).toBeGreaterThan(0);
    expect(balances.get('stripeFeesPaid/EUR')).toMatchObject({ class: 'contra asset', atStripe: true });
    expect(balances.get('stripeFees/EUR')?.balance).toBeGreaterThan(0);
  });
});

test('the check sums up all currencies to zero, and has nothing to say about a good purchase', async () => {
  const { status, body } = await get<CheckBody>('check');
  expect(status).toBe(200);
  expect(body.entries).toBeGreaterThan(8);
  expect(body.sums.map(({ difference }) => difference)).toEqual(body.sums.map(() => 0));
  expect(body.differences.filter((one) => one.purchaseId === purchaseId)).toEqual([]);
});
