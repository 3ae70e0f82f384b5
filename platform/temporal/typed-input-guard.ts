/**
 * Part of every bundle, before the workflows' own code: what staff typed into the Temporal UI, and what nobody encrypted,
 * reaches the updates that take it and nothing else, whatever other handlers would make of it.
 */
import { ApplicationFailure, log, type WorkflowInterceptors } from '@temporalio/workflow';
import { isUnsealed, TAKES_TYPED_INPUT, typedInput } from '../../contracts/typed-input.ts';

const isForeign = (args: readonly unknown[]): boolean =>
  args.some((arg) => typedInput(arg) !== undefined || isUnsealed(arg));

/** Why it is refused, if it is. */
function refusal(name: string, args: readonly unknown[]): ApplicationFailure | undefined {
  if (!isForeign(args)) return undefined;
  const message = `"${name}" takes nothing that was typed into the Temporal UI: use the API.`;
  return ApplicationFailure.nonRetryable(message, 'TYPED_INPUT_REFUSED');
}

/** Those that take it say themselves what is wrong with what they were given. */
const refusalOfUpdate = (name: string, args: readonly unknown[]): ApplicationFailure | undefined =>
  TAKES_TYPED_INPUT.includes(name) ? undefined : refusal(name, args);

/** Goes on, unless it is refused. Without a turn of its own: histories of before are replayed through it. */
const unless = <T>(failure: ApplicationFailure | undefined, next: () => Promise<T>): Promise<T> =>
  failure === undefined ? next() : Promise.reject(failure);

/** The SDK calls this, once for each workflow. */
export const interceptors = (): WorkflowInterceptors => ({
  inbound: [
    {
      execute: (input, next) => unless(refusal('start', input.args), () => next(input)),
      validateUpdate: (input, next) => {
        const failure = refusalOfUpdate(input.name, input.args);
        if (failure !== undefined) throw failure;
        next(input);
      },
      // Again, for updates without a validator: those are not validated at all.
      handleUpdate: (input, next) => unless(refusalOfUpdate(input.name, input.args), () => next(input)),
      handleSignal: (input, next) => {
        if (!isForeign(input.args)) return next(input);
        // An error would fail the workflow, which is what somebody may be after.
        log.warn('a signal was refused: it was typed into the Temporal UI', { signal: input.signalName });
        return Promise.resolve();
      },
      handleQuery: (input, next) => unless(refusal(input.queryName, input.args), () => next(input)),
    },
  ],
});
