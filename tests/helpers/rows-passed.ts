/** Along which rows of the tables a recorded history goes: its code is replayed, and its steps say so themselves. */
import { fileURLToPath } from 'node:url';
import { type InjectedSinks, Worker, type WorkflowBundle } from '@temporalio/worker';
import type { WorkflowInfo } from '@temporalio/workflow';
import type { OnboardingStanding } from '../../activities/onboarding.ts';
import type { PurchaseStanding, PurchaseStep } from '../../activities/purchase.ts';
import type { OnboardingInput } from '../../contracts/onboarding.ts';
import type { PurchaseInput, PurchaseState } from '../../contracts/purchase.ts';
import { createLogger } from '../../platform/logging.ts';
import { replayBundle } from '../../platform/temporal/bundle.ts';
import { createWorkerConverter } from '../../platform/temporal/data-converter.ts';
import type { RecordedHistory } from '../../platform/temporal/replay.ts';
import { type Party, TRANSITIONS, type Transition } from '../../services/transactions/transition-rules.ts';
import { ONBOARDING_TRANSITIONS, type OnboardingTransition } from '../../services/users/onboarding-rules.ts';
import { TEST_PAYLOAD_KEYS } from './payload-key.ts';
import type { StepSinks } from './step-recorder.ts';

/** `purchase: held/cancel/buyer/nothing_for_seller`. */
export const purchaseRow = ({ from, on, by, when }: Transition): string =>
  `purchase: ${[from, on, by, ...(when ? [when] : [])].join('/')}`;

/** `onboarding: identity_check/identity_error/in_review`. */
export const onboardingRow = ({ from, on, to }: OnboardingTransition): string => `onboarding: ${from}/${on}/${to}`;

/** Every row that is carried out. */
export const wiredRows = (): string[] => [
  ...TRANSITIONS.filter(({ wired }) => wired === true).map(purchaseRow),
  ...ONBOARDING_TRANSITIONS.map(onboardingRow),
];

/** What replays histories so that their steps are told. */
export const tellingBundle = (): Promise<WorkflowBundle> =>
  replayBundle(
    createLogger({ role: 'test', level: 'error' }),
    fileURLToPath(new URL('step-recorder.ts', import.meta.url)),
  );

/**
 * Replays histories in one worker, since making one takes longer than all that it replays.
 * @returns the rows that each goes along, by run: a history that was started afresh has several @throws Error when one does not replay
 */
export async function rowsPassed(
  bundle: WorkflowBundle,
  histories: Iterable<RecordedHistory>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const stories = new Map<string, Story>();
  const storyOf = ({ runId, workflowId }: Pick<WorkflowInfo, 'runId' | 'workflowId'>): Story => {
    const story = stories.get(runId) ?? { workflowId, input: undefined, steps: [] };
    stories.set(runId, story);
    return story;
  };
  const sinks: InjectedSinks<StepSinks> = {
    stepRecorder: {
      begun: { fn: (info, input) => void (storyOf(info).input = input), callDuringReplay: true },
      taken: {
        fn: (info, activity, input, result) => void storyOf(info).steps.push({ activity, input, result }),
        callDuringReplay: true,
      },
    },
  };
  const { failureConverterPath: _, ...dataConverter } = createWorkerConverter(TEST_PAYLOAD_KEYS);
  const options = { workflowBundle: bundle, dataConverter, sinks, replayName: 'rows' };
  for await (const { error } of Worker.runReplayHistories(options, histories)) if (error !== undefined) throw error;
  return new Map([...stories].map(([runId, story]) => [runId, rowsOf(story)]));
}

function rowsOf({ workflowId, input, steps }: Story): string[] {
  const [flow] = workflowId.split('/');
  if (flow === 'purchase') return purchaseStoryRows(input as PurchaseInput, steps);
  return flow === 'onboarding' ? onboardingRowsOf(input as OnboardingInput & Resumed, steps) : [];
}

/** What a workflow was begun with, and what it did. */
interface Story {
  readonly workflowId: string;
  input: unknown;
  readonly steps: Step[];
}

interface Step {
  readonly activity: string;
  readonly input: unknown;
  readonly result: unknown;
}

function purchaseStoryRows(input: PurchaseInput, steps: readonly Step[]): string[] {
  let before: PurchaseState | undefined;
  return steps.flatMap((step) => {
    const rows = CHARGEBACK_STEPS.has(step.activity) ? bankRowsOf(before, step) : purchaseRowsOf(input, step);
    before = stateAfter(step) ?? before;
    return rows;
  });
}

const CHARGEBACK_STEPS: ReadonlySet<string> = new Set(['noteChargeback', 'settleChargeback', 'acceptChargeback']);

const stateAfter = ({ result }: Step): PurchaseState | undefined => {
  const { standing, state } = (result ?? {}) as { standing?: PurchaseStanding } & Partial<PurchaseStanding>;
  return standing?.state ?? state;
};

/** What a bank did is no event that the flow names: the step looks for itself, and follows the row when all is taken. */
const bankRowsOf = (before: PurchaseState | undefined, step: Step): string[] =>
  TRANSITIONS.filter(
    (row) => row.wired === true && row.on === 'charged_back' && row.from === before && row.to === stateAfter(step),
  ).map(purchaseRow);

/** A step goes along a row when it was taken for the row's event and left the purchase where the row leads. */
function purchaseRowsOf({ buyerId }: PurchaseInput, { input, result }: Step): string[] {
  const { from, event, actor } = input as Partial<PurchaseStep>;
  const { state } = result as Partial<PurchaseStanding>;
  if (actor === undefined) return [];
  const by: Party =
    actor.type === 'user'
      ? actor.id === buyerId
        ? 'buyer'
        : 'seller'
      : actor.type === 'provider'
        ? 'provider'
        : actor.type === 'staff'
          ? 'finance'
          : actor.id === 'dispute'
            ? 'dispute'
            : 'clock';
  return TRANSITIONS.filter(
    (row) => row.wired === true && row.from === from && row.on === event && row.by === by && row.to === state,
  ).map(purchaseRow);
}

interface Resumed {
  readonly resume?: { readonly standing: OnboardingStanding };
}

/**
 * The events of an onboarding show in what its steps found: by step, and by what the provider says then. A check that
 * ended in an error is forgotten when another one begins.
 */
function onboardingRowsOf({ resume }: OnboardingInput & Resumed, steps: readonly Step[]): string[] {
  let state = resume?.standing.state ?? 'started';
  let outcome = resume?.standing.identityOutcome ?? null;
  return steps.flatMap(({ activity, result }) => {
    const found = result as OnboardingStanding;
    const said = found.identityOutcome === outcome ? undefined : (found.identityOutcome ?? 'error');
    const rows = ONBOARDING_TRANSITIONS.filter(
      ({ from, on, to }) => from === state && to === found.state && isEventOf(activity, on, said),
    );
    ({ state, identityOutcome: outcome } = found);
    return rows.map(onboardingRow);
  });
}

/** @param said what the provider says of the check, when it is something new: else staff have decided */
function isEventOf(activity: string, on: OnboardingTransition['on'], said: string | undefined): boolean {
  switch (activity) {
    case 'startIdentityCheck':
      return on === 'check_started';
    case 'tryOnboardingAgain':
      return on === 'try_again';
    case 'passOnboardingDeadline':
      return on === 'check_window_over';
    case 'refreshIdentityCheck':
      return said === undefined ? on.startsWith('review_') : on === `identity_${said}`;
    default:
      return on.startsWith('transfers_');
  }
}
