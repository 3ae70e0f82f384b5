/** Why a step of a dispute is refused: what its rows say no to, and who may not judge. */
import type { DisputeRefusal } from '../../contracts/dispute.ts';
import type { UserId } from '../../contracts/ids.ts';
import type { Dispute, DisputeRuling } from './record.ts';
import { MAX_RULINGS } from './rules.ts';

/** A rule says no: the code is stable, the message is for the person who asked. */
export class DisputeRefused extends Error {
  readonly code: DisputeRefusal;
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(code: DisputeRefusal, message: string, detail: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = 'DisputeRefused';
    this.code = code;
    this.detail = detail;
  }
}

/** @throws DisputeRefused TOO_MANY_RULINGS, NEEDS_ANOTHER_PERSON */
export function refuseRuling(dispute: Dispute, rulings: readonly Judged[], person: UserId): void {
  if (rulings.length >= MAX_RULINGS) {
    throw new DisputeRefused('TOO_MANY_RULINGS', `A dispute takes ${MAX_RULINGS} rulings. Have one approved.`);
  }
  refuseSamePerson(dispute, rulings, person);
}

type Judged = Pick<DisputeRuling, 'ruledBy' | 'approvedBy' | 'onAppeal'>;

/** Nobody judges what is their own, and an appeal is for those who have not judged before. */
export function refuseSamePerson(
  { state, buyerId, sellerId }: Dispute,
  rulings: readonly Judged[],
  person: UserId,
): void {
  const judged = rulings.some(
    ({ ruledBy, approvedBy, onAppeal }) => !onAppeal && [ruledBy, approvedBy].includes(person),
  );
  if (person === buyerId || person === sellerId) {
    throw new DisputeRefused('NEEDS_ANOTHER_PERSON', 'Somebody else has to do this: you are a party of this dispute.');
  }
  if (state === 'appealed' && judged) {
    throw new DisputeRefused('NEEDS_ANOTHER_PERSON', 'Somebody else has to do this: you have ruled before the appeal.');
  }
}
