/** What the buyer's bank does about the payment of a purchase on its way. */
import { disputed, moveDispute, onlyDispute } from '../helpers/chargebacks.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { type PurchaseBody, sandboxLog } from '../helpers/purchases.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { ASK_EVERY_MS, PATIENCE_MS, settled, type Walk } from './actions.ts';
import { disputeOf } from './dispute-choices.ts';
import type { Plan } from './plan.ts';

export const isWithBank = ({ chargeback }: PurchaseBody): boolean => chargeback === 'open' || chargeback === 'inquiry';

/** Once, when there is something to take. */
export const bankActs = (
  { bank, bankAfter, bankWhen }: Plan,
  { money, chargeback, state }: PurchaseBody,
  path: readonly string[],
): boolean =>
  bank !== 'nothing' &&
  (bankWhen === 'whenever' || state === 'disputed') &&
  chargeback === 'none' &&
  money.captured > 0 &&
  path.length >= bankAfter &&
  !path.some((step) => step.startsWith(BANK));

const BANK = 'the bank ';

/** @param path what the bank does is added to it */
export async function bankOpens(plan: Plan, on: Walk, before: PurchaseBody, path: string[]): Promise<PurchaseBody> {
  const { bank, bankTakes } = plan;
  const isDisputed = before.state === 'disputed';
  path.push(`${BANK}${bank}: ${bankTakes}${isDisputed ? ', in a dispute' : ''}`);
  const asks = bank === 'asks, and lets it be';
  await disputed(on.id, {
    status: asks ? 'warning_needs_response' : 'needs_response',
    ...(bankTakes === 'a part' && { amount: 1 + Math.floor((before.money.captured * 37) / 100) }),
  });
  const now = await settled(on, ({ chargeback }) => chargeback === (asks ? 'inquiry' : 'open'));
  if (isDisputed) await disputeStands(on, true);
  return now;
}

/** A dispute hears of the bank from its purchase: what it offers depends on that. */
const disputeStands = (on: Walk, still: boolean): Promise<boolean> =>
  waitFor(async () => ((await disputeOf(on, 'buyer')).frozenSince !== null) === still, {
    what: `the dispute about ${on.id} to ${still ? 'stand still' : 'go on'}`,
    timeoutMs: PATIENCE_MS,
    intervalMs: ASK_EVERY_MS,
  });

/** The bank's last word: its status at Stripe, and what then lies over the purchase. */
const DECISIONS = {
  'takes it back': ['lost', 'lost'],
  'takes it back and loses': ['won', 'won'],
  'asks, and lets it be': ['warning_closed', 'none'],
} as const;

export async function bankDecides({ bank }: Plan, on: Walk): Promise<PurchaseBody> {
  if (bank === 'nothing') throw new Error(`nobody asked the bank about ${on.id}`);
  const [status, laid] = DECISIONS[bank];
  // A refund in full has ended the inquiry already.
  const ended = await sandboxLog({ transferGroup: on.id, kind: `dispute_${status}` });
  if (ended.length === 0) await moveDispute((await onlyDispute(on.id)).id, status);
  const now = await settled(on, ({ chargeback }) => chargeback === laid);
  await waitFor(() => isBorne(on), {
    what: `what ${on.id} has lost to the bank to be borne`,
    timeoutMs: PATIENCE_MS,
    intervalMs: ASK_EVERY_MS,
  });
  if (now.state === 'disputed') await disputeStands(on, false);
  return settled(on, () => true);
}

/** What the bank keeps is taken from those who bear it, by the purchase or by its aftercare. */
const isBorne = ({ id }: Walk): Promise<boolean> =>
  withDatabase(async (database) => {
    const { rows } = await database.query(
      'SELECT id FROM transactions.chargebacks WHERE purchase_id = $1 AND advanced > 0 AND NOT settled',
      [id],
    );
    return rows.length === 0;
  });
