/** What a purchase does next by itself, and when. */
import type { DisputeStanding } from '../activities/purchase-steps.ts';
import type { ChargebackWork } from '../contracts/chargeback.ts';
import type { Reminder } from '../services/transactions/reminder-rules.ts';
import { standsStill } from '../services/transactions/rules.ts';
import { workTimeOf } from './purchase-chargeback.ts';
import { financeIsAsked, isStopped, overlaysOf, type Story, timerIn, type Wish } from './purchase-steps.ts';

/** A step that the clock or a provider called for was refused. */
export interface Trouble {
  readonly reason: string;
  /** When it is tried again, milliseconds since 1970; undefined when somebody has to ask for it. */
  readonly tryAgainMs: number | undefined;
  /** The step that finance was asked about. */
  readonly asked?: string | undefined;
}

/** The next thing on the agenda, and when it comes, in milliseconds since 1970. */
export type AgendaItem =
  | { readonly kind: 'unfinished'; readonly atMs: number; readonly wish: Wish }
  | { readonly kind: 'decision'; readonly atMs: number }
  | { readonly kind: 'deadline'; readonly atMs: number }
  | { readonly kind: 'transfer'; readonly atMs: number }
  | { readonly kind: 'topUp'; readonly atMs: number }
  | { readonly kind: 'chargeback'; readonly atMs: number; readonly work: ChargebackWork }
  | { readonly kind: 'reminder'; readonly atMs: number; readonly reminder: Reminder };

/** What the agenda has to remember. */
export interface Done {
  /** Reminders that were given. */
  readonly reminded: readonly string[];
  /** When a blocked transfer was last tried, milliseconds since 1970. */
  readonly transferTriedMs: number | undefined;
}

/** One thing at a time: what comes first. Undefined when nothing happens by itself. */
export function nextItem(story: Story, trouble: Trouble | undefined, done: Done): AgendaItem | undefined {
  const work = nextWork(story, trouble);
  const item = nextOfItsOwn(story, trouble, done);
  return work !== undefined && (item === undefined || work.atMs < item.atMs) ? work : item;
}

/** What a chargeback asks for. Nobody is taken anything from while staff have paused the money. */
function nextWork({ standing }: Story, trouble: Trouble | undefined): AgendaItem | undefined {
  const { chargebackWork: work, pause } = standing;
  if (work === undefined || (work.what === 'settle' && pause !== undefined)) return undefined;
  return { kind: 'chargeback', work, atMs: Math.max(workTimeOf(work), trouble?.tryAgainMs ?? 0) };
}

function nextOfItsOwn(story: Story, trouble: Trouble | undefined, done: Done): AgendaItem | undefined {
  const { unfinished, pause, dispute } = story.standing;
  if (unfinished !== undefined) {
    const { event, actor, atMs, command } = unfinished;
    const wish = { event, actor, atMs, party: undefined, ...(command !== undefined && { command }) };
    // It has moved money and is about to move more: it waits until that is let go, but not unseen for ever.
    if (pause !== undefined || isStopped(story, wish)) return timeToAskFinance(story, trouble);
    return { kind: 'unfinished', wish, atMs: trouble?.tryAgainMs ?? atMs };
  }
  // What the dispute decided is carried out as soon as the money is let go, by staff and by the bank.
  if (dispute?.decided === true && !waitsForMoney(story.standing, dispute)) {
    return { kind: 'decision', atMs: trouble?.tryAgainMs ?? Date.now() };
  }
  const transfer = nextTransfer(story, done) ?? nextTopUp(story, trouble);
  if (transfer !== undefined) return transfer;
  const deadlineMs = deadlineOf(story, trouble);
  const reminder = nextReminder(story, done);
  if (reminder !== undefined && (deadlineMs === undefined || reminder.atMs < deadlineMs)) return reminder;
  return deadlineMs === undefined ? undefined : { kind: 'deadline', atMs: deadlineMs };
}

/** What gives the buyer everything ends an inquiry, and does not wait for it. */
const waitsForMoney = ({ pause, chargeback }: Story['standing'], { givesAll }: DisputeStanding): boolean =>
  standsStill({ paused: pause !== undefined, chargeback: givesAll && chargeback === 'inquiry' ? 'none' : chargeback });

/** In a dispute, what was not sent yet is not sent either. */
export const isBlocked = ({ transfer, state }: Story['standing']): boolean =>
  transfer === 'blocked' && state !== 'disputed';

/** Until when the purchase waits for somebody; a transfer that is blocked keeps it open without end. */
export function deadlineOf(story: Story, trouble: Trouble | undefined): number | undefined {
  const { standing } = story;
  const { deadlineMs } = standing;
  if (deadlineMs === null || isBlocked(standing)) return undefined;
  // Without a timer to follow, a deadline would pass again and again.
  if (timerIn(story) === undefined) return undefined;
  return Math.max(deadlineMs, trouble?.tryAgainMs ?? 0);
}

/** Of a step that a standstill has cut in two nothing comes by itself but the limit up to which money may be held. */
function timeToAskFinance(story: Story, trouble: Trouble | undefined): AgendaItem | undefined {
  const found = timerIn(story);
  const asks = found !== undefined && financeIsAsked(story, found);
  const atMs = asks ? deadlineOf(story, trouble) : undefined;
  return atMs === undefined ? undefined : { kind: 'deadline', atMs };
}

function nextTransfer({ standing, deal }: Story, { transferTriedMs }: Done): AgendaItem | undefined {
  if (!isBlocked(standing) || standsStill(overlaysOf(standing))) return undefined;
  if (deal.transferRetryMs === undefined) return undefined;
  return { kind: 'transfer', atMs: (transferTriedMs ?? Date.now()) + deal.transferRetryMs };
}

/** What is left to be sent of a discounted purchase follows on its release. */
function nextTopUp({ standing }: Story, trouble: Trouble | undefined): AgendaItem | undefined {
  if (standing.topUpDue !== true || standsStill(overlaysOf(standing))) return undefined;
  return { kind: 'topUp', atMs: trouble?.tryAgainMs ?? Date.now() };
}

/** After a long silence of ours only the last one that is due still makes sense, and none whose occasion has passed. */
export function nextReminder({ standing }: Story, { reminded }: Done): (AgendaItem & { kind: 'reminder' }) | undefined {
  const nowMs = Date.now();
  const ahead = (standing.reminders ?? []).filter((one) => one.dueMs > nowMs && !reminded.includes(reminderKey(one)));
  const reminder = ahead.filter(({ atMs }) => atMs <= nowMs).at(-1) ?? ahead[0];
  return reminder && { kind: 'reminder', atMs: reminder.atMs, reminder };
}

export const reminderKey = ({ name, dueMs }: Reminder): string => `${name}/${dueMs}`;

/** The reminders of this standing up to the given one: those that have had their time. */
export function remindedUpTo({ standing }: Story, { atMs }: Reminder): string[] {
  return (standing.reminders ?? []).filter((one) => one.atMs <= atMs).map(reminderKey);
}
