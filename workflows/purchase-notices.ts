/** What staff see of a purchase in the Temporal UI: its search attributes, its details, the names of its timers. */
import { upsertSearchAttributes } from '@temporalio/workflow';
import type { PurchaseInput } from '../contracts/purchase.ts';
import { DEADLINE_AT, PURCHASE_STATE } from '../contracts/search-attributes.ts';
import { allowedActions, timerOf } from '../services/transactions/rules.ts';
import type { AgendaItem, Trouble } from './purchase-agenda.ts';
import { circumstancesOf, type Story } from './purchase-steps.ts';
import { moneyText, tellStaff, timeText } from './support/notices.ts';

export interface NoticeBoard {
  /** Tells how things stand. @param deadlineMs when the purchase will move on by itself */
  tell(story: Story, deadlineMs: number | undefined, trouble: Trouble | undefined): void;
  /** What stands beside the timer in the history. */
  timerText(story: Story | undefined, next: AgendaItem | undefined): string;
}

export function createNoticeBoard({ purchaseId, publicUrl }: PurchaseInput): NoticeBoard {
  let told = '';
  return {
    tell: ({ deal, standing }, deadlineMs, trouble) => {
      const { state, held, payment, transfer, deadlineEvent } = standing;
      // Each of these is a command of its own in the history, so only what changed is said.
      const news = `${state} ${deadlineMs}`;
      if (news !== told) {
        upsertSearchAttributes([
          { key: PURCHASE_STATE, value: state },
          { key: DEADLINE_AT, value: deadlineMs === undefined ? null : new Date(deadlineMs) },
        ]);
        told = news;
      }
      const next = timerOf(state, deal.kind, deadlineEvent);
      tellStaff({
        link: { title: purchaseId, url: `${publicUrl}/console/purchases/${purchaseId}` },
        title: `${state}: ${moneyText(deal.price, deal.currency)}`,
        lines: [
          ...(trouble === undefined ? [] : [`**Needs a person:** ${trouble.reason}`]),
          ...waitingFor({ deal, standing }),
          ...(next !== undefined && deadlineMs !== undefined
            ? [`If nobody does anything until **${timeText(deadlineMs)}**, ${next.row.says}.`]
            : []),
          `Held ${moneyText(held, deal.currency)} · payment ${payment} · transfer ${transfer}`,
        ],
      });
    },
    timerText: (story, next) => {
      if (story === undefined || next === undefined) return 'waiting';
      return timerTextOf(story, next);
    },
  };
}

function timerTextOf(story: Story, next: AgendaItem): string {
  if (next.kind === 'unfinished') return `go through with "${next.wish.event}"`;
  if (next.kind === 'transfer') return 'try the refused transfer again';
  if (next.kind === 'reminder') return `remind of ${next.reminder.name.replaceAll('_', ' ')}`;
  return deadlineText(story);
}

function deadlineText({ standing, deal }: Story): string {
  const row = timerOf(standing.state, deal.kind, standing.deadlineEvent)?.row;
  return row === undefined ? 'waiting' : `${row.on.replaceAll('_', ' ')}: then ${row.says}`;
}

function waitingFor({ standing, deal: { kind } }: Story): string[] {
  const { state, payment, transfer, unfinished, proposal } = standing;
  if (unfinished !== undefined) return [`"${unfinished.event}" was begun and is being gone through with.`];
  if (transfer === 'blocked') {
    return ["Stripe refused the transfer to the seller: the seller's account has to be mended."];
  }
  if (state === 'payment_pending') return [`Waits for the buyer to pay (${payment}).`];
  const proposed = proposal && `The ${proposal.by} proposes to move it to ${timeText(proposal.startsAtMs)}.`;
  const actions = (['buyer', 'seller'] as const).flatMap((party) => {
    const actions = allowedActions(state, kind, party, circumstancesOf(standing, Date.now()));
    return actions.length === 0 ? [] : [`The ${party} can: ${actions.join(', ')}.`];
  });
  return [...(proposed === undefined ? [] : [proposed]), ...actions];
}
