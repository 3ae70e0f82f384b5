/**
 * Part of every bundle, before the workflows' own code: what was not sent by one of our processes reaches the updates that
 * take what staff type into the Temporal UI and nothing else, whatever other handlers would make of it. And what one of our
 * processes sent is taken as what it was sent as alone: a copy of it under another name, or another id, is refused.
 *
 * Only updates with a validator are looked at before they are recorded, so each has one. Validators are not run in a replay:
 * histories that were recorded before updates said what they are sent as go on.
 */
import { ApplicationFailure, log, type UpdateInput, type WorkflowInterceptors } from '@temporalio/workflow';
import { isStamped, unstamped, wasSentAs } from '../../contracts/sent-as.ts';
import { strayInput, TAKES_TYPED_INPUT, typedInput } from '../../contracts/typed-input.ts';

const isForeign = (args: readonly unknown[]): boolean =>
  args.some((arg) => typedInput(arg) !== undefined || strayInput(arg) !== undefined);

/** Why it is refused, if it is. */
function refusal(name: string, args: readonly unknown[]): ApplicationFailure | undefined {
  if (!isForeign(args)) return undefined;
  const message = `"${name}" takes only what our own processes send: use the API.`;
  return ApplicationFailure.nonRetryable(message, 'NOT_FROM_US');
}

/** Those that take it say themselves what is wrong with what they were given. */
const refusalOfUpdate = (name: string, args: readonly unknown[]): ApplicationFailure | undefined =>
  TAKES_TYPED_INPUT.includes(name) ? undefined : refusal(name, args);

/** Why it is refused before it is recorded, if it is. */
function refusalOfCopy({ name, updateId, args }: UpdateInput): ApplicationFailure | undefined {
  if (isForeign(args) || wasSentAs(args, { name, id: updateId })) return undefined;
  const message = `This was not sent as this "${name}": it is a copy, or of a process that is older than this one.`;
  return ApplicationFailure.nonRetryable(message, 'NOT_FROM_US');
}

/** Goes on, unless it is refused. Without a turn of its own: histories of before are replayed through it. */
const unless = <T>(failure: ApplicationFailure | undefined, next: () => Promise<T>): Promise<T> =>
  failure === undefined ? next() : Promise.reject(failure);

/** The SDK calls this, once for each workflow. */
export const interceptors = (): WorkflowInterceptors => ({
  inbound: [
    {
      execute: (input, next) => {
        // All of a namespace was moved to one of another name, perhaps: such a workflow waits for somebody to see that.
        if (input.args.some((arg) => strayInput(arg) === 'misplaced')) throw new Error('the input is bound elsewhere');
        return unless(refusal('start', input.args), () => next(input));
      },
      validateUpdate: (input, next) => {
        const failure = refusalOfUpdate(input.name, input.args) ?? refusalOfCopy(input);
        if (failure !== undefined) throw failure;
        next({ ...input, args: unstamped(input.args) });
      },
      // Again, for updates without a validator: those are not validated at all.
      handleUpdate: (input, next) =>
        unless(refusalOfUpdate(input.name, input.args), () => next({ ...input, args: unstamped(input.args) })),
      handleSignal: (input, next) => {
        if (!isForeign(input.args) && !input.args.some(isStamped)) return next(input);
        // An error would fail the workflow, which is what somebody may be after.
        log.warn('a signal was passed over: none of our processes sent it', { signal: input.signalName });
        return Promise.resolve();
      },
      handleQuery: (input, next) => unless(refusal(input.queryName, input.args), () => next(input)),
    },
  ],
});
