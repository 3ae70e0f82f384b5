/** Making something at a provider exactly once, when even the idempotency key can no longer tell whether it was made. */
import { ApplicationFailure } from '@temporalio/common';
import type { Database } from '../platform/database.ts';
import { ProviderError } from '../providers/provider-error.ts';
import { isOthers } from '../services/transactions/begun-rules.ts';
import {
  type KeyEpoch,
  type Purchase,
  type StepKey,
  storeBeginning,
  storeKeyEpoch,
} from '../services/transactions/index.ts';

/** Something that is made at a provider for a step of a purchase. */
export interface Making<T> {
  /** How much of it, minor units, where that can be told from what was made. */
  readonly amount?: number;
  /** Makes it, under this key. */
  readonly make: (idempotencyKey: string) => Promise<T>;
  /** Looks whether it was made, under whichever key. */
  readonly find: () => Promise<(T & { readonly amount?: number }) | undefined>;
}

/** Stripe may forget a key after 24 hours (https://docs.stripe.com/api/idempotent_requests). */
const KEY_TRUSTED_FOR_MS = 23 * 60 * 60 * 1_000;
/** Two looks so far apart leave no request in the air between them. */
const ABSENCE_CONFIRMED_AFTER_MS = 60_000;

/**
 * Makes something once. As long as the key of the step is good, it answers for that: the same key makes the same thing.
 * A key is no longer good when the provider gives back its own failure under it, keeps it for another request, or may have
 * forgotten it. Then we look: what was made is taken, and what is absent twice, a minute apart, was never made, so that a new
 * key is safe.
 * @throws ProviderError, `conflict` when another amount was made than is asked for now; ApplicationFailure that asks to be
 *   tried again, while the absence is not confirmed
 */
export async function makeOnce<T>(
  db: Database,
  { keyEpochs, unfinished }: Purchase,
  key: StepKey,
  { amount, make, find }: Making<T>,
): Promise<T> {
  // Before anybody is asked: whoever comes to this step again, or to another one, however late and by whatever way, knows how
  // old its key is, and what was begun with it.
  const isNoted = key.begun === undefined || (unfinished !== null && !isOthers(unfinished, key.begun));
  const known = isNoted ? keyEpochs[key.step] : undefined;
  const epoch = known ?? (await storeBeginning(db, key, firstOf(key)));
  if (epoch === undefined) throw new Error(`${key.purchaseId} moved on meanwhile`);
  const mayBeForgotten = Date.now() - epoch.sinceMs >= KEY_TRUSTED_FOR_MS;
  if (epoch.absentSinceMs === null && !mayBeForgotten) {
    try {
      return await ask(epoch);
    } catch (error) {
      if (!isSpent(error)) throw error;
    }
  }
  const made = await find();
  if (made !== undefined && amount !== undefined && made.amount !== amount) {
    throw new ProviderError('stripe', 'conflict', 'made_with_another_amount');
  }
  if (made !== undefined) return made;

  const nowMs = Date.now();
  const absentSinceMs = epoch.absentSinceMs ?? nowMs;
  if (epoch.absentSinceMs === null) await storeKeyEpoch(db, key, { ...epoch, absentSinceMs });
  const waitMs = absentSinceMs + ABSENCE_CONFIRMED_AFTER_MS - nowMs;
  if (waitMs > 0) throw notConfirmed(key.step, waitMs);
  const next = after(epoch);
  await storeKeyEpoch(db, key, next);
  return ask(next);

  async function ask(used: KeyEpoch): Promise<T> {
    try {
      return await make(providerKey(key, used.epoch));
    } catch (error) {
      // A refusal, too, is given again under its key: whoever asks once more, with what was refused mended, needs another.
      if (isRefusal(error)) await storeKeyEpoch(db, key, refused(used), key.begun);
      throw error;
    }
  }
}

const firstOf = ({ atMs }: StepKey): KeyEpoch => ({ epoch: 1, sinceMs: atMs, absentSinceMs: null });

const after = ({ epoch, refusals }: KeyEpoch): KeyEpoch => ({
  epoch: epoch + 1,
  sinceMs: Date.now(),
  absentSinceMs: null,
  ...(refusals !== undefined && { refusals }),
});

const refused = (epoch: KeyEpoch): KeyEpoch => ({ ...after(epoch), refusals: (epoch.refusals ?? 0) + 1 });

/** The key under which a provider acts once, for what would otherwise happen twice. */
const providerKey = ({ purchaseId, step }: StepKey, epoch: number): string => `purchase/${purchaseId}/${step}/${epoch}`;

/** The provider failed, and keeps on answering so under this key; or the key stands for another request. */
const isSpent = (error: unknown): boolean =>
  error instanceof ProviderError && ((error.kind === 'failed' && error.replayed) || error.kind === 'conflict');

const isRefusal = (error: unknown): boolean =>
  error instanceof ProviderError && (error.kind === 'refused' || error.kind === 'not_found');

const notConfirmed = (step: string, waitMs: number): ApplicationFailure =>
  ApplicationFailure.create({
    type: 'ABSENCE_NOT_CONFIRMED',
    message: `${step}: the provider keeps a failure under the key and shows nothing made; looked for again in a minute`,
    nextRetryDelay: waitMs,
  });
