/** How the API hears what became of an update: done, under way, too late, or refused. */
import {
  type Client,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { DISPUTE_REFUSALS } from '../contracts/dispute.ts';
import { PURCHASE_REFUSALS, type PurchaseRefusal } from '../contracts/purchase.ts';
import { TAKEN_ALREADY } from '../contracts/updates.ts';
import { Problem, unavailable } from '../platform/errors.ts';

/** A client hears within this time how its command went; after it, only that it is under way. */
export const ANSWER_WITHIN_MS = 8_000;

/** `done`: committed. `under_way`: accepted or not, nobody knows yet; the same command can be sent again. `ended`: too late. */
export type CommandResult = 'done' | 'under_way' | 'ended';

/**
 * Sends an update and waits for its outcome, for a bounded time.
 * @param untilMs when the caller will no longer wait, milliseconds since 1970
 * @param wasCarriedOut whether this very command was carried out, as the database says. A workflow whose task was lost knows
 *   nothing of it any more: it refuses what it has done itself. Asked only of what a workflow has answered: one that did not
 *   hear the command has to hear it, or it would not know how things stand until its next timer.
 * @throws Problem 409 with the refusal's code; 503 when Temporal does not answer
 */
export async function outcomeOf(
  client: Client,
  untilMs: number,
  call: () => Promise<unknown>,
  wasCarriedOut: () => Promise<boolean> = async () => false,
): Promise<CommandResult> {
  try {
    await client.withDeadline(untilMs, () => untilTaken(untilMs, call));
    return 'done';
  } catch (error) {
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return 'under_way';
    if (wasDropped(error)) throw unavailable(NOT_TAKEN, 1, error);
    if (isUnavailable(error)) throw unavailable('Temporal does not answer at the moment.', 2, error);
    if (await wasCarriedOut()) return 'done';
    if (error instanceof WorkflowNotFoundError) return 'ended';
    if (wasTaken(error)) return 'under_way';
    if (error instanceof WorkflowUpdateFailedError) return refused(error);
    throw error;
  }
}

/**
 * Asks Temporal for something that is no update, for a bounded time.
 * @throws Problem 503 when it does not answer
 */
export async function temporalAnswers<T>(client: Client, untilMs: number, call: () => Promise<T>): Promise<T> {
  try {
    return await client.withDeadline(untilMs, call);
  } catch (error) {
    throw isUnavailable(error) ? unavailable('Temporal does not answer at the moment.', 2, error) : error;
  }
}

/**
 * The server drops an update whose workflow task fails, as one does when something else comes in just while the workflow
 * ends; and it rejects one in the worker's name that a worker was handed and said nothing about, as when a task is prolonged
 * for a step that takes long. It was not taken then, so it is sent again, under the same id. When a worker has taken it all
 * the same, the flow says so: then it is asked again until the server knows what became of it.
 */
async function untilTaken(untilMs: number, call: () => Promise<unknown>): Promise<unknown> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!wasDropped(error) && !wasTaken(error)) throw error;
      if (Date.now() + PAUSE_MS >= untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

const FAILED_PRECONDITION = 9;
const PAUSE_MS = 100;
const NOT_TAKEN =
  'This could not be taken up in time, and nobody knows yet whether it was. Repeat it with the same Idempotency-Key.';

/** Whether nobody has taken an update, or ever will. Source: service/history/workflow/update of Temporal's server. */
const wasDropped = (error: unknown): boolean =>
  error instanceof WorkflowUpdateFailedError
    ? typeOf(error) === 'UnprocessedUpdate'
    : grpcCode(error) === FAILED_PRECONDITION;

/**
 * Whether the flow has taken it up before, and the server has lost that. The client of Temporal sends what failed on the
 * way again by itself: nobody here need have seen a first one.
 */
const wasTaken = (error: unknown): boolean =>
  error instanceof WorkflowUpdateFailedError && typeOf(error) === TAKEN_ALREADY;

const typeOf = ({ cause }: WorkflowUpdateFailedError): string | undefined =>
  cause instanceof ApplicationFailure ? (cause.type ?? undefined) : undefined;

/** A refusal of the workflow, as the API tells it. A workflow that ended under an update is too late, not a failure. */
function refused(error: WorkflowUpdateFailedError): CommandResult {
  const failure = error.cause;
  if (!(failure instanceof ApplicationFailure) || typeof failure.type !== 'string') throw error;
  if (failure.type === 'AcceptedUpdateCompletedWorkflow') return 'ended';
  const extra = (failure.details?.[0] ?? {}) as Record<string, unknown>;
  if (failure.type === 'IN_PROGRESS')
    throw new Problem(409, failure.type, failure.message, { headers: { 'Retry-After': '1' } });
  if (failure.type === 'PROVIDER_TIMEOUT') {
    const detail =
      'The payment provider did not answer in time, so nobody knows yet whether it has done this. Read the purchase again in a moment.';
    throw new Problem(409, 'PAYMENT_UNKNOWN', detail);
  }
  if (failure.type.startsWith('PROVIDER_')) {
    const detail = 'The payment provider refused this. Nothing has changed; look at the payment before you try again.';
    throw new Problem(409, 'PAYMENT_REFUSED', detail, { extra: { reason: extra['code'] ?? null } });
  }
  // Anything else is not the caller's doing and not theirs to read.
  if (!REFUSALS.has(failure.type)) throw error;
  throw new Problem(UNPROCESSABLE.has(failure.type) ? 422 : 409, failure.type, failure.message, { extra });
}

const REFUSALS: ReadonlySet<string> = new Set([...PURCHASE_REFUSALS, ...DISPUTE_REFUSALS]);

/** What would be refused whatever the state of things. */
const UNPROCESSABLE: ReadonlySet<string> = new Set<PurchaseRefusal>([
  'BEYOND_HOLD_LIMIT',
  'DISCOUNT_UNKNOWN',
  'DISCOUNT_NOT_VALID',
  'DISCOUNT_NOT_FOR_THIS',
  'REFUND_TOO_LARGE',
  'REFUND_TOO_SMALL',
  'BEYOND_WHAT_IS_DISPUTED',
]);

const UNAVAILABLE_CODES = new Set([4, 8, 14]); // deadline exceeded, resource exhausted, unavailable

const isUnavailable = (error: unknown): boolean => UNAVAILABLE_CODES.has(grpcCode(error) ?? -1);

function grpcCode(error: unknown): number | undefined {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return (cause as { code?: number } | null)?.code;
}
