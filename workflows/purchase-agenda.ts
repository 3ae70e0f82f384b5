/** What a purchase does next by itself, and when; and what became of that. */
import type { DisputeStanding } from '../activities/purchase-steps.ts';
import type { ChargebackWork } from '../contracts/chargeback.ts';
import type { Unfinished } from '../services/transactions/begun-rules.ts';
import type { Reminder } from '../services/transactions/reminder-rules.ts';
import { standsStill } from '../services/transactions/rules.ts';
import { worksOf, workTimeOf } from './purchase-chargeback.ts';
import { financeIsAsked, isStopped, overlaysOf, type Story, timerIn, wishOfBegun } from './purchase-steps.ts';
import { OF_ALL, openTroubles, type Trouble, type TroubleMemory, type Troubles } from './purchase-troubles.ts';

/** The next thing on the agenda, and when it comes, in milliseconds since 1970. */
export type AgendaItem =
  | { readonly kind: 'unfinished'; readonly atMs: number; readonly begun: Unfinished }
  | { readonly kind: 'decision'; readonly atMs: number }
  | { readonly kind: 'deadline'; readonly atMs: number }
  | { readonly kind: 'transfer'; readonly atMs: number }
  | { readonly kind: 'topUp'; readonly atMs: number }
  | { readonly kind: 'chargeback'; readonly atMs: number; readonly work: ChargebackWork }
  | { readonly kind: 'reminder'; readonly atMs: number; readonly reminder: Reminder };

/** What is carried on when the history is started afresh. */
export interface AgendaMemory {
  /** Reminders that were given. */
  readonly reminded?: readonly string[];
  /** When a blocked transfer was last tried, milliseconds since 1970. */
  readonly transferTriedMs?: number | undefined;
  readonly troubles?: TroubleMemory;
  /** The only one, as histories of before have it. */
  readonly trouble?: Trouble | undefined;
}

/** What comes, for those who read how the purchase stands. */
export interface Ahead {
  /** When the purchase will move on by itself, milliseconds since 1970. */
  readonly deadlineMs: number | undefined;
  readonly troubles: readonly Trouble[];
  readonly reminder: Reminder | undefined;
}

export interface Agenda {
  /** One thing at a time: what comes first. Undefined when nothing happens by itself. */
  next(story: Story): AgendaItem | undefined;
  ahead(story: Story): Ahead;
  /** An item is attended to: what has its time once does not come again. */
  begin(story: Story, item: AgendaItem): void;
  /** It has gone through. @param step what it is called where finance is asked about it */
  goneThrough(item: AgendaItem, step: string | undefined): void;
  /**
   * It was refused, and this is how the purchase stands by now. What belongs to no item is what somebody else wanted. What
   * was begun by it is what is tried again.
   */
  refused(item: AgendaItem | undefined, trouble: Trouble, story: Story): void;
  /** An item was attended to. One that has changed nothing is not attended to again at once: that would never end. */
  attended(item: AgendaItem, before: Story['standing'], story: Story): void;
  /** Nothing stops the money any more: all that waited for that is due. */
  letGo(): void;
  /** It stands elsewhere: what went wrong before matters no more. */
  movedOn(): void;
  readonly memory: AgendaMemory;
}

/** What was refused, or came to nothing, is tried again after this long. */
export const TRY_AGAIN_AFTER_MS = 60 * 60 * 1_000;

/** @param isNew whether a change of the code holds for this history: `patched`, in a workflow */
export function openAgenda(before: AgendaMemory | undefined, isNew: (change: string) => boolean): Agenda {
  let reminded: readonly string[] = before?.reminded ?? [];
  let transferTriedMs = before?.transferTriedMs;
  let wasBegun = false;
  const one = before?.trouble === undefined ? {} : { [OF_ALL]: before.trouble };
  const troubles = openTroubles({ ...one, ...before?.troubles }, () => isNew('trouble-by-step'));

  const next = (story: Story): AgendaItem | undefined => {
    // From now on the time runs until it is tried again.
    if (isBlocked(story.standing)) transferTriedMs ??= Date.now();
    const known = { reminded, transferTriedMs, notBefore: troubles.notBefore, isNew };
    const [work, own] = [nextWork(story, known), nextOfItsOwn(story, known)];
    if (work === undefined || own === undefined) return work ?? own;
    if (sends(own) && isOwing(story) && (work.atMs < own.atMs || isNew('settled-before-it-is-sent'))) return work;
    // Its evidence is taken until a day that nobody moves.
    if (work.atMs === own.atMs) return isNew('chargeback-work-goes-first') ? work : own;
    return work.atMs < own.atMs ? work : own;
  };
  return {
    next,
    ahead: (story) => ({
      deadlineMs: deadlineOf(story, troubles),
      troubles: troubles.all.filter(([of]) => isOnAgenda(story, of)).map(([, trouble]) => trouble),
      reminder: nextReminder(story, reminded)?.reminder,
    }),
    begin: (story, item) => {
      wasBegun = story.standing.unfinished !== undefined;
      if (item.kind === 'transfer') transferTriedMs = Date.now();
      if (item.kind === 'reminder') reminded = remindedUpTo(story, item.reminder);
    },
    goneThrough: (item, step) => troubles.over(nameOf(item), step),
    refused: (item, trouble, story) => {
      const isBegun = item !== undefined && begins(item) && !wasBegun && story.standing.unfinished !== undefined;
      if (isBegun) troubles.over(nameOf(item), undefined);
      troubles.had(isBegun ? 'unfinished' : nameOf(item), trouble);
    },
    attended: (item, standing, story) => {
      const again = next(story);
      if (again === undefined || nameOf(again) !== nameOf(item) || again.atMs > Date.now()) return;
      if (JSON.stringify(standing) !== JSON.stringify(story.standing) || !isNew('nothing-is-done-without-end')) return;
      const reason = `What was due (${nameOf(item)}) was done, and nothing has changed by it.`;
      troubles.had(nameOf(item), { reason, tryAgainMs: Date.now() + TRY_AGAIN_AFTER_MS });
    },
    letGo: () => {
      troubles.clear();
      transferTriedMs = 0;
    },
    movedOn: () => troubles.clear(),
    get memory() {
      return { reminded, transferTriedMs, troubles: troubles.memory };
    },
  };
}

/** What is sent to the seller. As long as something has to be taken back from them, it is not. */
const sends = ({ kind }: AgendaItem): boolean => kind === 'transfer' || kind === 'topUp';
const isOwing = ({ standing }: Story): boolean => worksOf(standing).some(({ what }) => what === 'settle');

/** What may move money in more than one step: cut in two, the rest of it is on the agenda as what is unfinished. */
const begins = ({ kind }: AgendaItem): boolean => kind === 'decision' || kind === 'deadline';

/** The name under which an item has its trouble. */
function nameOf(item: AgendaItem | undefined): string {
  if (item === undefined) return 'asked';
  return item.kind === 'chargeback' ? workName(item.work) : item.kind;
}

const workName = ({ what, chargebackId }: ChargebackWork): string => `${what}/${chargebackId}`;

/** Whether what had trouble is still to be done: somebody else may have done it. */
function isOnAgenda({ standing }: Story, of: string): boolean {
  if (of === 'unfinished') return standing.unfinished !== undefined;
  if (!of.includes('/')) return true;
  return worksOf(standing).some((work) => workName(work) === of);
}

/** What the next item depends on, beside how the purchase stands. */
interface Known extends Pick<Troubles, 'notBefore'> {
  readonly isNew: (change: string) => boolean;
  readonly reminded: readonly string[];
  readonly transferTriedMs: number | undefined;
}

/** What a chargeback asks for first. Nobody is taken anything from while staff have paused the money. */
function nextWork({ standing }: Story, { notBefore }: Known): (AgendaItem & { kind: 'chargeback' }) | undefined {
  const items = worksOf(standing)
    .filter(({ what }) => what !== 'settle' || standing.pause === undefined)
    .map((work) => ({
      kind: 'chargeback' as const,
      work,
      atMs: Math.max(workTimeOf(work), notBefore(workName(work)) ?? 0),
    }));
  return items.toSorted((one, other) => one.atMs - other.atMs)[0];
}

function nextOfItsOwn(story: Story, known: Known): AgendaItem | undefined {
  const { unfinished, pause, dispute } = story.standing;
  const { notBefore } = known;
  if (unfinished !== undefined) {
    // It has moved money and is about to move more: it waits until that is let go, but not unseen for ever.
    if (pause !== undefined || isBegunStopped(story, unfinished) || isHalfDecided(story.standing, known))
      return timeToAskFinance(story, known);
    return { kind: 'unfinished', begun: unfinished, atMs: notBefore('unfinished') ?? unfinished.atMs };
  }
  // What the dispute decided is carried out as soon as the money is let go, by staff and by the bank.
  if (dispute?.decided === true && !waitsForMoney(story.standing, dispute)) {
    return { kind: 'decision', atMs: notBefore('decision') ?? Date.now() };
  }
  const transfer = nextTransfer(story, known) ?? nextTopUp(story, known);
  if (transfer !== undefined) return transfer;
  const deadlineMs = deadlineOf(story, known);
  const reminder = nextReminder(story, known.reminded);
  if (reminder !== undefined && (deadlineMs === undefined || reminder.atMs < deadlineMs)) return reminder;
  return deadlineMs === undefined ? undefined : { kind: 'deadline', atMs: deadlineMs };
}

/** Whether what was begun cannot be gone through with at the moment. */
export const isBegunStopped = (story: Story, begun: Unfinished): boolean =>
  begun.sends === undefined ? isStopped(story, wishOfBegun(begun)) : standsStill(overlaysOf(story.standing));

/** The table lets a decision through in an inquiry, since it may give all; begun, one that leaves something waits like any other. */
const isHalfDecided = ({ unfinished, dispute, ...standing }: Story['standing'], { isNew }: Known): boolean =>
  unfinished?.event === 'dispute_decided' &&
  dispute !== undefined &&
  waitsForMoney(standing, dispute) &&
  isNew('begun-decision-waits-for-the-bank');

/** What gives the buyer everything ends an inquiry, and does not wait for it. */
const waitsForMoney = (
  { pause, chargeback }: Pick<Story['standing'], 'pause' | 'chargeback'>,
  { givesAll }: DisputeStanding,
): boolean =>
  standsStill({ paused: pause !== undefined, chargeback: givesAll && chargeback === 'inquiry' ? 'none' : chargeback });

/** In a dispute, what was not sent yet is not sent either. */
const isBlocked = ({ transfer, state }: Story['standing']): boolean => transfer === 'blocked' && state !== 'disputed';

/** Until when the purchase waits for somebody; a transfer that is blocked keeps it open without end. */
function deadlineOf(story: Story, { notBefore }: Pick<Troubles, 'notBefore'>): number | undefined {
  const { standing } = story;
  const { deadlineMs } = standing;
  if (deadlineMs === null || isBlocked(standing)) return undefined;
  // Without a timer to follow, a deadline would pass again and again.
  if (timerIn(story) === undefined) return undefined;
  return Math.max(deadlineMs, notBefore('deadline') ?? 0);
}

/** Of a step that a standstill has cut in two nothing comes by itself but the limit up to which money may be held. */
function timeToAskFinance(story: Story, known: Known): AgendaItem | undefined {
  const found = timerIn(story);
  const asks = found !== undefined && financeIsAsked(story, found, known.isNew);
  const atMs = asks ? deadlineOf(story, known) : undefined;
  return atMs === undefined ? undefined : { kind: 'deadline', atMs };
}

function nextTransfer({ standing, deal }: Story, { transferTriedMs }: Known): AgendaItem | undefined {
  if (!isBlocked(standing) || standsStill(overlaysOf(standing))) return undefined;
  if (deal.transferRetryMs === undefined) return undefined;
  return { kind: 'transfer', atMs: (transferTriedMs ?? Date.now()) + deal.transferRetryMs };
}

/** What is left to be sent of a discounted purchase follows on its release. */
function nextTopUp({ standing }: Story, { notBefore }: Known): AgendaItem | undefined {
  if (standing.topUpDue !== true || standsStill(overlaysOf(standing))) return undefined;
  return { kind: 'topUp', atMs: notBefore('topUp') ?? Date.now() };
}

/** After a long silence of ours only the last one that is due still makes sense, and none whose occasion has passed. */
function nextReminder(
  { standing }: Story,
  reminded: readonly string[],
): (AgendaItem & { kind: 'reminder' }) | undefined {
  const nowMs = Date.now();
  const ahead = (standing.reminders ?? []).filter((one) => one.dueMs > nowMs && !reminded.includes(reminderKey(one)));
  const reminder = ahead.filter(({ atMs }) => atMs <= nowMs).at(-1) ?? ahead[0];
  return reminder && { kind: 'reminder', atMs: reminder.atMs, reminder };
}

const reminderKey = ({ name, dueMs }: Reminder): string => `${name}/${dueMs}`;

/** The reminders of this standing up to the given one: those that have had their time. */
function remindedUpTo({ standing }: Story, { atMs }: Reminder): string[] {
  return (standing.reminders ?? []).filter((one) => one.atMs <= atMs).map(reminderKey);
}
