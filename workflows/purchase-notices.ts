/** What staff see of a purchase in the Temporal UI: its search attributes, its details, the names of its timers. */
import { patched, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { PurchaseInput } from '../contracts/purchase.ts';
import { DEADLINE_AT, PURCHASE_HOLDS, PURCHASE_STATE } from '../contracts/search-attributes.ts';
import type { Unfinished } from '../services/transactions/begun-rules.ts';
import { isLive } from '../services/transactions/chargeback-rules.ts';
import type { Reminder } from '../services/transactions/reminder-rules.ts';
import { allowedActions, isFinal, standsStill } from '../services/transactions/rules.ts';
import { CHARGEBACK_SUMMARIES, STATE_SUMMARIES } from '../services/transactions/summary-rules.ts';
import { outcomeOf, timerOf } from '../services/transactions/timer-rules.ts';
import type { AgendaItem, Ahead } from './purchase-agenda.ts';
import { workText } from './purchase-chargeback.ts';
import { nowOf, overlaysOf, type Story, timerIn } from './purchase-steps.ts';
import { moneyText, tellStaff, timeText } from './support/notices.ts';

export interface NoticeBoard {
  /** Tells how things stand. */
  tell(story: Story, ahead: Ahead): void;
  /** What stands beside the timer in the history. */
  timerText(story: Story | undefined, next: AgendaItem | undefined): string;
}

export function createNoticeBoard({ purchaseId, publicUrl }: PurchaseInput): NoticeBoard {
  let told = '';
  // What an earlier run of this workflow has told stands on.
  let toldHolds = (workflowInfo().typedSearchAttributes.get(PURCHASE_HOLDS) ?? []).join();
  return {
    tell: (story, ahead) => {
      const { state } = story.standing;
      const { deadlineMs } = ahead;
      const holds = holdsOf(story, ahead);
      const holdsChanged = holds.join() !== toldHolds && patched('holds-are-told');
      // Each of these is a command of its own in the history, so only what changed is said, all of it at once.
      const news = `${state} ${deadlineMs}`;
      if (news !== told || holdsChanged) {
        upsertSearchAttributes([
          { key: PURCHASE_STATE, value: state },
          { key: DEADLINE_AT, value: deadlineMs === undefined ? null : new Date(deadlineMs) },
          ...(holdsChanged ? [{ key: PURCHASE_HOLDS, value: holds.length === 0 ? null : holds }] : []),
        ]);
        told = news;
        if (holdsChanged) toldHolds = holds.join();
      }
      tellStaff({
        link: {
          title: `Open ${purchaseId} in the support console`,
          url: `${publicUrl}/console/purchases/${purchaseId}`,
        },
        title: titleOf(story),
        lines: linesOf(story, ahead),
      });
    },
    timerText: (story, next) => {
      if (story === undefined || next === undefined) return 'waits until somebody does something';
      return timerTextOf(story, next);
    },
  };
}

/** Why staff would look for it: what stops its money, and what has to be mended. */
function holdsOf({ standing: { pause, transfer, chargeback } }: Story, { troubles }: Ahead): string[] {
  return [
    ...(pause === undefined ? [] : ['staff_pause']),
    ...(isLive(chargeback ?? 'none') ? ['chargeback'] : []),
    ...(transfer === 'blocked' ? ['transfer_blocked'] : []),
    ...(troubles.length === 0 ? [] : ['needs_person']),
  ];
}

/** The state in its own word, which API and search know, and in a sentence. */
const titleOf = ({ deal: { price, currency }, standing: { state } }: Story): string =>
  `${state}: ${STATE_SUMMARIES[state]} Price: ${moneyText(price, currency)}.`;

/** What stops it, whose move it is, until when, and what happens then. The UI shows about six lines of it. */
function linesOf(story: Story, ahead: Ahead): string[] {
  const { deal, standing } = story;
  const { held, payment, transfer } = standing;
  return [
    ...stoppedBy(story, ahead),
    ...waitingFor(story),
    ...automatically(story, ahead),
    `Held: ${moneyText(held, deal.currency)}. At Stripe: payment ${words(payment)}, transfer to the seller ${transfer}.`,
  ];
}

function stoppedBy({ standing }: Story, { troubles }: Ahead): string[] {
  const { pause, transfer, chargeback, evidenceDueMs, limitReached } = standing;
  const lines: string[] = [];
  if (chargeback !== undefined) {
    const until = evidenceDueMs === undefined ? '' : ` It takes evidence until ${timeText(evidenceDueMs)}.`;
    lines.push(`**Chargeback, ${chargeback}:** ${CHARGEBACK_SUMMARIES[chargeback]}${until}`);
  }
  if (pause !== undefined) {
    const who = pause.verified ? '' : `, from this UI, by somebody who named ${pause.by}`;
    lines.push(
      `**Stopped: staff paused the money** at ${timeText(pause.sinceMs)}${who}. Nothing is captured, released or refunded until finance lets it go.`,
    );
  }
  if (limitReached === true) lines.push('**The money may be held no longer:** finance has a case about it.');
  if (transfer === 'blocked' && standing.topUpBlocked === true) {
    lines.push(
      "**Stopped: Stripe refused the second transfer,** of what the buyer's charge does not cover. Finance has a case about Wellpact's own balance.",
    );
  } else if (transfer === 'blocked') {
    lines.push(
      "**Stopped: Stripe refused the transfer.** The seller's account at Stripe has to be mended, by the seller.",
    );
  }
  for (const trouble of troubles) {
    const again = trouble.tryAgainMs === undefined ? '' : ` It is tried again at ${timeText(trouble.tryAgainMs)}.`;
    const asked = trouble.asked === undefined ? '' : ' Finance has a case about it.';
    lines.push(`**Needs a person:** ${trouble.reason}${asked}${again}`);
  }
  return lines;
}

function waitingFor({ standing, deal: { kind } }: Story): string[] {
  const { state, payment, unfinished, proposal } = standing;
  if (isFinal(state)) return ['It has ended: nothing more happens here.'];
  if (unfinished !== undefined) return [`${begunText(unfinished)} was begun and is being gone through with.`];
  const owner = timerOf(state, kind)?.timer.owner;
  const circumstances = nowOf(standing);
  const can = (['buyer', 'seller'] as const).flatMap((party) => {
    const actions = allowedActions(state, kind, party, circumstances).map(words);
    return actions.length === 0 ? [] : [`the ${party} can ${actions.join(', ')}`];
  });
  const unpaid = state === 'payment_pending' ? `, who has to pay (${words(payment)})` : '';
  const whose = owner === undefined || standsStill(overlaysOf(standing)) ? [] : [`**Waits for the ${owner}**${unpaid}`];
  const line = [...whose, ...can].join('; ');
  return [
    ...(proposal === undefined
      ? []
      : [`The ${proposal.by} proposes to move the booking to ${timeText(proposal.startsAtMs)}.`]),
    ...(line === '' ? [] : [`${line}.`]),
  ];
}

/** What happens by itself. */
function automatically(story: Story, { deadlineMs, reminder }: Ahead): string[] {
  const { standing } = story;
  const { state, transfer } = standing;
  const timer = timerIn(story);
  const lines: string[] = [];
  if (timer !== undefined && deadlineMs !== undefined) {
    const { becomes, says } = outcomeOf(timer, overlaysOf(standing));
    const then = becomes === state ? '' : ` (${becomes})`;
    lines.push(`**Until ${timeText(deadlineMs)}.** If nobody has done anything by then, ${says}${then}.`);
  } else if (transfer === 'blocked' && !standsStill(overlaysOf(standing))) {
    lines.push('The transfer is tried again by itself: as soon as the account is mended, and from time to time.');
  } else if (!isFinal(state)) lines.push('Nothing happens by itself.');
  if (reminder !== undefined)
    lines.push(`Next reminder, to the parties: ${words(reminder.name)}, at ${timeText(reminder.atMs)}.`);
  return lines;
}

const words = (name: string): string => name.replaceAll('_', ' ');

const begunText = ({ event, sends }: Unfinished): string =>
  sends === undefined ? `"${words(event)}"` : 'what is sent to the seller';

const reminderText = ({ name, dueMs }: Reminder): string =>
  `the parties are reminded: ${words(name)}, of ${timeText(dueMs)}`;

function timerTextOf(story: Story, next: AgendaItem): string {
  if (next.kind === 'unfinished') return `goes through with ${begunText(next.begun)}`;
  if (next.kind === 'chargeback') return workText(next.work);
  if (next.kind === 'transfer') return 'tries the refused transfer again';
  if (next.kind === 'topUp') return "sends what the buyer's charge does not cover";
  if (next.kind === 'reminder') return reminderText(next.reminder);
  const timer = timerIn(story);
  if (timer === undefined) return 'waits until somebody does something';
  return `${words(timer.row.on)}: then ${outcomeOf(timer, overlaysOf(story.standing)).says}`;
}
