/** What staff see of a purchase in the Temporal UI: its search attributes, its details, the names of its timers. */
import { upsertSearchAttributes } from '@temporalio/workflow';
import type { Deal, PurchaseStanding } from '../activities/purchase.ts';
import type { PurchaseInput } from '../contracts/purchase.ts';
import { DEADLINE_AT, PURCHASE_STATE } from '../contracts/search-attributes.ts';
import { allowedActions, timerOf } from '../services/transactions/rules.ts';
import { moneyText, tellStaff, timeText } from './support/notices.ts';

/** A step that the clock or a provider called for was refused. */
export interface Trouble {
  readonly reason: string;
  /** When it is tried again, milliseconds since 1970; undefined when somebody has to ask for it. */
  readonly tryAgainMs: number | undefined;
}

interface Story {
  readonly deal: Deal;
  readonly standing: PurchaseStanding;
}

export interface NoticeBoard {
  /** Tells how things stand. @param deadlineMs when the purchase will move on by itself */
  tell(story: Story, deadlineMs: number | undefined, trouble: Trouble | undefined): void;
  /** What stands beside the timer in the history. */
  timerText(story: Story): string;
}

export function createNoticeBoard({ purchaseId, publicUrl }: PurchaseInput): NoticeBoard {
  let told = '';
  return {
    tell: ({ deal, standing }, deadlineMs, trouble) => {
      const { state, held, payment, transfer } = standing;
      // Each of these is a command of its own in the history, so only what changed is said.
      const news = `${state} ${deadlineMs}`;
      if (news !== told) {
        upsertSearchAttributes([
          { key: PURCHASE_STATE, value: state },
          { key: DEADLINE_AT, value: deadlineMs === undefined ? null : new Date(deadlineMs) },
        ]);
        told = news;
      }
      const next = timerOf(state, deal.kind);
      tellStaff({
        link: { title: purchaseId, url: `${publicUrl}/v1/purchases/${purchaseId}` },
        title: `${state}: ${moneyText(deal.price, deal.currency)}`,
        lines: [
          ...(trouble === undefined ? [] : [`**Needs a person:** ${trouble.reason}`]),
          ...waitingFor(standing, deal),
          ...(next !== undefined && deadlineMs !== undefined
            ? [`If nobody does anything until **${timeText(deadlineMs)}**, ${next.row.says}.`]
            : []),
          `Held ${moneyText(held, deal.currency)} · payment ${payment} · transfer ${transfer}`,
        ],
      });
    },
    timerText: ({ standing, deal }) => {
      const row = timerOf(standing.state, deal.kind)?.row;
      return row === undefined ? 'waiting' : `${row.on.replaceAll('_', ' ')}: then ${row.says}`;
    },
  };
}

function waitingFor({ state, payment, transfer }: PurchaseStanding, { kind }: Deal): string[] {
  if (transfer === 'blocked') {
    return ["Stripe refused the transfer to the seller: the seller's account has to be mended."];
  }
  if (state === 'payment_pending') return [`Waits for the buyer to pay (${payment}).`];
  return (['buyer', 'seller'] as const).flatMap((party) => {
    const actions = allowedActions(state, kind, party);
    return actions.length === 0 ? [] : [`The ${party} can: ${actions.join(', ')}.`];
  });
}
