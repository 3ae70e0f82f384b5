/** How the API speaks to the workflow of a purchase: one command, one update, one answer. */
import {
  type Client,
  type UpdateDefinition,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, TypedSearchAttributes } from '@temporalio/common';
import type { PurchaseId } from '../../contracts/ids.ts';
import {
  openPurchaseUpdate,
  type PurchaseCommand,
  type PurchaseInput,
  type PurchaseOutcome,
  type PurchaseWorkflow,
  purchaseWorkflowId,
} from '../../contracts/purchase.ts';
import { BUYER_ID, PURCHASE_STATE, SELLER_ID } from '../../contracts/search-attributes.ts';
import { TASK_QUEUES } from '../../contracts/task-queues.ts';
import { Problem, unavailable } from '../../platform/errors.ts';
import { Gate } from './gate.ts';

/** A client hears within this time how its command went; after it, only that it is under way. */
const ANSWER_WITHIN_MS = 8_000;

/** `done`: committed. `under_way`: accepted or not, nobody knows yet; the same command can be sent again. `ended`: too late. */
export type CommandResult = 'done' | 'under_way' | 'ended';

export interface PurchaseCommands {
  /** Starts the workflow and hears whether the purchase could be opened. @throws Problem with the refusal's code */
  open(input: PurchaseInput, commandId: string): Promise<CommandResult>;
  /** Sends what a party wants. @throws Problem with the refusal's code */
  send(
    purchaseId: PurchaseId,
    update: UpdateDefinition<PurchaseOutcome, [PurchaseCommand]>,
    command: PurchaseCommand,
    commandId: string,
  ): Promise<CommandResult>;
}

export function createPurchaseCommands(client: Client): PurchaseCommands {
  const gate = new Gate();
  const answered = (purchaseId: PurchaseId, call: () => Promise<unknown>): Promise<CommandResult> =>
    gate.pass(purchaseId, () => outcomeOf(() => client.withDeadline(Date.now() + ANSWER_WITHIN_MS, call)));
  return {
    open: (input, commandId) => answered(input.purchaseId, () => startAndOpen(client, input, commandId)),
    send: (purchaseId, update, command, commandId) =>
      answered(purchaseId, () =>
        client.workflow
          .getHandle(purchaseWorkflowId(purchaseId))
          .executeUpdate(update, { args: [command], updateId: commandId }),
      ),
  };
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

async function outcomeOf(call: () => Promise<unknown>): Promise<CommandResult> {
  try {
    await call();
    return 'done';
  } catch (error) {
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return 'under_way';
    if (error instanceof WorkflowNotFoundError) return 'ended';
    if (error instanceof WorkflowUpdateFailedError) return refused(error);
    throw isUnavailable(error) ? unavailable('Temporal does not answer at the moment.', 2, error) : error;
  }
}

/** A refusal of the workflow, as the API tells it. A workflow that ended under an update is too late, not a failure. */
function refused(error: WorkflowUpdateFailedError): CommandResult {
  const failure = error.cause;
  if (!(failure instanceof ApplicationFailure) || typeof failure.type !== 'string') throw error;
  if (failure.type === 'AcceptedUpdateCompletedWorkflow') return 'ended';
  const extra = (failure.details?.[0] ?? {}) as Record<string, unknown>;
  if (failure.type === 'IN_PROGRESS')
    throw new Problem(409, failure.type, failure.message, { headers: { 'Retry-After': '1' } });
  if (failure.type.startsWith('PROVIDER_')) {
    const detail = 'The payment provider refused this. Nothing has changed; look at the payment before you try again.';
    throw new Problem(409, 'PAYMENT_REFUSED', detail, { extra: { reason: extra['code'] ?? null } });
  }
  throw new Problem(409, failure.type, failure.message, { extra });
}

const UNAVAILABLE_CODES = new Set([4, 8, 14]); // deadline exceeded, resource exhausted, unavailable

function isUnavailable(error: unknown): boolean {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return UNAVAILABLE_CODES.has((cause as { code?: number }).code ?? -1);
}
