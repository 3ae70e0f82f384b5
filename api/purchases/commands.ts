/** How the API speaks to the workflow of a purchase: one command, one update, one answer. */
import {
  type Client,
  type UpdateDefinition,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
} from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { type AftercareWorkflow, aftercareWorkflowId } from '../../contracts/aftercare.ts';
import type { PurchaseId } from '../../contracts/ids.ts';
import {
  openPurchaseUpdate,
  type PurchaseInput,
  type PurchaseOutcome,
  type PurchaseWorkflow,
  purchaseWorkflowId,
} from '../../contracts/purchase.ts';
import { BUYER_ID, PURCHASE_STATE, SELLER_ID } from '../../contracts/search-attributes.ts';
import { TASK_QUEUES } from '../../contracts/task-queues.ts';
import { commandStep, wasTaken } from '../../services/transactions/index.ts';
import type { ApiDeps } from '../deps.ts';
import { Gate } from '../gate.ts';
import { ANSWER_WITHIN_MS, type CommandResult, outcomeOf } from '../outcomes.ts';

export interface PurchaseCommands {
  /** Starts the workflow and hears whether the purchase could be opened. @throws Problem with the refusal's code */
  open(input: PurchaseInput, commandId: string): Promise<CommandResult>;
  /** Sends what a party, or staff, want. @throws Problem with the refusal's code */
  send<Command>(
    purchaseId: PurchaseId,
    update: UpdateDefinition<PurchaseOutcome, [Command]>,
    command: Command,
    commandId: string,
  ): Promise<CommandResult>;
  /** The same about a chargeback: a purchase that has ended has its aftercare for it. @throws Problem as {@link send} */
  sendAbout<Command>(
    purchaseId: PurchaseId,
    update: UpdateDefinition<PurchaseOutcome, [Command]>,
    command: Command,
    commandId: string,
  ): Promise<CommandResult>;
}

export function createPurchaseCommands({
  database,
  temporal: { client },
}: Pick<ApiDeps, 'database' | 'temporal'>): PurchaseCommands {
  const gate = new Gate();
  const answered = (
    purchaseId: PurchaseId,
    commandId: string,
    call: () => Promise<unknown>,
  ): Promise<CommandResult> => {
    const untilMs = Date.now() + ANSWER_WITHIN_MS;
    const wasCarriedOut = (): Promise<boolean> => wasTaken(database, purchaseId, commandStep(commandId));
    return gate.pass(purchaseId, untilMs, () => outcomeOf(client, untilMs, call, wasCarriedOut));
  };
  const send: PurchaseCommands['send'] = (purchaseId, update, command, commandId) =>
    answered(purchaseId, commandId, () =>
      client.workflow
        .getHandle(purchaseWorkflowId(purchaseId))
        .executeUpdate(update, { args: [command], updateId: commandId }),
    );
  return {
    open: (input, commandId) => answered(input.purchaseId, commandId, () => startAndOpen(client, input, commandId)),
    send,
    sendAbout: async (purchaseId, update, command, commandId) => {
      const result = await send(purchaseId, update, command, commandId);
      if (result !== 'ended') return result;
      return answered(purchaseId, commandId, () =>
        client.workflow.executeUpdateWithStart(update, {
          args: [command],
          updateId: commandId,
          startWorkflowOperation: aftercareOf(purchaseId),
        }),
      );
    },
  };
}

/** Goes on where it is there, and is begun where it is not: once for each command. */
const aftercareOf = (purchaseId: PurchaseId) =>
  new WithStartWorkflowOperation<AftercareWorkflow>('aftercare', {
    workflowId: aftercareWorkflowId(purchaseId),
    args: [{ purchaseId }],
    taskQueue: TASK_QUEUES.workflows,
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    staticSummary: `What comes out about the money of ${purchaseId}`,
  });

/** What never changes about it, for staff in the Temporal UI. */
function detailsOf({ buyerId, sellerId, listingId, quantity, slot, expectedPrice }: PurchaseInput): string {
  const when = slot === undefined ? '' : `, for ${slot.startsAt}`;
  const { amount, currency } = expectedPrice;
  return [
    `${buyerId} buys ${quantity} × ${listingId} from ${sellerId}${when}, for ${amount} ${currency} in minor units.`,
    'How to read this, and what you can do: docs/how-to/support.md.',
  ].join('\n\n');
}

/** Starts the workflow with its first update; a repeat meets the same workflow and the same update. */
async function startAndOpen(client: Client, input: PurchaseInput, commandId: string): Promise<void> {
  const workflowId = purchaseWorkflowId(input.purchaseId);
  const start = new WithStartWorkflowOperation<PurchaseWorkflow>('purchase', {
    workflowId,
    args: [input],
    taskQueue: TASK_QUEUES.workflows,
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
    typedSearchAttributes: new TypedSearchAttributes([
      { key: PURCHASE_STATE, value: 'payment_pending' },
      { key: BUYER_ID, value: input.buyerId },
      { key: SELLER_ID, value: input.sellerId },
    ]),
    staticSummary: `Purchase ${input.purchaseId}`,
    staticDetails: detailsOf(input),
  });
  try {
    await client.workflow.executeUpdateWithStart(openPurchaseUpdate, {
      args: [{ actorId: input.buyerId }],
      updateId: commandId,
      startWorkflowOperation: start,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    // It has ended since: its answer is still there.
    await client.workflow.getHandle(workflowId).getUpdateHandle(commandId).result();
  }
}
