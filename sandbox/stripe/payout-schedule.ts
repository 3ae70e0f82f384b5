import { findObject } from '../store/objects.ts';
import type { Call } from '../stripe-api/operation.ts';
import { ACCOUNT } from './accounts.ts';
import { lockHolding } from './balance.ts';
import { TRUE_CURRENCY, TRUE_NET } from './balance-transactions.ts';
import { addPayout, bankOf } from './payout-steps.ts';

const DAY_SECONDS = 24 * 60 * 60;

/** What an automatic payout takes up: money that was available by then and is in none yet, less all that left since. */
const unpaidOf = (
  owner: string,
): string => `kind = 'balance_transaction' AND owner = ${owner} AND hidden->>'payout' IS NULL
  AND ((body->>'available_on')::bigint <= $2 OR (${TRUE_NET} < 0 AND (body->>'available_on')::bigint <= $3))`;

/** Sends to an account's bank what was available by `until`, a payout per currency. Nothing is left there to be taken back. */
export async function payOut(call: Call, id: string, until: number): Promise<void> {
  const account = await findObject(call.tx, ACCOUNT, call.platform, id, { lock: true });
  const bank = account && bankOf(account);
  if (bank === undefined || bank.status === 'errored') return;
  // One lock for all currencies of an account.
  await lockHolding(call, id, bank.currency);
  const sums = await call.tx.query<{ currency: string; amount: string }>(
    `SELECT ${TRUE_CURRENCY} AS currency, sum(${TRUE_NET}) AS amount
     FROM sandbox.objects WHERE ${unpaidOf('$1')} GROUP BY 1 HAVING sum(${TRUE_NET}) > 0 ORDER BY 1`,
    [id, until, call.now],
  );
  for (const { currency, amount } of sums.rows) {
    const included = await call.tx.query<{ id: string }>(
      `SELECT id FROM sandbox.objects WHERE ${unpaidOf('$1')} AND ${TRUE_CURRENCY} = $4`,
      [id, until, call.now, currency],
    );
    const payout = await addPayout(call, { account: id, amount: Number(amount), currency, automatic: true, bank });
    const { id: payoutId, balance_transaction: own } = payout.body;
    await call.tx.query(
      `UPDATE sandbox.objects SET hidden = hidden || jsonb_build_object('payout', $2::text) WHERE id = ANY($1)`,
      [[...included.rows.map((row) => row.id), own], payoutId],
    );
  }
}

/**
 * Once a day of the sandbox's clock, sends what has been available for a day to the banks of all accounts whose payouts are
 * automatic, at most `limit` accounts at once. Answers how many were due.
 */
export async function payOutDaily(call: Call, limit: number): Promise<number> {
  const today = call.clock.now().toISOString().slice(0, 10);
  const open = await call.tx.query(
    'SELECT 1 FROM sandbox.clock WHERE paid_out_on IS NULL OR paid_out_on < $1 FOR UPDATE',
    [today],
  );
  if (open.rowCount === 0) return 0;
  const until = call.now - DAY_SECONDS;
  const due = await call.tx.query<{ id: string }>(
    `SELECT account.id FROM sandbox.objects AS account
     WHERE account.kind = 'account' AND account.owner = $1 AND account.body @> '{"payouts_enabled": true}'
       AND NOT account.body @> '{"settings": {"payouts": {"schedule": {"interval": "manual"}}}}'
       AND account.body #>> '{external_accounts,data,0,status}' <> 'errored'
       AND EXISTS (
         SELECT 1 FROM sandbox.objects
         WHERE ${unpaidOf('account.id')}
         GROUP BY ${TRUE_CURRENCY} HAVING sum(${TRUE_NET}) > 0
       )
     ORDER BY account.sequence LIMIT $4`,
    [call.platform, until, call.now, limit],
  );
  for (const { id } of due.rows) await payOut(call, id, until);
  if (due.rows.length < limit) await call.tx.query('UPDATE sandbox.clock SET paid_out_on = $1', [today]);
  return due.rows.length;
}
