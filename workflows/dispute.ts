/**
 * The story of a dispute: it is opened, the other side answers, both look for an agreement, a mediator rules, the ruling can
 * be appealed. It takes up one thing at a time, looks that up in the table of services/disputes/rules.ts and notes what comes
 * of it. It moves no money: once it is decided it tells its purchase, and is over when that has carried it out.
 */
import {
  type ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  currentUpdateInfo,
  getExternalWorkflowHandle,
  log,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { DisputeStands } from '../activities/dispute.ts';
import {
  acceptClaimUpdate,
  acceptOfferUpdate,
  appealRulingUpdate,
  approveRulingUpdate,
  contestClaimUpdate,
  type DisputeCommand,
  type DisputeInput,
  type DisputeResult,
  type DisputeState,
  type DisputeWord,
  disputeDecidedSignal,
  disputeFrozenSignal,
  disputeOvertakenSignal,
  disputeResumedSignal,
  disputeSettledSignal,
  escalateDisputeUpdate,
  makeOfferUpdate,
  ruleDisputeUpdate,
  waiveAppealUpdate,
} from '../contracts/dispute.ts';
import { purchaseWorkflowId } from '../contracts/purchase.ts';
import { DISPUTE_TIMERS, type DisputeEvent } from '../services/disputes/rules.ts';
import { createDisputeBoard, timerText } from './dispute-notices.ts';
import {
  CLOCK,
  type DisputeWish,
  disputeWishOf,
  inProgress,
  notPossible,
  refuseWish,
  standingIn,
  stepOf,
} from './dispute-steps.ts';
import { answersGiven, type Item, openDesk } from './support/desk.ts';
import { answerOf, databaseStep } from './support/steps.ts';
import { because } from './support/tracing.ts';

export function dispute(input: DisputeInput & Resumed): Promise<DisputeResult> {
  // Anybody with the Temporal UI can ask for a cancellation: the purchase would wait for a decision that never comes.
  return CancellationScope.nonCancellable(() => tell(input));
}

async function tell(input: DisputeInput & Resumed): Promise<DisputeResult> {
  const { disputeId, purchaseId, n } = input;
  const desk = openDesk<DisputeWish, DisputeState, Word>(input.resume?.seen);
  const board = createDisputeBoard(input);
  let standing: DisputeStands | undefined = input.resume?.standing;
  let isTold = input.resume?.isTold ?? false;
  let trouble: string | undefined;
  listen();

  standing ??= await databaseStep('readDispute', { disputeId }, 'Read the dispute');
  while (standing.state !== 'closed') {
    board.tell(standing, trouble);
    if (workflowInfo().continueAsNewSuggested && desk.empty && (await answersGiven(desk))) {
      await continueAsNew<typeof dispute>({ ...input, resume: { standing, isTold, seen: desk.seen } });
    }
    const waitMs = waitOf(standing);
    const cameIn = waitMs !== undefined && waitMs <= 0 ? false : await desk.wait(waitMs, timerText(standing, trouble));
    if (cameIn) await takeUp(desk.take(), standing);
    else if (standing.decided) await tellPurchase();
    else await passDeadline(standing);
  }
  board.tell(standing, undefined);
  do {
    for (let item = desk.take(); item !== undefined; item = desk.take()) {
      if (item.kind === 'wish') item.settle.failed(notPossible(standing, item.wish.event));
    }
    await condition(() => allHandlersFinished() || !desk.empty);
  } while (!allHandlersFinished());
  return { state: standing.state };

  function listen(): void {
    for (const [update, event, by] of WISHES) {
      setHandler(update, async (command) => ({ state: await desk.ask(wishOf(event, by, command)) }), {
        validator: (command) => {
          desk.refuseRepeat();
          const wish = wishOf(event, by, command);
          if (standing === undefined || desk.busy) throw inProgress();
          refuseWish(standing, wish);
        },
      });
    }
    for (const [signal, word] of WORDS) {
      // Each word counts, in its turn: one that stops the time does not stand for one that comes after it went on.
      setHandler(signal, ({ eventId }: DisputeWord) => {
        const said = `${word}/${eventId}`;
        desk.tell(said, said, { word, eventId });
      });
    }
  }

  function wishOf(event: DisputeEvent, by: 'party' | 'mediator', command: DisputeCommand): DisputeWish {
    return disputeWishOf(input, standing?.claimedBy, { event, by, command, id: currentUpdateInfo()?.id ?? '' });
  }

  /** How long nothing happens by itself; undefined without end, 0 and less when it is due. */
  function waitOf({ decided, frozen, deadlineMs }: DisputeStands): number | undefined {
    if (decided) return isTold ? LOOK_AGAIN_AFTER_MS : trouble === undefined ? 0 : TRY_AGAIN_AFTER_MS;
    if (frozen || deadlineMs === null) return undefined;
    return trouble === undefined ? deadlineMs - Date.now() : Math.max(deadlineMs - Date.now(), TRY_AGAIN_AFTER_MS);
  }

  async function takeUp(item: Item<DisputeWish, DisputeState, Word> | undefined, now: DisputeStands): Promise<void> {
    if (item === undefined) return;
    await because(item.cause, async () => {
      if (item.kind === 'hint') return hear(item.hint);
      try {
        standing = await databaseStep('followDispute', stepOf(input, now, item.wish), words(item.wish.event));
        item.settle.done(standing.state);
      } catch (error) {
        const answer = answerOf(error);
        if (answer === undefined) throw error;
        standing = standingIn(answer) ?? standing;
        item.settle.failed(answer);
      }
    });
  }

  /** The purchase said something: a dispute that stands still, or goes on; or one that is over, which its row says. */
  async function hear({ word, eventId }: Word): Promise<void> {
    await unlessRefused(async () => {
      if (word === 'frozen' || word === 'resumed') {
        const step = { disputeId, frozen: word === 'frozen', atMs: Date.now(), key: `${word}/${eventId}` };
        return databaseStep('freezeDispute', step, word === 'frozen' ? 'Let it stand still' : 'Let it go on');
      }
      return databaseStep('readDispute', { disputeId }, 'Look whether it is closed');
    });
  }

  /** Nobody did anything in time. */
  async function passDeadline(now: DisputeStands): Promise<void> {
    const event = DISPUTE_TIMERS[now.state]?.event;
    if (event === undefined) return;
    const step = stepOf(input, now, { ...CLOCK, event, id: `${event}/${now.deadlineMs}` });
    await unlessRefused(() => databaseStep('followDispute', step, words(event)));
  }

  /** What is decided is the purchase's to carry out; told once, it looks from time to time whether that is done. */
  async function tellPurchase(): Promise<void> {
    if (isTold) return unlessRefused(() => databaseStep('readDispute', { disputeId }, 'Look whether it is closed'));
    try {
      await getExternalWorkflowHandle(purchaseWorkflowId(purchaseId)).signal(disputeDecidedSignal, { n });
      [isTold, trouble] = [true, undefined];
    } catch (error) {
      log.error('the purchase could not be told', { message: String(error) });
      trouble = 'The purchase does not take the decision: its workflow is not there.';
      await unlessRefused(() => databaseStep('readDispute', { disputeId }, 'Look whether it is closed'), trouble);
    }
  }

  /** A step that nobody asked for was refused: staff are told, and it is tried again. @param still what remains a trouble */
  async function unlessRefused(step: () => Promise<DisputeStands>, still?: string): Promise<void> {
    try {
      standing = await step();
      trouble = still;
    } catch (error) {
      const answer: ApplicationFailure | undefined = answerOf(error);
      if (answer === undefined) throw error;
      log.error('a step was refused', { type: answer.type, message: answer.message });
      trouble = answer.message;
    }
  }
}

/** What the purchase says. */
interface Word {
  readonly word: 'frozen' | 'resumed' | 'settled' | 'overtaken';
  readonly eventId: string;
}

const WORDS = [
  [disputeFrozenSignal, 'frozen'],
  [disputeResumedSignal, 'resumed'],
  [disputeSettledSignal, 'settled'],
  [disputeOvertakenSignal, 'overtaken'],
] as const;

/** Which update asks for what, and whose it is. */
const WISHES = [
  [acceptClaimUpdate, 'accept_claim', 'party'],
  [contestClaimUpdate, 'contest', 'party'],
  [makeOfferUpdate, 'make_offer', 'party'],
  [acceptOfferUpdate, 'accept_offer', 'party'],
  [escalateDisputeUpdate, 'escalate', 'party'],
  [ruleDisputeUpdate, 'rule', 'mediator'],
  [approveRulingUpdate, 'approve', 'mediator'],
  [appealRulingUpdate, 'appeal', 'party'],
  [waiveAppealUpdate, 'waive_appeal', 'party'],
] as const;

/** Where the story goes on when the history was started afresh. */
interface Resumed {
  readonly resume?: {
    readonly standing: DisputeStands;
    readonly isTold: boolean;
    readonly seen: readonly string[];
  };
}

const words = (event: string): string => `Note: ${event.replaceAll('_', ' ')}`;

const TRY_AGAIN_AFTER_MS = 60 * 60 * 1_000;
const LOOK_AGAIN_AFTER_MS = 24 * 60 * 60 * 1_000;
