/** What staff see of a dispute in the Temporal UI: its deadline as a search attribute, its details, the names of its timers. */
import { upsertSearchAttributes } from '@temporalio/workflow';
import type { DisputeStands } from '../activities/dispute.ts';
import type { DisputeInput } from '../contracts/dispute.ts';
import { DEADLINE_AT } from '../contracts/search-attributes.ts';
import {
  DISPUTE_SUMMARIES,
  DISPUTE_TIMERS,
  DISPUTE_TRANSITIONS,
  type DisputeTimer,
  sideOfRole,
} from '../services/disputes/rules.ts';
import { allowedNow } from './dispute-steps.ts';
import { moneyText, tellStaff, timeText } from './support/notices.ts';

export function createDisputeBoard({ purchaseId, reason, publicUrl }: DisputeInput) {
  let told: number | null | undefined;
  return {
    /** Tells how things stand. */
    tell(standing: DisputeStands, trouble: string | undefined): void {
      const deadlineMs = standing.frozen ? null : standing.deadlineMs;
      // A command of its own in the history, so only what changed is said.
      if (deadlineMs !== told) {
        upsertSearchAttributes([{ key: DEADLINE_AT, value: deadlineMs === null ? null : new Date(deadlineMs) }]);
      }
      told = deadlineMs;
      const { state, claimedBy, gross, currency } = standing;
      tellStaff({
        link: {
          title: `Open ${purchaseId} in the support console`,
          url: `${publicUrl}/console/purchases/${purchaseId}`,
        },
        title: `${state}: ${DISPUTE_SUMMARIES[state]}`,
        lines: [
          ...(trouble === undefined ? [] : [`**Needs a person:** ${trouble} It is tried again within the hour.`]),
          ...waitsFor(standing),
          ...automatically(standing),
          `The ${claimedBy} claims: ${words(reason)}. Disputed: ${moneyText(gross, currency)}.`,
        ],
      });
    },
  };
}

const words = (name: string): string => name.replaceAll('_', ' ');

function waitsFor(standing: DisputeStands): string[] {
  const { state, claimedBy, decided, frozen } = standing;
  if (state === 'closed') return ['It has ended: nothing more happens here.'];
  if (decided) return ['**Decided.** The purchase carries that out, as soon as its money can move.'];
  if (frozen) return ["**Stopped: the buyer's bank looks at the payment.** Its time stands still until that is over."];
  const timer = DISPUTE_TIMERS[state];
  const can = Object.entries(allowedNow(standing)).flatMap(([who, events]) =>
    events.length === 0 ? [] : [`the ${who} can ${events.map(words).join(', ')}`],
  );
  return [
    `**Waits for ${timer === undefined ? 'nobody' : ownerText(timer.owner, claimedBy)}**; ${can.join('; ')}.`,
    ...(standing.hasProposal ? ['A ruling waits for a second mediator to approve it.'] : []),
  ];
}

function ownerText(owner: DisputeTimer['owner'], claimedBy: 'buyer' | 'seller'): string {
  if (owner === 'both') return 'both sides';
  return owner === 'mediator' ? 'a mediator' : `the ${sideOfRole(owner, claimedBy)}`;
}

function automatically(standing: DisputeStands): string[] {
  const { state, deadlineMs, decided, frozen } = standing;
  if (state === 'closed' || decided || frozen || deadlineMs === null) return [];
  return [`**Until ${timeText(deadlineMs)}.** If nobody has done anything by then, ${silenceSays(standing)}.`];
}

function silenceSays({ state }: DisputeStands): string {
  const event = DISPUTE_TIMERS[state]?.event;
  return DISPUTE_TRANSITIONS.find((row) => row.from === state && row.on === event)?.says ?? 'nothing happens';
}

/** What stands beside the timer in the history. */
export function timerText(standing: DisputeStands, trouble: string | undefined): string {
  if (trouble !== undefined) return 'tries again what was refused';
  if (standing.decided) return 'looks whether the decision is carried out';
  return `nobody did anything: then ${silenceSays(standing)}`;
}
