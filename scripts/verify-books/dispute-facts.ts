/** The disputes between buyers and sellers, read by the judge's own statements. */
import type pg from 'pg';
import type { DisputeFacts, Ruling } from './facts.ts';
import { type ByPurchase, grouped } from './lists.ts';

/** All but what Temporal says of it. */
export type DisputeRecords = Omit<DisputeFacts, 'workflow'>;

interface RawDispute {
  readonly id: string;
  readonly purchase_id: string;
  readonly n: number;
  readonly claimed_by: 'buyer' | 'seller';
  readonly buyer_id: string;
  readonly seller_id: string;
  readonly gross: string;
  readonly claim_refund: string;
  readonly terms: Record<string, unknown>;
  readonly state: string;
  readonly deadline_at: Date | null;
  readonly frozen_since: Date | null;
  readonly decided_refund: string | null;
  readonly decided_by: string | null;
  readonly decided_ms: string | null;
  readonly closed_at: Date | null;
}

/** By the purchases that they are about, in the order of their numbers. */
export async function readDisputes(
  client: pg.PoolClient,
  purchaseIds: readonly string[],
): Promise<ByPurchase<DisputeRecords>> {
  const { rows } = await client.query<RawDispute>(
    `SELECT id, purchase_id, n, claimed_by, buyer_id, seller_id, gross::text, claim_refund::text, terms, state, deadline_at,
            frozen_since, decision ->> 'refund' AS decided_refund, decision ->> 'by' AS decided_by,
            decision ->> 'atMs' AS decided_ms, closed_at
       FROM disputes.disputes WHERE purchase_id = ANY ($1) ORDER BY purchase_id, n`,
    [purchaseIds],
  );
  const ids = rows.map(({ id }) => id);
  const offers = await readOffers(client, ids);
  const rulings = await readRulings(client, ids);
  const audit = await readAudit(client, ids);
  const events = await readEvents(client, ids);
  return grouped(
    rows,
    (row) => row.purchase_id,
    (row) => ({
      id: row.id,
      n: row.n,
      claimedBy: row.claimed_by,
      parties: [row.buyer_id, row.seller_id],
      gross: BigInt(row.gross),
      claimRefund: BigInt(row.claim_refund),
      terms: row.terms,
      state: row.state,
      deadlineMs: row.deadline_at?.getTime() ?? null,
      frozen: row.frozen_since !== null,
      decision:
        row.decided_refund === null || row.decided_by === null
          ? null
          : { refund: BigInt(row.decided_refund), by: row.decided_by, atMs: Number(row.decided_ms) },
      closedMs: row.closed_at?.getTime() ?? null,
      offers: offers.get(row.id) ?? [],
      rulings: rulings.get(row.id) ?? [],
      audit: audit.get(row.id) ?? [],
      events: events.get(row.id) ?? [],
    }),
  );
}

async function readOffers(
  client: pg.PoolClient,
  ids: readonly string[],
): Promise<ByPurchase<DisputeFacts['offers'][number]>> {
  const { rows } = await client.query<{ dispute_id: string; refund: string; status: string }>(
    'SELECT dispute_id, refund::text, status FROM disputes.offers WHERE dispute_id = ANY ($1) ORDER BY dispute_id, number',
    [ids],
  );
  return grouped(
    rows,
    (row) => row.dispute_id,
    ({ refund, status }) => ({ refund: BigInt(refund), status }),
  );
}

async function readRulings(client: pg.PoolClient, ids: readonly string[]): Promise<ByPurchase<Ruling>> {
  const { rows } = await client.query<{
    dispute_id: string;
    refund: string;
    ruled_by: string | null;
    approved_by: string | null;
    on_appeal: boolean;
    status: string;
  }>(
    `SELECT dispute_id, refund::text, ruled_by, approved_by, on_appeal, status FROM disputes.rulings
      WHERE dispute_id = ANY ($1) ORDER BY dispute_id, number`,
    [ids],
  );
  return grouped(
    rows,
    (row) => row.dispute_id,
    ({ refund, ruled_by: ruledBy, approved_by: approvedBy, on_appeal: onAppeal, status }) => ({
      refund: BigInt(refund),
      ruledBy,
      approvedBy,
      onAppeal,
      status,
    }),
  );
}

async function readAudit(
  client: pg.PoolClient,
  ids: readonly string[],
): Promise<ByPurchase<DisputeFacts['audit'][number]>> {
  const { rows } = await client.query<{ subject_id: string; action: string; change: string }>(
    `SELECT subject_id, action, change FROM audit.entries
      WHERE subject_type = 'dispute' AND subject_id = ANY ($1) ORDER BY subject_id, seq`,
    [ids],
  );
  return grouped(
    rows,
    (row) => row.subject_id,
    ({ action, change }) => {
      const told = JSON.parse(change) as { from?: string | null; state?: string };
      return { action, from: told.from ?? null, state: told.state ?? null };
    },
  );
}

async function readEvents(client: pg.PoolClient, ids: readonly string[]): Promise<ByPurchase<string>> {
  const { rows } = await client.query<{ key: string; type: string }>(
    'SELECT key, type FROM outbox.events WHERE key = ANY ($1) ORDER BY key, position',
    [ids],
  );
  return grouped(
    rows,
    ({ key }) => key,
    ({ type }) => type,
  );
}
