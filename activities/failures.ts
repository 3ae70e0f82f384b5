/**
 * The one place that decides what an error of an activity means to its workflow: to be tried again, or an answer.
 * Everything that is not recognised here is thrown on as it is, and Temporal tries again.
 */
import { ApplicationFailure, type Next } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { ProviderError, type ProviderErrorKind } from '../providers/provider-error.ts';
import { PostingConflict } from '../services/transactions/index.ts';

/** Whether asking a provider again can help. Wrong credentials are an operator's to mend: the work waits for them. */
const RETRYABLE: Readonly<Record<Exclude<ProviderErrorKind, 'conflict'>, boolean>> = {
  refused: false,
  declined: false,
  not_found: false,
  busy: true,
  failed: true,
  unreachable: true,
  credentials: true,
};

/** The failure a workflow gets for an error, or the error itself when nothing is known about it. */
export function classify(error: unknown): unknown {
  if (error instanceof ProviderError) {
    // Money may have moved with other figures than ours: no refusal, but an alarm, as for our own ledger below.
    if (error.kind === 'conflict') return ApplicationFailure.nonRetryable(error.message, 'PROVIDED_OTHERWISE');
    return ApplicationFailure.create({
      type: `PROVIDER_${error.kind.toUpperCase()}`,
      message: error.message,
      nonRetryable: !RETRYABLE[error.kind],
      details: [{ provider: error.provider, code: error.code, requestId: error.requestId ?? null }],
    });
  }
  // The same step with other figures: repeating it cannot make it right, and money is at stake.
  if (error instanceof PostingConflict) return ApplicationFailure.nonRetryable(error.message, 'POSTING_CONFLICT');
  return error;
}

/** A business rule says no. The type is a stable code, the message is for the person who asked. */
export function refusal(code: string, message: string, detail: Record<string, unknown> = {}): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, code, detail);
}

/** Classifies the errors of every activity of a worker. */
export class FailureInterceptor implements ActivityInboundCallsInterceptor {
  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    try {
      return await next(input);
    } catch (error) {
      throw classify(error);
    }
  }
}
