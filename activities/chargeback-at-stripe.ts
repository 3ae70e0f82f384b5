/** What Stripe is asked to do about a chargeback: noted before, done once, and looked up when it is refused. */
import type { Dispute } from '../providers/payments.ts';
import { ProviderError } from '../providers/provider-error.ts';
import { isAnswered, isLive, isPastAnswering, overlayOfStatus } from '../services/transactions/chargeback-rules.ts';
import { evidenceOf } from '../services/transactions/evidence-rules.ts';
import {
  type ChargebackAnswer,
  noteAsked,
  noteSubmission,
  type Purchase,
  type StepKey,
  timelineOf,
} from '../services/transactions/index.ts';
import { makeOnce } from './once.ts';
import type { PurchaseDeps } from './purchase-steps.ts';

/** Hands the evidence to the bank. @returns how the dispute stands then, whoever submitted */
export async function submitEvidence(
  deps: PurchaseDeps,
  purchase: Purchase,
  key: StepKey,
  { statement, atMs, ...answer }: ChargebackAnswer & { readonly statement: string | undefined; readonly atMs: number },
): Promise<Dispute> {
  const { database, payments } = deps;
  const { id, order } = answer;
  const source = { ...purchase, capturedAt: purchase.payment.capturedAt };
  const evidence = evidenceOf(source, await timelineOf(database, purchase), statement);
  // Staff hear any refusal. What the clock hears before the time of the bank is over is tried again, and told to finance.
  const isOver = (now: Dispute): boolean => (order === undefined ? isPastAnswering(now, atMs) : isAnswered(now));
  await noteSubmission(database, answer);
  return unlessOver(deps, id, isOver, () =>
    makeOnce(database, purchase, key, {
      make: (idempotencyKey) => payments.submitEvidence(id, evidence, idempotencyKey),
      find: () => found(deps, id, ({ submissions }) => submissions > 0),
    }),
  );
}

/** Gives one up, while it goes on. @returns how it stands then, whoever closed it */
export async function closeForUs(
  deps: PurchaseDeps,
  purchase: Purchase,
  key: StepKey,
  asked: Parameters<typeof noteAsked>[1],
): Promise<Dispute> {
  const { database, payments } = deps;
  const { id } = asked;
  const isClosed = ({ status }: Dispute): boolean => !isLive(overlayOfStatus(status));
  await noteAsked(database, asked);
  return unlessOver(deps, id, isClosed, () =>
    makeOnce(database, purchase, key, {
      make: (idempotencyKey) => payments.acceptDispute(id, idempotencyKey),
      find: () => found(deps, id, isClosed),
    }),
  );
}

async function found(
  { payments }: PurchaseDeps,
  id: string,
  isSo: (dispute: Dispute) => boolean,
): Promise<Dispute | undefined> {
  const dispute = await payments.getDispute(id);
  return isSo(dispute) ? dispute : undefined;
}

/** Stripe refuses what came too late, or was done before: then how it stands now is the answer. Any other refusal is one. */
async function unlessOver(
  { payments }: PurchaseDeps,
  id: string,
  isOver: (dispute: Dispute) => boolean,
  act: () => Promise<Dispute>,
): Promise<Dispute> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ProviderError) || error.kind !== 'refused') throw error;
    const now = await payments.getDispute(id);
    if (!isOver(now)) throw error;
    return now;
  }
}
