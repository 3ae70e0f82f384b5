/** Disputes in the database. */
import type { DisputeId, PurchaseId, UserId } from '../../contracts/ids.ts';
import type { Queryable, Tx } from '../../platform/database.ts';
import {
  DISPUTE_COLUMNS,
  type Dispute,
  type DisputeRow,
  type DisputeRuling,
  disputeFromRow,
  type Offer,
  type Remark,
} from './record.ts';
import type { Role } from './rules.ts';
import type { Beside } from './wait-rules.ts';

export async function findDispute(db: Queryable, id: DisputeId): Promise<Dispute | undefined> {
  const { rows } = await db.query<DisputeRow>({
    name: 'dispute_find',
    text: `SELECT ${DISPUTE_COLUMNS} FROM disputes.disputes WHERE id = $1`,
    values: [id],
  });
  return rows[0] && disputeFromRow(rows[0]);
}

/** Those of them that there are, in any order, each with what decides what it waits for. */
export async function disputesWithBeside(
  db: Queryable,
  ids: readonly DisputeId[],
): Promise<{ readonly dispute: Dispute; readonly beside: Beside }[]> {
  if (ids.length === 0) return [];
  const { rows } = await db.query<DisputeRow & { offered_by: Role[]; has_proposal: boolean; ruled: number | null }>({
    name: 'dispute_with_beside',
    text: `SELECT ${DISPUTE_COLUMNS},
             ARRAY(SELECT made_by FROM disputes.offers WHERE dispute_id = d.id AND status = 'open' ORDER BY number) AS offered_by,
             EXISTS (SELECT 1 FROM disputes.rulings WHERE dispute_id = d.id AND status = 'proposed') AS has_proposal,
             (SELECT refund FROM disputes.rulings
               WHERE dispute_id = d.id AND status = 'stands' ORDER BY number DESC LIMIT 1) AS ruled
             FROM disputes.disputes d WHERE id = ANY($1)`,
    values: [ids],
  });
  return rows.map((row) => ({
    dispute: disputeFromRow(row),
    beside: { offeredBy: row.offered_by, hasProposal: row.has_proposal, ruled: row.ruled },
  }));
}

/** The same, locked until the transaction ends. */
export async function lockDispute(tx: Tx, id: DisputeId): Promise<Dispute | undefined> {
  const { rows } = await tx.query<DisputeRow>({
    name: 'dispute_lock',
    text: `SELECT ${DISPUTE_COLUMNS} FROM disputes.disputes WHERE id = $1 FOR UPDATE`,
    values: [id],
  });
  return rows[0] && disputeFromRow(rows[0]);
}

/** The disputes of a purchase, oldest first: bounded by the rules. */
export async function listDisputes(db: Queryable, purchaseId: PurchaseId): Promise<Dispute[]> {
  const { rows } = await db.query<DisputeRow>({
    name: 'dispute_list',
    text: `SELECT ${DISPUTE_COLUMNS} FROM disputes.disputes WHERE purchase_id = $1 ORDER BY n`,
    values: [purchaseId],
  });
  return rows.map(disputeFromRow);
}

export async function insertDispute(tx: Tx, dispute: Dispute): Promise<void> {
  await tx.query({
    name: 'dispute_insert',
    text: `INSERT INTO disputes.disputes (id, purchase_id, n, buyer_id, seller_id, claimed_by, reason, statement_id, currency,
             gross, claim_refund, terms, state, state_since, deadline_at, deadline_event, created_at, updated_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17)`,
    values: [
      dispute.id,
      dispute.purchaseId,
      dispute.n,
      dispute.buyerId,
      dispute.sellerId,
      dispute.claimedBy,
      dispute.reason,
      dispute.statementId,
      dispute.currency,
      dispute.gross,
      dispute.claimRefund,
      JSON.stringify(dispute.terms),
      dispute.state,
      dispute.stateSince,
      dispute.deadlineAt,
      dispute.deadlineEvent,
      dispute.createdAt,
    ],
  });
}

/** Writes everything about a dispute that can change. */
export async function updateDispute(tx: Tx, dispute: Dispute): Promise<void> {
  await tx.query({
    name: 'dispute_update',
    text: `UPDATE disputes.disputes
              SET state = $2, state_since = $3, deadline_at = $4, deadline_event = $5, escalate_from = $6, frozen_since = $7,
                  waived = $8, appealed_by = $9, decision = $10, closed_at = $11, updated_at = $12
            WHERE id = $1`,
    values: [
      dispute.id,
      dispute.state,
      dispute.stateSince,
      dispute.deadlineAt,
      dispute.deadlineEvent,
      dispute.escalateFrom,
      dispute.frozenSince,
      dispute.waived,
      dispute.appealedBy,
      dispute.decision === null ? null : JSON.stringify(dispute.decision),
      dispute.closedAt,
      dispute.updatedAt,
    ],
  });
}

/** Notes that a step is taken. @returns false when it was taken before */
export async function takeDisputeStep(tx: Tx, id: DisputeId, step: string): Promise<boolean> {
  const { rowCount } = await tx.query({
    name: 'dispute_take_step',
    text: 'INSERT INTO disputes.steps (dispute_id, step) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    values: [id, step],
  });
  return rowCount === 1;
}

/** Whether a step was taken: that of a command has the command's id. */
export async function wasDisputeStepTaken(db: Queryable, id: DisputeId, step: string): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'dispute_was_taken',
    text: 'SELECT 1 FROM disputes.steps WHERE dispute_id = $1 AND step = $2',
    values: [id, step],
  });
  return rowCount === 1;
}

export async function listOffers(db: Queryable, id: DisputeId): Promise<Offer[]> {
  const { rows } = await db.query<Offer>({
    name: 'dispute_offers',
    text: `SELECT number, made_by AS "madeBy", refund, statement_id AS "statementId", status, at
             FROM disputes.offers WHERE dispute_id = $1 ORDER BY number`,
    values: [id],
  });
  return rows;
}

/** A new offer takes the place of the one that the same side made before. */
export async function insertOffer(tx: Tx, id: DisputeId, offer: Omit<Offer, 'status'>): Promise<void> {
  await tx.query({
    name: 'dispute_offer_supersede',
    text: `UPDATE disputes.offers SET status = 'superseded' WHERE dispute_id = $1 AND made_by = $2 AND status = 'open'`,
    values: [id, offer.madeBy],
  });
  await tx.query({
    name: 'dispute_offer_insert',
    text: `INSERT INTO disputes.offers (dispute_id, number, made_by, refund, statement_id, status, at)
           VALUES ($1, $2, $3, $4, $5, 'open', $6)`,
    values: [id, offer.number, offer.madeBy, offer.refund, offer.statementId, offer.at],
  });
}

export async function markAccepted(tx: Tx, id: DisputeId, number: number): Promise<void> {
  await tx.query({
    name: 'dispute_offer_accept',
    text: `UPDATE disputes.offers SET status = 'accepted' WHERE dispute_id = $1 AND number = $2`,
    values: [id, number],
  });
}

export async function listRulings(db: Queryable, id: DisputeId): Promise<DisputeRuling[]> {
  const { rows } = await db.query<DisputeRuling>({
    name: 'dispute_rulings',
    text: `SELECT number, refund, ruled_by AS "ruledBy", approved_by AS "approvedBy", statement_id AS "statementId",
                  on_appeal AS "onAppeal", status, at
             FROM disputes.rulings WHERE dispute_id = $1 ORDER BY number`,
    values: [id],
  });
  return rows;
}

/** A new ruling takes the place of one that was proposed before. */
export async function insertRuling(tx: Tx, id: DisputeId, ruling: Omit<DisputeRuling, 'approvedBy'>): Promise<void> {
  await supersedeProposals(tx, id);
  await tx.query({
    name: 'dispute_ruling_insert',
    text: `INSERT INTO disputes.rulings (dispute_id, number, refund, ruled_by, statement_id, on_appeal, status, at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    values: [
      id,
      ruling.number,
      ruling.refund,
      ruling.ruledBy,
      ruling.statementId,
      ruling.onAppeal,
      ruling.status,
      ruling.at,
    ],
  });
}

export async function supersedeProposals(tx: Tx, id: DisputeId): Promise<void> {
  await tx.query({
    name: 'dispute_ruling_supersede',
    text: `UPDATE disputes.rulings SET status = 'superseded' WHERE dispute_id = $1 AND status = 'proposed'`,
    values: [id],
  });
}

export async function markApproved(tx: Tx, id: DisputeId, number: number, by: UserId): Promise<void> {
  await tx.query({
    name: 'dispute_ruling_approve',
    text: `UPDATE disputes.rulings SET status = 'stands', approved_by = $3 WHERE dispute_id = $1 AND number = $2`,
    values: [id, number, by],
  });
}

export async function listRemarks(db: Queryable, id: DisputeId): Promise<Remark[]> {
  const { rows } = await db.query<Remark>({
    name: 'dispute_remarks',
    text: `SELECT number, event, said_by AS "saidBy", statement_id AS "statementId", at
             FROM disputes.remarks WHERE dispute_id = $1 ORDER BY number`,
    values: [id],
  });
  return rows;
}

export async function insertRemark(tx: Tx, id: DisputeId, remark: Omit<Remark, 'number'>): Promise<void> {
  await tx.query({
    name: 'dispute_remark_insert',
    text: `INSERT INTO disputes.remarks (dispute_id, number, event, said_by, statement_id, at)
           SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5 FROM disputes.remarks WHERE dispute_id = $1`,
    values: [id, remark.event, remark.saidBy, remark.statementId, remark.at],
  });
}
