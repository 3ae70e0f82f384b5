/** What disputes wait for, as they are stored now. */
import type { DisputeId } from '../../contracts/ids.ts';
import type { Queryable } from '../../platform/database.ts';
import { disputesWithBeside } from './store.ts';
import { type DisputeSituation, type DisputeWait, disputeWait, situationOf } from './wait-rules.ts';

/** @returns how a dispute stands, for the eyes of staff; undefined when there is none with this id */
export async function disputeSituation(db: Queryable, id: DisputeId): Promise<DisputeSituation | undefined> {
  const [found] = await disputesWithBeside(db, [id]);
  return found && situationOf(found.dispute, found.beside);
}

/**
 * What each of them waits for. Asks nothing where there are none.
 * @param eyes parties know nothing of a ruling that is not approved
 */
export async function disputeWaits(
  db: Queryable,
  ids: readonly DisputeId[],
  eyes: 'party' | 'staff',
): Promise<ReadonlyMap<DisputeId, DisputeWait>> {
  const found = await disputesWithBeside(db, ids);
  return new Map(
    found.map(({ dispute, beside }) => {
      const hasProposal = eyes === 'staff' && beside.hasProposal;
      return [dispute.id, disputeWait(situationOf(dispute, { ...beside, hasProposal }))];
    }),
  );
}
