/**
 * The story of a seller's onboarding: the user is made known to the identity provider and takes the check; when that is
 * approved, a payout account is opened and the user gives Stripe what it asks for; when money can be transferred to it,
 * the seller is verified. A check that ends otherwise is taken again or looked at by a person; what was good can be taken
 * back later, and be good again. It runs for as long as the seller is with us. The table of
 * services/users/onboarding-rules.ts says what leads where.
 */
import {
  CancellationScope,
  condition,
  continueAsNew,
  log,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { OnboardingStanding, OnboardingStep } from '../activities/onboarding.ts';
import {
  accountHintSignal,
  beginOnboardingUpdate,
  identityHintSignal,
  type OnboardingInput,
  type OnboardingOutcome,
  type OnboardingResult,
  type OnboardingState,
  tryAgainUpdate,
} from '../contracts/onboarding.ts';
import { ONBOARDING_STATE } from '../contracts/search-attributes.ts';
import { TASK_QUEUES } from '../contracts/task-queues.ts';
import { ONBOARDING_FOR_STAFF } from '../services/users/onboarding-rules.ts';
import { answersGiven, openDesk } from './support/desk.ts';
import { tellStaff, timeText } from './support/notices.ts';
import { answerOf, databaseStep, moneyStep, providerStep } from './support/steps.ts';
import { because } from './support/tracing.ts';
import { GUARDED } from './support/updates.ts';

export function onboarding(input: OnboardingInput & Resumed): Promise<OnboardingResult> {
  // A cancellation that somebody asks for in the Temporal UI would leave the user without a way to become a seller.
  return CancellationScope.nonCancellable(() => tell(input));
}

async function tell(input: OnboardingInput & Resumed): Promise<OnboardingResult> {
  const desk = openDesk<'try_again', OnboardingOutcome, Concern>(input.resume?.seen);
  const board = createNoticeBoard(input);
  let standing: OnboardingStanding = input.resume?.standing ?? NOT_BEGUN;
  let begun = input.resume !== undefined;
  let trouble: string | undefined;
  const whenBegun = async (): Promise<OnboardingOutcome> => {
    await condition(() => begun);
    return { state: standing.state };
  };
  setHandler(beginOnboardingUpdate, whenBegun, GUARDED);
  setHandler(tryAgainUpdate, () => desk.ask('try_again'), { validator: () => desk.refuseRepeat() });
  setHandler(identityHintSignal, ({ eventId }) => desk.tell(eventId, 'identity', 'identity'));
  setHandler(accountHintSignal, ({ eventId }) => desk.tell(eventId, 'account', 'account'));

  await unlessRefused(() => prepare(input, standing));
  begun = true;
  for (;;) {
    board.tell(standing, trouble);
    if (workflowInfo().continueAsNewSuggested && desk.empty && (await answersGiven(desk))) {
      await continueAsNew<typeof onboarding>({ ...input, resume: { standing, seen: desk.seen } });
    }
    const cameIn = await desk.wait(waitOf(standing, trouble), timerText(standing, trouble));
    const item = cameIn ? desk.take() : undefined;
    await because(item?.cause, unlessRefused, async () => {
      if (item?.kind === 'wish') {
        standing = await databaseStep('tryOnboardingAgain', now(input), 'Begin another identity check');
      } else standing = await lookAround(input, standing, item?.hint);
      return prepare(input, standing);
    });
    if (item?.kind === 'wish') item.settle.done({ state: standing.state });
  }

  /** A provider's refusal ends nothing: staff are told, and it is tried again in a while. */
  async function unlessRefused(step: () => Promise<OnboardingStanding>): Promise<void> {
    try {
      standing = await step();
      trouble = undefined;
    } catch (error) {
      const answer = answerOf(error);
      if (answer === undefined) throw error;
      log.error('a step was refused', { type: answer.type, message: answer.message });
      trouble = answer.message;
    }
  }
}

/** How it stands before anything was done. */
const NOT_BEGUN: OnboardingStanding = {
  state: 'started',
  identityOutcome: null,
  transfersActive: false,
  hasAccount: false,
  hasCheck: false,
  deadlineMs: null,
};

/** A step at the workflow's own time. */
const now = (input: OnboardingInput): OnboardingStep => ({ ...input, atMs: Date.now() });

/** Prepares what the user can do next: the identity check, then the payout account. */
async function prepare(input: OnboardingInput, standing: OnboardingStanding): Promise<OnboardingStanding> {
  if (standing.state === 'started') {
    await providerStep(TASK_QUEUES.onfido, 'createApplicant', input, 'Make the user known to Onfido');
    return providerStep(TASK_QUEUES.onfido, 'startIdentityCheck', now(input), 'Start the identity check');
  }
  if (standing.state === 'payout_account' && !standing.hasAccount) {
    return moneyStep('createPayoutAccount', input, 'Open the payout account');
  }
  return standing;
}

/** Webhooks can get lost: while it waits for a provider, it looks for itself this often. */
const LOOK_AGAIN_AFTER_MS = 6 * 60 * 60 * 1_000;
/** What was refused is tried again this often, until somebody has mended it. */
const TRY_AGAIN_AFTER_MS = 60 * 60 * 1_000;

type Concern = 'identity' | 'account';

/** What is waited for in a state. */
const CONCERN_OF: Readonly<Partial<Record<OnboardingState, Concern>>> = {
  identity_check: 'identity',
  in_review: 'identity',
  restricted: 'account',
  payout_account: 'account',
};

/** How long it waits for something to come in; undefined without end. */
function waitOf({ state, deadlineMs }: OnboardingStanding, trouble: string | undefined): number | undefined {
  if (trouble !== undefined) return TRY_AGAIN_AFTER_MS;
  const lookMs = CONCERN_OF[state] && LOOK_AGAIN_AFTER_MS;
  if (deadlineMs === null) return lookMs;
  return Math.min(Math.max(deadlineMs - Date.now(), 0), lookMs ?? Number.POSITIVE_INFINITY);
}

/** Looks at what a hint is about, or, in silence, at what it waits for; then a deadline that has passed takes effect. */
async function lookAround(
  input: OnboardingInput,
  before: OnboardingStanding,
  hint: Concern | undefined,
): Promise<OnboardingStanding> {
  const concern = hint ?? CONCERN_OF[before.state];
  const seen = concern === undefined ? before : await look(input, before, concern);
  if (seen.deadlineMs === null || seen.deadlineMs > Date.now()) return seen;
  return databaseStep('passOnboardingDeadline', now(input), 'The time for it is over');
}

/** Looks at what a provider said has moved. What no longer matters is not looked at. */
async function look(
  input: OnboardingInput,
  standing: OnboardingStanding,
  concern: Concern,
): Promise<OnboardingStanding> {
  if (concern === 'account') {
    return standing.hasAccount ? moneyStep('refreshPayoutAccount', input, 'Look at the payout account') : standing;
  }
  return standing.hasCheck
    ? providerStep(TASK_QUEUES.onfido, 'refreshIdentityCheck', now(input), 'Look at the identity check')
    : standing;
}

/** What stands beside the timer in the history. */
function timerText({ state, deadlineMs }: OnboardingStanding, trouble: string | undefined): string {
  if (trouble !== undefined) return 'tries again what was refused';
  const look = 'looks at the provider again, in case a webhook was lost';
  if (deadlineMs === null || deadlineMs - Date.now() > LOOK_AGAIN_AFTER_MS) return look;
  return `the time is over: then ${ONBOARDING_FOR_STAFF[state].afterwards ?? look}`;
}

/** What staff see of an onboarding in the Temporal UI. */
function createNoticeBoard({ onboardingId, userId, publicUrl }: OnboardingInput) {
  let told: OnboardingState | undefined;
  return {
    tell: (standing: OnboardingStanding, trouble: string | undefined): void => {
      const { state, identityOutcome, transfersActive, deadlineMs } = standing;
      const { stands, afterwards } = ONBOARDING_FOR_STAFF[state];
      // A command of its own in the history, so only what changed is said.
      if (state !== told) upsertSearchAttributes([{ key: ONBOARDING_STATE, value: state }]);
      told = state;
      tellStaff({
        link: { title: `The onboarding of ${userId}`, url: `${publicUrl}/v1/onboardings/${onboardingId}` },
        title: `${state}: ${stands}`,
        lines: [
          ...(trouble === undefined ? [] : [`**Needs a person:** ${trouble} It is tried again within the hour.`]),
          deadlineMs === null
            ? 'Nothing happens by itself.'
            : `**Until ${timeText(deadlineMs)}.** If nothing has come by then, ${afterwards ?? 'we look for ourselves'}.`,
          `Identity check: ${identityOutcome ?? 'not begun'} · transfers to the seller: ${transfersActive ? 'active' : 'not active'}`,
        ],
      });
    },
  };
}

/** Where the story went on when the history was started afresh. */
interface Resumed {
  readonly resume?: { readonly standing: OnboardingStanding; readonly seen: readonly string[] };
}
