/** What was begun about a purchase, and whether it is what somebody is about to do. Pure. */
import type { Actor } from '../../contracts/actor.ts';
import type { PurchaseEvent } from './transition-rules.ts';

/** What was begun, as it was when it was begun: going through with it comes to the same end. */
export interface Unfinished {
  readonly event: PurchaseEvent;
  readonly actor: Actor;
  readonly atMs: number;
  /** What the party said with it. */
  readonly command?: UnfinishedCommand;
  /** Stripe refused to take the transfer back: the seller's part is advanced. */
  readonly reversalRefused?: true;
  /** Stripe is asked for the first part, and nothing of it is in the books yet: whether Stripe has acted is not known. */
  readonly asked?: true;
  /** No row of the table is begun, but the sending of what is payable after the release; see activities/purchase-transfers.ts. */
  readonly sends?: 'transfer' | 'topUp';
}

/** The command behind what was begun: which one, how much it is about, minor units, and why staff want it. */
export interface UnfinishedCommand {
  readonly id: string;
  readonly amount?: number;
  readonly reason?: string;
}

/** What tells one beginning from another: the same command, or the same passing of a deadline. */
type Beginning = Pick<Unfinished, 'event' | 'atMs' | 'sends'> & { readonly command?: { readonly id: string } };

/** The part of it that tells it from others: what is written of it contains this. */
export const identityOf = ({ event, atMs, command, sends }: Beginning) => ({
  event,
  atMs,
  ...(command !== undefined && { command: { id: command.id } }),
  ...(sends !== undefined && { sends }),
});

/** Whether something else was begun than this: that has to be gone through with first. */
export const isOthers = (unfinished: Unfinished | null | undefined, step: Beginning): boolean =>
  unfinished !== null &&
  unfinished !== undefined &&
  !(
    unfinished.event === step.event &&
    unfinished.atMs === step.atMs &&
    unfinished.command?.id === step.command?.id &&
    unfinished.sends === step.sends
  );

/** Whether it was begun for this wish: by its command, where it was begun for one. */
export const isBegunBy = (unfinished: Unfinished | undefined, { event, command }: Omit<Beginning, 'atMs'>): boolean =>
  unfinished !== undefined &&
  unfinished.event === event &&
  (unfinished.command === undefined || unfinished.command.id === command?.id);

/** Whether a part of it is in the books already: it is no longer in doubt, and what is left is less. */
export const isHalfDone = (unfinished: Unfinished | null): boolean => unfinished !== null && unfinished.asked !== true;
