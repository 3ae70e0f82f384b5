/** One command of a party, or of finance: sent to the workflow, and answered with the purchase as it is then. */
import type { UpdateDefinition } from '@temporalio/client';
import type { PurchaseId } from '../../contracts/ids.ts';
import { type PurchaseCommand, type PurchaseOutcome, purchaseWorkflowId } from '../../contracts/purchase.ts';
import { Problem } from '../../platform/errors.ts';
import { createFlowSignals } from '../../platform/temporal/signals.ts';
import { findPurchase, type Purchase, type Side, wasTaken } from '../../services/transactions/index.ts';
import { transitions } from '../../services/transactions/rules.ts';
import type { PurchaseEvent } from '../../services/transactions/transition-rules.ts';
import type { ApiDeps } from '../deps.ts';
import type { CommandResult } from '../outcomes.ts';
import type { Reply, Request } from '../route.ts';
import type { PurchaseCommands } from './commands.ts';
import { notAllowedNow } from './not-now.ts';
import { refundsOfOne, seenBy } from './party.ts';
import { purchaseBody } from './view.ts';

export type ActionDeps = Pick<ApiDeps, 'database' | 'temporal'>;

export interface Action {
  readonly name: string;
  readonly event: PurchaseEvent;
  readonly update: UpdateDefinition<PurchaseOutcome, [PurchaseCommand]>;
  readonly summary: string;
  readonly problems?: Readonly<Record<string, { status: number; when: string }>>;
  /** Finance can ask for it, too. */
  readonly byFinance?: true;
  /**
   * Of one that can be asked for several times: the step by which this very command is carried out. Undefined where another
   * command that has done the same answers for it, too.
   */
  readonly ownStep?: (before: Purchase, said: Partial<PurchaseCommand>, commandId: string) => string | undefined;
  /** Of one that leaves the state as it is: whether what was asked for shows. */
  readonly hasHappened?: (before: Purchase, after: Purchase, side: Side, startsAt: string | undefined) => boolean;
}

type ActRequest = Pick<Request, 'caller' | 'commandId' | 'log'>;

/** Sends a command to the workflow, and answers with the purchase as it is then. */
export async function act(
  deps: ActionDeps,
  commands: PurchaseCommands,
  action: Action,
  id: PurchaseId,
  { caller, commandId, log }: ActRequest,
  said: Omit<PurchaseCommand, 'actorId'> = {},
): Promise<Reply> {
  const { database } = deps;
  const { userId } = caller();
  const who = action.byFinance === true ? caller() : { userId };
  const { purchase: known, viewer } = await seenBy(database, id, who);
  const command = { actorId: userId, ...said };
  const result = await sendUpToDate(deps, commands, known, action, command, commandId);
  log.info('a command was sent', { workflowId: purchaseWorkflowId(id), command: action.name, result });
  const { purchase } = await seenBy(database, id, who);
  // It ended, or the wait was over, under the command: the row tells whether this very command, or another one that did the
  // same, has been carried out.
  const hasHappened = viewer !== 'staff' && (action.hasHappened?.(known, purchase, viewer, said.startsAt) ?? false);
  const ownStep = action.ownStep?.(known, said, commandId);
  const wasGranted = (): boolean | Promise<boolean> =>
    ownStep === undefined
      ? hasHappened || hasFollowed(known, purchase, viewer, action.event)
      : wasTaken(database, id, ownStep);
  const granted = result === 'done' || (await wasGranted());
  if (result === 'ended' && !granted) {
    // The workflow has ended: what the database says is the last word.
    throw await notAllowedNow(database, purchase, `The purchase has ended: it is ${purchase.state}.`);
  }
  const refunds = await refundsOfOne(database, purchase);
  // Begun, and gone through with when the buyer's bank has decided.
  const isBegun = result === 'done' && purchase.unfinished?.command?.id === commandId;
  if (granted && !isBegun) return { status: 200, body: purchaseBody(purchase, viewer, { refunds }) };
  const headers = { Location: `/v1/purchases/${id}` };
  return { status: 202, headers, body: purchaseBody(purchase, viewer, { refunds, inProgress: true }), final: false };
}

/**
 * Sends a command. A workflow that refuses it in a state that is not the row's has lost its last step in a crash: it is
 * told to look at the row, and the caller to come again.
 */
async function sendUpToDate(
  { database, temporal }: ActionDeps,
  commands: PurchaseCommands,
  purchase: Purchase,
  { update }: Action,
  command: PurchaseCommand,
  commandId: string,
): Promise<CommandResult> {
  try {
    return await commands.send(purchase.id, update, command, commandId);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'NOT_ALLOWED_NOW') throw error;
    const row = await findPurchase(database, purchase.id);
    if (row === undefined) throw error;
    if (error.extra['state'] === row.state) throw await notAllowedNow(database, row, error.detail);
    const eventId = `row/${row.updatedAt.toISOString()}`;
    await createFlowSignals(temporal.client).payment(purchase.id, { eventId, eventType: 'purchase.ahead' });
    const detail = 'The purchase has just changed. Try again in a moment.';
    throw new Problem(409, 'IN_PROGRESS', detail, { headers: { 'Retry-After': '1' } });
  }
}

/** Whether a purchase went from where it was to where this event of this party leads. */
function hasFollowed(before: Purchase, after: Purchase, viewer: Side | 'staff', event: PurchaseEvent): boolean {
  if (before.state === after.state) return false;
  const by = viewer === 'staff' ? 'finance' : viewer;
  const rows = transitions(before.state, { on: event, by, kind: before.terms.kind });
  return rows.some(({ to }) => to === after.state);
}
