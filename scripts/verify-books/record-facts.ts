/** What is kept beside a purchase: cases, refunds, chargebacks, debts. Read by the judge's own statements. */
import type pg from 'pg';
import type { CaseFacts, ChargebackRow, Debts, Receivable, RefundRow } from './facts.ts';
import { type ByPurchase, grouped } from './lists.ts';

export async function readCases(client: pg.PoolClient, ids: readonly string[]): Promise<ByPurchase<CaseFacts>> {
  const { rows } = await client.query<{
    subject_id: string;
    kind: string;
    state: string;
    amount: string | null;
    returned: string | null;
    loss: string | null;
  }>(
    `SELECT subject_id, kind, state, details ->> 'amount' AS amount, details ->> 'returned' AS returned,
            details ->> 'loss' AS loss
       FROM cases.cases WHERE subject_id = ANY ($1) ORDER BY id`,
    [ids],
  );
  const whole = (text: string | null): bigint | null => (text === null ? null : BigInt(text));
  return grouped(
    rows,
    (row) => row.subject_id,
    ({ kind, state, amount, returned, loss }) => ({
      kind,
      isOpen: state === 'open',
      names: { amount: whole(amount), returned: whole(returned), loss: whole(loss) },
    }),
  );
}

export async function readRefunds(client: pg.PoolClient, ids: readonly string[]): Promise<ByPurchase<RefundRow>> {
  const { rows } = await client.query<{ purchase_id: string; provider_id: string; amount: string; status: string }>(
    `SELECT purchase_id, provider_id, amount::text, status FROM transactions.refunds
      WHERE purchase_id = ANY ($1) ORDER BY purchase_id, number`,
    [ids],
  );
  return grouped(
    rows,
    (row) => row.purchase_id,
    ({ provider_id: id, amount, status }) => ({ id, amount: BigInt(amount), status }),
  );
}

export async function readChargebacks(
  client: pg.PoolClient,
  ids: readonly string[],
): Promise<ByPurchase<ChargebackRow>> {
  const { rows } = await client.query<{
    purchase_id: string;
    id: string;
    status: string;
    withdrawn: string;
    reinstated: string;
    advanced: string;
  }>(
    `SELECT purchase_id, id, status, withdrawn::text, reinstated::text, advanced::text FROM transactions.chargebacks
      WHERE purchase_id = ANY ($1) ORDER BY purchase_id, id`,
    [ids],
  );
  return grouped(
    rows,
    (row) => row.purchase_id,
    ({ id, status, withdrawn, reinstated, advanced }) => ({
      id,
      status,
      withdrawn: BigInt(withdrawn),
      reinstated: BigInt(reinstated),
      advanced: BigInt(advanced),
    }),
  );
}

/** What purchases made their sellers owe, and what their releases paid back. */
export async function readDebts(client: pg.PoolClient, ids: readonly string[]): Promise<(id: string) => Debts> {
  const owed = await client.query<{
    purchase_id: string;
    step: string;
    seller_id: string;
    currency: string;
    amount: string;
    recovered: string;
    paid_back: string;
  }>(
    `SELECT r.purchase_id, r.step, r.seller_id, r.currency, r.amount::text, r.recovered::text,
            coalesce((SELECT sum(p.amount) FROM transactions.recoveries p WHERE p.receivable_id = r.id), 0)::text AS paid_back
       FROM transactions.seller_receivables r WHERE r.purchase_id = ANY ($1) ORDER BY r.id`,
    [ids],
  );
  const paid = await client.query<{ purchase_id: string; amount: string }>(
    `SELECT purchase_id, sum(amount)::text AS amount FROM transactions.recoveries
      WHERE purchase_id = ANY ($1) GROUP BY purchase_id`,
    [ids],
  );
  const receivables = grouped(
    owed.rows,
    (row) => row.purchase_id,
    ({ step, seller_id: sellerId, currency, amount, recovered, paid_back: paidBack }): Receivable => ({
      step,
      sellerId,
      currency,
      amount: BigInt(amount),
      recovered: BigInt(recovered),
      paidBack: BigInt(paidBack),
    }),
  );
  const paidBack = new Map(paid.rows.map(({ purchase_id: id, amount }) => [id, BigInt(amount)]));
  return (id) => ({ receivables: receivables.get(id) ?? [], paidBack: paidBack.get(id) ?? 0n });
}
