/** What staff see of a dispute in the Temporal UI: its deadline as a search attribute, its details, the names of its timers. */
import { upsertSearchAttributes } from '@temporalio/workflow';
import type { DisputeStands } from '../activities/dispute.ts';
import type { DisputeInput } from '../contracts/dispute.ts';
import { DEADLINE_AT } from '../contracts/search-attributes.ts';
import { disputeWait, silenceSays } from '../services/disputes/wait-rules.ts';
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
        title: `${state}: ${waitIn(standing).summary}`,
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

const waitIn = (standing: DisputeStands) =>
  disputeWait({ ...standing, offeredBy: standing.offeredBy ?? [], claimIsAll: standing.claimIsAll ?? false });

function waitsFor(standing: DisputeStands): string[] {
  if (standing.state === 'closed') return ['It has ended: nothing more happens here.'];
  const can = Object.entries(allowedNow(standing)).flatMap(([who, events]) =>
    events.length === 0 ? [] : [`the ${who} can ${events.map(words).join(', ')}`],
  );
  return [[`**Waits for ${WHO[waitIn(standing).waitsFor]}**`, ...can].join('; ').concat('.')];
}

const WHO = {
  buyer: 'the buyer',
  seller: 'the seller',
  both: 'both sides',
  mediator: 'a mediator',
  platform: 'the money to be able to move',
  nobody: 'nobody',
} as const;

function automatically(standing: DisputeStands): string[] {
  const { automatic } = waitIn(standing);
  if (automatic === undefined) return [];
  const { atMs, says } = automatic;
  return [`**Until ${timeText(atMs)}.** If nobody has done anything by then, ${says}.`];
}

/** What stands beside the timer in the history. */
export function timerText(standing: DisputeStands, trouble: string | undefined): string {
  if (trouble !== undefined) return 'tries again what was refused';
  if (standing.decided) return 'looks whether the decision is carried out';
  return `nobody did anything: then ${silenceSays(standing.state) ?? 'nothing happens'}`;
}
