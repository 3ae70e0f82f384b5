/**
 * The story of a seller's onboarding: the user is made known to the identity provider and takes the check; when that is
 * approved, a payout account is opened and the user gives Stripe what it asks for; when money can be transferred to it,
 * the seller is verified. It runs for as long as the seller is with us.
 */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { OnboardingStanding } from '../activities/onboarding.ts';
import {
  accountHintSignal,
  beginOnboardingUpdate,
  identityHintSignal,
  type OnboardingInput,
  type OnboardingResult,
  type OnboardingState,
} from '../contracts/onboarding.ts';
import { ONBOARDING_STATE } from '../contracts/search-attributes.ts';
import { TASK_QUEUES } from '../contracts/task-queues.ts';
import { ONBOARDING_NEXT } from '../services/users/onboarding-rules.ts';
import { openDesk } from './support/desk.ts';
import { tellStaff } from './support/notices.ts';
import { moneyStep, providerStep } from './support/steps.ts';

export async function onboarding(input: OnboardingInput & Resumed): Promise<OnboardingResult> {
  const desk = openDesk<never, never, Concern>(input.resume?.seen);
  let standing = input.resume?.standing;
  setHandler(beginOnboardingUpdate, async () => {
    await condition(() => standing !== undefined);
    return { state: standing?.state ?? 'started' };
  });
  setHandler(identityHintSignal, ({ eventId }) => desk.tell(eventId, 'identity'));
  setHandler(accountHintSignal, ({ eventId }) => desk.tell(eventId, 'account'));

  standing ??= await beginIdentityCheck(input);
  for (;;) {
    if (standing.state === 'payout_account' && !standing.hasAccount) {
      standing = await moneyStep('createPayoutAccount', input, 'Open the payout account');
    }
    announce(input, standing);
    if (workflowInfo().continueAsNewSuggested && desk.empty && allHandlersFinished()) {
      await continueAsNew<typeof onboarding>({ ...input, resume: { standing, seen: desk.seen } });
    }
    const waitsFor = CONCERN_OF[standing.state];
    const cameIn = await desk.wait(waitsFor && LOOK_AGAIN_AFTER_MS, 'look again, in case a webhook was lost');
    const item = cameIn ? desk.take() : undefined;
    const concern = item?.kind === 'hint' ? item.hint : waitsFor;
    if (concern !== undefined) standing = await look(input, standing, concern);
  }
}

/** Makes the user known to the identity provider and prepares the check they will take. */
async function beginIdentityCheck(input: OnboardingInput): Promise<OnboardingStanding> {
  await providerStep(TASK_QUEUES.onfido, 'createApplicant', input, 'Make the user known to Onfido');
  return providerStep(TASK_QUEUES.onfido, 'startIdentityCheck', input, 'Start the identity check');
}

/** Webhooks can get lost: while it waits for a provider, it looks for itself this often. */
const LOOK_AGAIN_AFTER_MS = 6 * 60 * 60 * 1_000;

type Concern = 'identity' | 'account';

/** What is waited for in a state. */
const CONCERN_OF: Readonly<Partial<Record<OnboardingState, Concern>>> = {
  identity_check: 'identity',
  payout_account: 'account',
};

/** Looks at what a provider said has moved. What no longer matters is not looked at. */
async function look(
  input: OnboardingInput,
  standing: OnboardingStanding,
  concern: Concern,
): Promise<OnboardingStanding> {
  if (concern === 'account') {
    return standing.hasAccount ? moneyStep('refreshPayoutAccount', input, 'Look at the payout account') : standing;
  }
  return standing.state === 'identity_check'
    ? providerStep(TASK_QUEUES.onfido, 'refreshIdentityCheck', input, 'Look at the identity check')
    : standing;
}

/** How things stand, for staff: in the search attributes and in the details of the workflow. */
function announce(input: OnboardingInput, { state, identityOutcome, transfersActive }: OnboardingStanding): void {
  upsertSearchAttributes([{ key: ONBOARDING_STATE, value: state }]);
  tellStaff({
    link: { title: input.onboardingId, url: `${input.publicUrl}/v1/onboardings/${input.onboardingId}` },
    title: state,
    lines: [
      `What the seller is told: ${ONBOARDING_NEXT[state]}`,
      `Identity check ${identityOutcome ?? 'not begun'} · transfers ${transfersActive ? 'active' : 'not active'}`,
    ],
  });
}

/** Where the story went on when the history was started afresh. */
interface Resumed {
  readonly resume?: { readonly standing: OnboardingStanding; readonly seen: readonly string[] };
}
