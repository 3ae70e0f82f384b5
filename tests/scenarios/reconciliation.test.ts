/** The ledger against Stripe, over HTTP: every kind of difference is found and becomes a case; a clean world has none. */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { Stripe } from 'stripe';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ReconciliationId } from '../../contracts/ids.ts';
import { RECONCILIATION_SCHEDULE, reconciliationWorkflowId } from '../../contracts/reconciliation.ts';
import { post } from '../../services/transactions/index.ts';
import { request } from '../helpers/client.ts';
import { recordHistory } from '../helpers/histories.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, publishedListing, reached, sandboxLog } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { staffToken } from '../helpers/staff.ts';
import { waitFor } from '../helpers/wait-for.ts';

interface Found {
  readonly id: string;
  readonly kind: string;
  readonly reference: string;
  readonly category: string;
  readonly purchaseId: string | null;
  readonly caseId: string;
}
interface Report {
  readonly id: ReconciliationId;
  readonly state: string;
  readonly until: string;
  readonly pages: number;
  readonly lines: number;
  readonly settled: number;
  readonly found: readonly Found[];
}
interface CaseBody {
  readonly kind: string;
  readonly state: string;
  readonly decision: string | null;
  readonly details: {
    readonly kind: string;
    readonly ledger: Side | null;
    readonly stripe: Side | null;
  };
}
interface Side {
  readonly amount: number;
  readonly currency: string;
  readonly from: string;
  readonly postings?: readonly string[];
  readonly balanceTransactions?: readonly string[];
}

let token: string;
let stripe: Stripe;
beforeAll(async () => {
  token = (await staffToken('finance')).accessToken;
  const { hostname, port } = new URL(stack().env['STRIPE_API_URL'] ?? '');
  stripe = new Stripe(stack().env['STRIPE_API_KEY'] ?? '', { host: hostname, port, protocol: 'http' });
});

const read = (id: string) => request<Report>('GET', `/v1/admin/reconciliations/${id}`, { token });
const caseOf = async ({ caseId }: Found) =>
  (await request<CaseBody>('GET', `/v1/admin/cases/${caseId}`, { token })).body;

/** A reconciliation that covers everything that has happened until now. */
async function reconciled(): Promise<Report> {
  const sinceMs = Date.now();
  return waitFor(
    async () => {
      const report = await reconciledOnce();
      return Date.parse(report.until) > sinceMs ? report : undefined;
    },
    { what: 'what was done to have settled', timeoutMs: 40_000, intervalMs: 500 },
  );
}

async function reconciledOnce(body: Record<string, unknown> = { from: '2020-01-01T00:00:00Z' }): Promise<Report> {
  const begun = await request<{ id: string }>('POST', '/v1/admin/reconciliations', { token, body });
  expect(begun.status, JSON.stringify(begun.body)).toBe(202);
  const report = await waitFor(
    async () => {
      const { status, body } = await read(begun.body.id);
      return status === 200 && body.state !== 'running' ? body : undefined;
    },
    { what: 'the reconciliation to end', timeoutMs: 40_000 },
  );
  expect(report.state).toBe('completed');
  return report;
}

/** A charge that Stripe has, behind the back of the ledger. @returns its id */
async function charged(amount: number): Promise<string> {
  const intent = await stripe.paymentIntents.create({
    amount,
    currency: 'eur',
    payment_method: 'pm_card_visa',
    payment_method_types: ['card'],
    confirm: true,
  });
  return typeof intent.latest_charge === 'string' ? intent.latest_charge : (intent.latest_charge?.id ?? '');
}

/** A posting of the ledger about such a charge, behind the back of Stripe; its fee is posted when Stripe says it. */
async function posted(reference: string, amount: number, { currency = 'EUR', daysAgo = 0 } = {}): Promise<void> {
  const source = `planted/${randomUUID()}`;
  await withDatabase((database) =>
    database.transaction(async (tx) => {
      if (daysAgo > 0) {
        const { rows } = await tx.query<{ id: string }>(
          `INSERT INTO ledger.transactions (source, step, ordinal, content_hash, cause, posted_at)
           VALUES ($1, 'planted', 1, sha256('planted'), 'test', now() - make_interval(days => $2)) RETURNING id`,
          [source, daysAgo],
        );
        await tx.query(
          `INSERT INTO ledger.entries (transaction_id, ordinal, account, currency, amount, reference)
           VALUES ($1, 1, 'captured', $2, $3, $4), ($1, 2, 'held', $2, -$3::bigint, NULL)`,
          [rows[0]?.id, currency, amount, reference],
        );
        return;
      }
      const entries = [
        { account: 'captured', amount, reference },
        { account: 'held', amount: -amount },
      ] as const;
      await post(tx, { source, step: 'planted', ordinal: 1, currency, purchaseId: null, cause: 'test', entries });
    }),
  );
}

const about = ({ found }: Report, reference: string, category = 'charge'): Found | undefined =>
  found.find((one) => one.reference === reference && one.category === category);

describe('a difference', () => {
  test.each([
    { kind: 'extra', plant: () => charged(1_000), ledger: null, stripe: 1_000 },
    {
      kind: 'missing',
      plant: async () => {
        const reference = `ch_${randomUUID().replaceAll('-', '')}`;
        await posted(reference, 1_000);
        return reference;
      },
      ledger: 1_000,
      stripe: null,
    },
    {
      kind: 'wrong_amount',
      plant: async () => {
        const reference = await charged(1_000);
        await posted(reference, 900);
        return reference;
      },
      ledger: 900,
      stripe: 1_000,
    },
    {
      kind: 'wrong_currency',
      plant: async () => {
        const reference = await charged(1_000);
        await posted(reference, 1_000, { currency: 'USD' });
        return reference;
      },
      ledger: 1_000,
      stripe: 1_000,
    },
    {
      kind: 'late',
      plant: async () => {
        const reference = await charged(1_000);
        await posted(reference, 1_000, { daysAgo: 3 });
        return reference;
      },
      ledger: 1_000,
      stripe: 1_000,
    },
  ])('of the kind $kind is found, once, and its case shows both sides', async ({ kind, plant, ledger, stripe: at }) => {
    const reference = await plant();
    const report = await reconciled();
    const found = about(report, reference);
    expect(found).toMatchObject({ kind });
    if (found === undefined) return;
    const opened = await caseOf(found);
    expect(opened).toMatchObject({ kind: 'reconciliation', state: 'open', details: { kind } });
    const { details } = opened;
    expect([details.ledger?.amount ?? null, details.stripe?.amount ?? null]).toEqual([ledger, at]);
    for (const side of [details.ledger, details.stripe]) {
      if (side === null) continue;
      expect(side.currency).toMatch(/^(EUR|USD)$/);
      expect(side.from).toMatch(/^20\d\d-/);
      expect((side.postings ?? side.balanceTransactions ?? []).length).toBe(1);
    }
    // Found again, it is the same one; also when finance has closed its case.
    expect(about(await reconciledOnce(), reference)).toEqual(found);
    const decision = { decision: 'resolved', reason: 'It is known.' };
    await request('POST', `/v1/admin/cases/${found.caseId}/decision`, { token, body: decision });
    expect(about(await reconciledOnce(), reference)).toEqual(found);
    expect(await caseOf(found)).toMatchObject({ state: 'closed', decision: 'resolved' });
  });

  test('that is no more is settled, and its case closed', async () => {
    const reference = await charged(1_000);
    const found = about(await reconciled(), reference);
    expect(found).toMatchObject({ kind: 'extra' });
    if (found === undefined) return;
    await posted(reference, 1_000);
    const later = await reconciled();
    expect(about(later, reference)).toBeUndefined();
    expect(await caseOf(found)).toMatchObject({ state: 'closed', decision: 'vanished' });
  });

  test('that has become another one closes its case and opens another', async () => {
    const reference = await charged(1_000);
    const before = about(await reconciled(), reference);
    await posted(reference, 400);
    const after = about(await reconciled(), reference);
    expect([before?.kind, after?.kind]).toEqual(['extra', 'wrong_amount']);
    if (before !== undefined) expect(await caseOf(before)).toMatchObject({ state: 'closed', decision: 'changed' });
  });
});

let seller: Person;
let buyer: Person;
beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
});

async function bought(): Promise<string> {
  const { body } = await buy(buyer, await publishedListing(seller), { paymentMethod: 'pm_card_bypassPending' });
  await act(seller, body.id, 'accept');
  return body.id;
}

describe('what Stripe shows of a purchase', () => {
  test('otherwise than it was is found with the purchase, whichever way; when it is right again, all is settled', async () => {
    const purchaseId = await bought();
    await act(buyer, purchaseId, 'confirm');
    await reached(buyer, purchaseId, 'released');
    const other = await bought();
    const lineOf = async (transferGroup: string, kind: string): Promise<{ line: string; reference: string }> => {
      const { data } = await stripe.balanceTransactions.list({ limit: 100 });
      const log = await sandboxLog({ transferGroup });
      const ids = log.filter((entry) => kind === 'charge' || entry.kind === kind).map(({ id }) => id);
      for (const { id, source } of data) {
        const reference = typeof source === 'string' ? source : (source?.id ?? '');
        const isOne = kind === 'charge' ? await isChargeOf(reference, transferGroup) : ids.includes(reference);
        if (isOne) return { line: id, reference };
      }
      throw new Error(`there is no ${kind} of ${transferGroup}`);
    };
    const [charge, transfer, elsewhere] = [
      await lineOf(purchaseId, 'charge'),
      await lineOf(purchaseId, 'transfer'),
      await lineOf(other, 'charge'),
    ];
    await lie({ action: 'change', id: charge.line, amount: 2_499, fee: 1 });
    await lie({ action: 'hide', id: transfer.line });
    await lie({ action: 'change', id: elsewhere.line, currency: 'usd' });
    const added = await lie({ action: 'add', movement: 'charge', amount: 777, currency: 'eur' });
    const report = await reconciled();
    expect(about(report, charge.reference)).toMatchObject({ kind: 'wrong_amount', purchaseId });
    expect(about(report, charge.reference, 'fee')).toMatchObject({ kind: 'wrong_amount', purchaseId });
    expect(about(report, transfer.reference, 'transfer')).toMatchObject({ kind: 'missing', purchaseId });
    expect(about(report, elsewhere.reference)).toMatchObject({ kind: 'wrong_currency', purchaseId: other });
    expect(about(report, added)).toMatchObject({ kind: 'extra', purchaseId: null });
    const cases = report.found.filter((one) => [purchaseId, other].includes(one.purchaseId ?? ''));
    expect(await Promise.all(cases.map(async (one) => (await caseOf(one)).state))).toEqual(cases.map(() => 'open'));
    for (const id of [charge.line, transfer.line, elsewhere.line]) await lie({ action: 'truth', id });
    const { found } = await reconciled();
    expect(found.filter((one) => [purchaseId, other].includes(one.purchaseId ?? ''))).toEqual([]);
    for (const one of cases) expect(await caseOf(one)).toMatchObject({ state: 'closed', decision: 'vanished' });
  });

  async function isChargeOf(reference: string, transferGroup: string): Promise<boolean> {
    return reference.startsWith('ch_') && (await stripe.charges.retrieve(reference)).transfer_group === transferGroup;
  }

  /** Lets Stripe say something else about a line than what is so. @returns the line's id */
  async function lie(body: Record<string, unknown>): Promise<string> {
    const base = stack().urls.sandbox;
    const answer = await request<{ id: string }>('POST', '/_control/balance-transactions', { base, body });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body.id;
  }
});

describe('a clean world', () => {
  test('has no differences, neither at rest nor while purchases go on', async () => {
    const ids: string[] = [];
    let isOver = false;
    const trading = (async () => {
      for (let n = 0; n < 4; n++) {
        const [released, cancelled, refunded] = await Promise.all([bought(), bought(), bought()]);
        ids.push(released, cancelled, refunded);
        await Promise.all([
          act(buyer, released, 'confirm'),
          act(seller, cancelled, 'cancel'),
          (async () => {
            await act(buyer, refunded, 'confirm');
            await reached(buyer, refunded, 'released');
            await request('POST', `/v1/purchases/${refunded}/refunds`, { token: seller.accessToken, body: {} });
          })(),
        ]);
      }
      isOver = true;
    })();
    const reports: Report[] = [];
    await waitFor(
      async () => {
        reports.push(await reconciledOnce());
        return isOver;
      },
      { what: 'the purchases to be over', timeoutMs: 50_000 },
    );
    await trading;
    const last = await reconciled();
    const references = new Set<string>();
    for (const transferGroup of ids) for (const { id } of await sandboxLog({ transferGroup })) references.add(id);
    const ours = ({ reference, purchaseId }: Found): boolean =>
      references.has(reference) || ids.includes(purchaseId ?? '');
    expect([...reports, last].flatMap(({ found }) => found.filter(ours))).toEqual([]);
    expect(last.lines).toBeGreaterThanOrEqual(4 * 8);
    await recordHistory('reconciliation-on-demand', reconciliationWorkflowId(last.id));
  });

  test('has a fee of Stripe that nobody posted in its books after the next reconciliation', async () => {
    const id = await bought();
    await withDatabase(async (database) => {
      const { rows } = await database.query<{ account: string; amount: number; reference: string | null }>(
        `SELECT account, amount, reference FROM ledger.entries WHERE purchase_id = $1 AND account LIKE 'stripeFees%'`,
        [id],
      );
      expect(rows).toHaveLength(2);
    });
    const reference = await charged(2_000);
    await posted(reference, 2_000);
    const { found } = await reconciled();
    expect(found.filter((one) => one.reference === reference)).toEqual([]);
    const postings = await request<{ data: { source: string; causedBy: string; entries: unknown[] }[] }>(
      'GET',
      `/v1/admin/ledger/postings?reference=${reference}`,
      { token },
    );
    const fee = postings.body.data.find(({ source }) => source === `stripe/${reference}`);
    expect(fee).toMatchObject({
      causedBy: expect.stringMatching(/^line\/txn_/),
      entries: [
        { account: 'stripeFees', reference: null },
        { account: 'stripeFeesPaid', reference },
      ],
    });
  });
});

describe('a reconciliation', () => {
  test('is begun every day by a schedule, which is declared at every start; it can be begun at once', async () => {
    const { address, namespace } = stack().temporal;
    const connection = await Connection.connect({ address });
    try {
      const client = new Client({ connection, namespace });
      const handle = client.schedule.getHandle(RECONCILIATION_SCHEDULE.id);
      expect((await handle.describe()).spec.calendars).toHaveLength(1);
      await handle.trigger();
      const run = await waitFor(
        async () => {
          const { body } = await request<{ data: readonly (Report & { requestedBy: string | null })[] }>(
            'GET',
            '/v1/admin/reconciliations',
            { token },
          );
          return body.data.find(({ requestedBy, state }) => requestedBy === null && state === 'completed');
        },
        { what: 'the one that the schedule began', timeoutMs: 30_000 },
      );
      expect(run.pages).toBeGreaterThan(0);
      const [action] = (await handle.describe()).info.recentActions;
      const started = action?.action.type === 'startWorkflow' ? action.action.workflow.workflowId : '';
      await recordHistory('reconciliation-daily', started);
    } finally {
      await connection.close();
    }
  });

  test('refuses a period that is none, and is not there under another id', async () => {
    const body = { from: '2026-01-02T00:00:00Z', until: '2026-01-01T00:00:00Z' };
    expect((await request('POST', '/v1/admin/reconciliations', { token, body })).status).toBe(400);
    expect((await request('POST', '/v1/admin/reconciliations', { token, body: { from: 'today' } })).status).toBe(400);
    expect((await read(`rec_${'0'.repeat(32)}`)).status).toBe(404);
  });

  test('asked for twice under one key is one', async () => {
    const idempotencyKey = randomUUID();
    const ask = () => request<{ id: string }>('POST', '/v1/admin/reconciliations', { token, body: {}, idempotencyKey });
    const [one, other] = await Promise.all([ask(), ask()]);
    expect(one.status).toBe(202);
    expect(other.body.id).toBe(one.body.id);
  });
});
