/**
 * The desk of a flow: wishes of people and hints of providers are laid on it as they come, and the flow takes them up one
 * at a time. Handlers only put down; the flow alone decides and acts.
 */
import { ApplicationFailure, allHandlersFinished, condition, currentUpdateInfo, patched } from '@temporalio/workflow';
import { TAKEN_ALREADY } from '../../contracts/updates.ts';
import { type Cause, cause } from './tracing.ts';

/** A wish waits for its outcome; a hint does not. Each knows which trace it belongs to. */
export type Item<Wish, Outcome, Hint> =
  | { readonly kind: 'wish'; readonly wish: Wish; readonly settle: Settle<Outcome>; readonly cause: Cause }
  | { readonly kind: 'hint'; readonly hint: Hint; readonly subject: string; readonly cause: Cause };

export interface Settle<Outcome> {
  readonly done: (outcome: Outcome) => void;
  readonly failed: (error: unknown) => void;
}

export interface Desk<Wish, Outcome, Hint> {
  /** Lays a wish down. @returns its outcome, once the flow has followed it; rejects when it could not */
  ask(wish: Wish): Promise<Outcome>;
  /**
   * Refuses, in the validator of an update, one that was laid down before. A server that lost what became of it, as when a
   * task is prolonged or fails, has it sent again under the same id: who sent it is not told that somebody else is busy.
   * @throws ApplicationFailure TAKEN_ALREADY
   */
  refuseRepeat(): void;
  /**
   * Lays a hint down, unless its event came before.
   * @param subject what is to be looked at: on a full desk one hint about it stands for all, since each makes the flow look
   */
  tell(eventId: string, subject: string, hint: Hint): void;
  /** Whether a wish is waiting or being followed. */
  readonly busy: boolean;
  /** Whether nothing lies on the desk. */
  readonly empty: boolean;
  /** Waits for something to come. @returns false when `timeoutMs` passed first; without it, it waits for ever */
  wait(timeoutMs: number | undefined, summary: string): Promise<boolean>;
  /**
   * Takes up what came first, a wish before hints: what a step for it did at a provider may come back as a hint while the
   * step itself, with its worker, is lost. Taken up first, that would look like somebody else's doing.
   * @returns undefined when the desk is empty
   */
  take(): Item<Wish, Outcome, Hint> | undefined;
  /** Which events came, to be carried on when the history is started afresh. */
  readonly seen: readonly string[];
}

/** With so much on it a desk is full, as when a step waits for a provider for hours and hints go on coming. */
const FULL = 100;
/** Of so many different things at once no purchase can have had any: a sender has gone mad. */
const MAX_ITEMS = 1_000;
/** How many events, and how many updates, are remembered, to count each once. */
const MAX_SEEN = 200;

export function openDesk<Wish, Outcome, Hint>(seenBefore: readonly string[] = []): Desk<Wish, Outcome, Hint> {
  const items: Item<Wish, Outcome, Hint>[] = [];
  const seen = new Set(seenBefore);
  const asked = new Set<string>();
  let following = 0;
  const isOnDesk = (subject: string): boolean => items.some((item) => item.kind === 'hint' && item.subject === subject);

  return {
    ask: (wish) => {
      following++;
      remember(asked, currentUpdateInfo()?.id);
      return new Promise<Outcome>((done, failed) => {
        items.push({ kind: 'wish', wish, settle: { done, failed }, cause: cause() });
      }).finally(() => {
        following--;
      });
    },
    refuseRepeat: () => {
      if (!asked.has(currentUpdateInfo()?.id ?? '')) return;
      throw ApplicationFailure.nonRetryable('This very request was taken up before.', TAKEN_ALREADY);
    },
    tell: (eventId, subject, hint) => {
      if (typeof eventId !== 'string' || seen.has(eventId)) return;
      // Before, what came to a full desk was dropped, whatever it was about.
      if (items.length >= FULL && (!patched('full-desk-by-subject') || isOnDesk(subject))) return;
      if (items.length >= MAX_ITEMS) return;
      remember(seen, eventId);
      items.push({ kind: 'hint', hint, subject, cause: cause() });
    },
    get busy() {
      return following > 0;
    },
    get empty() {
      return items.length === 0;
    },
    wait: async (timeoutMs, summary) => {
      const cameIn = (): boolean => items.length > 0;
      if (cameIn()) return true;
      if (timeoutMs === undefined) {
        await condition(cameIn);
        return true;
      }
      return timeoutMs > 0 && condition(cameIn, timeoutMs, { summary });
    },
    take: () => {
      const wish = items.findIndex(({ kind }) => kind === 'wish');
      return wish > 0 ? items.splice(wish, 1)[0] : items.shift();
    },
    get seen() {
      return [...seen];
    },
  };
}

function remember(known: Set<string>, id: string | undefined): void {
  if (id === undefined) return;
  known.add(id);
  for (const oldest of known) {
    if (known.size <= MAX_SEEN) break;
    known.delete(oldest);
  }
}

/**
 * Lets those who were just answered have their answers, before a history is started afresh: a handler has its outcome a
 * moment before it is finished. @returns false when something came in instead
 */
export async function answersGiven(desk: Pick<Desk<unknown, unknown, unknown>, 'empty'>): Promise<boolean> {
  // Before, it was not waited for: a flow that was only ever woken by wishes never started afresh.
  if (patched('answers-before-afresh')) await condition(() => allHandlersFinished() || !desk.empty);
  return desk.empty && allHandlersFinished();
}
