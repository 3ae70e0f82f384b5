/** How the API speaks to the workflow of a dispute: one command, one update, one answer. */
import type { UpdateDefinition } from '@temporalio/client';
import { type DisputeCommand, type DisputeOutcome, disputeWorkflowId } from '../../contracts/dispute.ts';
import type { DisputeId } from '../../contracts/ids.ts';
import { conflict, notFound, Problem } from '../../platform/errors.ts';
import { type Dispute, findDispute, wasDisputeStepTaken } from '../../services/disputes/index.ts';
import type { ApiDeps } from '../deps.ts';
import { Gate } from '../gate.ts';
import { ANSWER_WITHIN_MS, type CommandResult, outcomeOf } from '../outcomes.ts';
import type { Request } from '../route.ts';

export interface DisputeCommands {
  /** Sends what somebody wants. @returns the dispute as it is then, and whether that is committed @throws Problem */
  send(
    dispute: Dispute,
    update: UpdateDefinition<DisputeOutcome, [DisputeCommand]>,
    command: DisputeCommand,
    request: Pick<Request, 'commandId' | 'log'>,
  ): Promise<{ readonly dispute: Dispute; readonly isDone: boolean }>;
}

export function createDisputeCommands({ database, temporal }: Pick<ApiDeps, 'database' | 'temporal'>): DisputeCommands {
  const gate = new Gate();
  const { client } = temporal;
  return {
    async send({ id, purchaseId, n }, update, command, { commandId, log }) {
      const workflowId = disputeWorkflowId(purchaseId, n);
      const untilMs = Date.now() + ANSWER_WITHIN_MS;
      const sent = (): Promise<CommandResult> =>
        outcomeOf(
          client,
          untilMs,
          () => client.workflow.getHandle(workflowId).executeUpdate(update, { args: [command], updateId: commandId }),
          () => wasDisputeStepTaken(database, id, commandId),
        );
      const result = await gate.pass(workflowId, untilMs, sent).catch(async (error: unknown) => {
        throw await upToDate(database, id, error);
      });
      log.info('a command was sent', { workflowId, command: update.name, result });
      const dispute = await disputeById(database, id);
      if (result === 'ended') throw tooLate(dispute);
      return { dispute, isDone: result === 'done' };
    },
  };
}

export async function disputeById(database: ApiDeps['database'], id: DisputeId): Promise<Dispute> {
  const dispute = await findDispute(database, id);
  if (dispute === undefined) throw notFound('dispute');
  return dispute;
}

/** The purchase closes a dispute a moment before that hears of it: what the database says is the last word. */
async function upToDate(database: ApiDeps['database'], id: DisputeId, error: unknown): Promise<unknown> {
  if (!(error instanceof Problem) || error.code !== 'NOT_ALLOWED_NOW') return error;
  const dispute = await disputeById(database, id);
  return dispute.state === 'closed' ? tooLate(dispute) : error;
}

/** The workflow has ended, or is not there yet: what the database says is the last word. */
function tooLate({ state, decision }: Dispute): Problem {
  if (state === 'closed' || decision !== null) {
    const allowed = { buyer: [], seller: [], mediator: [] };
    return conflict('NOT_ALLOWED_NOW', 'The dispute is over.', { state, allowed });
  }
  const detail = 'The dispute is only just beginning. Try again in a moment.';
  return new Problem(409, 'IN_PROGRESS', detail, { headers: { 'Retry-After': '1' } });
}
