/** The face of the reconciliation service: what was compared with Stripe, and what differs. */
import { createHash } from 'node:crypto';
import type { ReconciliationId } from '../../contracts/ids.ts';
import { type Actor, canonicalJson } from '../../platform/audit.ts';
import type { Tx } from '../../platform/database.ts';
import { newId } from '../../platform/ids.ts';
import { closeCase, openCase } from '../cases/index.ts';
import { DIFFERENCES, type DifferenceKind, type Side, type Sides, type Subject } from './rules.ts';
import { insertDifference, lockDifference, markFoundAgain, markSettled } from './store.ts';

export { MAX_RUNNING, periodOf, reserveRun } from './begin.ts';
export {
  type Counts,
  comparedUntil,
  type Difference,
  differencesOf,
  endRun,
  findRun,
  forgetSeen,
  insertRun,
  listRuns,
  markSeen,
  noteCounts,
  notSeen,
  openDifferences,
  RECONCILIATION_STATES,
  type Reconciliation,
  runningRuns,
} from './store.ts';

const SYSTEM: Actor = { type: 'system', id: 'reconciliation' };
/** Until when finance should have looked. */
const DUE_MS = 3 * 24 * 60 * 60 * 1_000;

/**
 * Notes a difference, and opens a case about it with both sides. The very same one found again opens no other case, not
 * even when its case was closed; one that has changed meanwhile is another one.
 */
export async function noteDifference(tx: Tx, run: ReconciliationId, sides: Sides, kind: DifferenceKind): Promise<void> {
  const { reference, category, purchaseId } = sides;
  const details = {
    kind,
    says: DIFFERENCES[kind],
    reference,
    category,
    purchaseId: purchaseId ?? null,
    ledger: shown(sides.ledger, 'postings'),
    stripe: shown(sides.stripe, 'balanceTransactions'),
  };
  const contentHash = createHash('sha256').update(canonicalJson(details)).digest();
  const known = await lockDifference(tx, sides);
  if (known?.contentHash.equals(contentHash) === true) return markFoundAgain(tx, known.id, run);
  if (known !== undefined) await settle(tx, sides, 'changed');
  const id = newId('dif');
  const { id: caseId } = await openCase(tx, {
    kind: 'reconciliation',
    subjectType: 'difference',
    subjectId: id,
    dueAt: new Date(Date.now() + DUE_MS),
    details: { ...details, reconciliationId: run },
  });
  const difference = { id, kind, reference, category, contentHash, details, caseId, lastRun: run };
  await insertDifference(tx, { ...difference, purchaseId: purchaseId ?? null });
}

/** A difference is no more: its case is closed. @returns whether there was one */
export async function settle(tx: Tx, subject: Subject, decision: 'vanished' | 'changed'): Promise<boolean> {
  const known = await lockDifference(tx, subject);
  if (known === undefined) return false;
  await closeCase(tx, 'reconciliation', known.id, { decision, actor: SYSTEM });
  await markSettled(tx, known.id);
  return true;
}

/** A side, as people read it. */
function shown(side: Side | undefined, ids: 'postings' | 'balanceTransactions'): Record<string, unknown> | null {
  if (side === undefined) return null;
  const { amount, currency, firstMs, lastMs } = side;
  const at = { from: new Date(firstMs).toISOString(), to: new Date(lastMs).toISOString() };
  return { amount, currency, ...at, [ids]: side.ids.slice(0, MAX_IDS) };
}

const MAX_IDS = 20;
