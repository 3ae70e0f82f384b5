/** How a flow takes its steps: which activity runs where, for how long, and how often. */
import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import { TASK_QUEUES } from '../../contracts/task-queues.ts';

type StepName = keyof Activities;
type StepInput<Name extends StepName> = Parameters<Activities[Name]>[0];
type StepResult<Name extends StepName> = Awaited<ReturnType<Activities[Name]>>;
type Run<Name extends StepName> = (input: StepInput<Name>) => Promise<StepResult<Name>>;

/**
 * A step that needs the database alone: a local activity, which costs no round trip. It is short, and tried until it is
 * done.
 */
export function databaseStep<Name extends StepName>(
  name: Name,
  input: StepInput<Name>,
  summary: string,
): Promise<StepResult<Name>> {
  const steps = proxyLocalActivities<Activities>({
    startToCloseTimeout: '10s',
    // Beyond this pause it waits by a timer: a local wait would beat in the history every few seconds.
    localRetryThreshold: '5s',
    retry: { initialInterval: '200ms', maximumInterval: '10m' },
    summary,
  });
  return (steps[name] as unknown as Run<Name>)(input);
}

/**
 * A step that moves money: tried once where the workflow runs, which is quick when Stripe is; when Stripe is slow, busy
 * or failing, it goes on at Stripe's own task queue, with its rate limit, for as long as it takes. The step's idempotency
 * key makes it harmless that the first try may have acted.
 * @param untilMs until when it makes sense, milliseconds since 1970; without end unless told. Then it fails with
 *   `PROVIDER_TIMEOUT`, and whether Stripe has acted is unknown.
 */
export async function moneyStep<Name extends StepName>(
  name: Name,
  input: StepInput<Name>,
  summary: string,
  untilMs?: number,
): Promise<StepResult<Name>> {
  const once = proxyLocalActivities<Activities>({
    startToCloseTimeout: '4s',
    retry: { maximumAttempts: 1 },
    summary,
  });
  try {
    return await (once[name] as unknown as Run<Name>)(input);
  } catch (error) {
    if (isCancellation(error) || isAnswer(error)) throw error;
  }
  return providerStep(TASK_QUEUES.stripe, name, input, `${summary} (Stripe is slow or failing)`, untilMs);
}

/** A step at a provider's own task queue, with its rate limit, tried until the provider answers or `untilMs` is over. */
export async function providerStep<Name extends StepName>(
  taskQueue: typeof TASK_QUEUES.stripe | typeof TASK_QUEUES.onfido,
  name: Name,
  input: StepInput<Name>,
  summary: string,
  untilMs?: number,
): Promise<StepResult<Name>> {
  const steps = proxyActivities<Activities>({
    taskQueue,
    startToCloseTimeout: '30s',
    ...(untilMs !== undefined && { scheduleToCloseTimeout: Math.max(untilMs - Date.now(), 1_000) }),
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '5m' },
    summary,
  });
  try {
    return await (steps[name] as unknown as Run<Name>)(input);
  } catch (error) {
    if (!(error instanceof ActivityFailure && error.cause instanceof TimeoutFailure)) throw error;
    throw ApplicationFailure.nonRetryable('The provider did not answer in time.', 'PROVIDER_TIMEOUT');
  }
}

/** An answer is final: a business rule or a provider said no. Everything else is worth another try. */
function isAnswer(error: unknown): boolean {
  return (
    error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && error.cause.nonRetryable === true
  );
}

/** The answer that a step gave instead of doing its work, or undefined when it failed in another way. */
export function answerOf(error: unknown): ApplicationFailure | undefined {
  if (error instanceof ApplicationFailure) return error;
  if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure) return error.cause;
  return undefined;
}
