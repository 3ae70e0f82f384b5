/**
 * The watch over one payout to a seller's bank. It begins with Stripe's first word of it, looks for itself whenever there is
 * another one and when there is none for too long, and stays for a while when it was paid: a bank can send money back days
 * later. When it failed, the seller has some time to name a bank account that works; then finance gets a case. It never
 * moves money: that is in the seller's account at Stripe, and goes out with the next payout.
 */
import { setHandler } from '@temporalio/workflow';
import type { PayoutStanding } from '../activities/payout.ts';
import { type PayoutInput, payoutHintSignal } from '../contracts/payout.ts';
import { openDesk } from './support/desk.ts';
import { tellStaff, timeText } from './support/notices.ts';
import { answerOf, databaseStep, moneyStep } from './support/steps.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
/** A payout that should have arrived is looked at this long after, and again as often: a webhook may be lost. */
const LOOK_AFTER_MS = DAY_MS;
/** Banks send money back within five working days (https://docs.stripe.com/payouts#payout-failures). */
const SETTLES_AFTER_MS = 8 * DAY_MS;

export async function payout(input: PayoutInput): Promise<void> {
  const desk = openDesk<never, never, 'look'>();
  setHandler(payoutHintSignal, ({ eventId }) => desk.tell(eventId, 'payout', 'look'));
  let paidSinceMs: number | undefined;
  for (;;) {
    // One look answers all that came before it.
    while (desk.take() !== undefined);
    const standing = await look(input);
    if (standing === undefined) return;
    paidSinceMs = standing.status === 'paid' ? (paidSinceMs ?? Date.now()) : undefined;
    const ahead = outlook(standing, paidSinceMs);
    tell(input, standing, ahead);
    if (await desk.wait(ahead.waitMs, ahead.says)) continue;
    if (standing.status === 'failed') await report(input);
    // Silence proves nothing: a webhook can be lost. So the last thing is a look, too.
    else if (ahead.waitMs > 0) continue;
    if (desk.empty) return;
  }
}

/** @returns undefined when Stripe knows no such payout on this account: then there is nothing to watch over */
async function look(input: PayoutInput): Promise<PayoutStanding | undefined> {
  try {
    return await moneyStep('lookAtPayout', { ...input, atMs: Date.now() }, 'Look at the payout');
  } catch (error) {
    const answer = answerOf(error);
    if (answer === undefined) throw error;
    tellStaff({ title: `${input.payoutId} cannot be seen: ${answer.message}`, lines: ['It has ended.'] });
    return undefined;
  }
}

/** How long it waits for a word, and what happens then. */
interface Outlook {
  readonly waitMs: number;
  readonly says: string;
}

function outlook({ status, arrivalMs, mendByMs }: PayoutStanding, paidSinceMs: number | undefined): Outlook {
  const until = (atMs: number): number => Math.max(atMs - Date.now(), 0);
  if (status === 'failed') {
    return { waitMs: until(mendByMs ?? 0), says: 'finance gets a case, unless a later payout reached the bank' };
  }
  if (status === 'paid') {
    return {
      waitMs: until((paidSinceMs ?? 0) + SETTLES_AFTER_MS),
      says: 'we look a last time: banks send nothing back any more',
    };
  }
  if (status === 'canceled') return { waitMs: 0, says: 'the watch ends' };
  return {
    waitMs: Math.max(until(arrivalMs + LOOK_AFTER_MS), LOOK_AFTER_MS / 24),
    says: 'we look at Stripe ourselves',
  };
}

async function report(input: PayoutInput): Promise<void> {
  const opened = await databaseStep(
    'reportFailedPayout',
    { ...input, atMs: Date.now() },
    'See whether it was made good',
  );
  tellStaff({
    title: `${input.payoutId} failed${opened ? ' and was not made good' : '; a later payout reached the bank'}.`,
    lines: [opened ? 'Finance has a case about it.' : 'Nothing is left to do.', 'It has ended.'],
  });
}

function tell({ payoutId, sellerId }: PayoutInput, standing: PayoutStanding, { waitMs, says }: Outlook): void {
  const { status, amount, currency } = standing;
  tellStaff({
    title: `${payoutId} of ${sellerId}: ${status}`,
    lines: [
      `${amount} minor units of ${currency} from the seller's account at Stripe to their bank. None of it is ours.`,
      `**Until ${timeText(Date.now() + waitMs)}.** If nothing has come by then, ${says}.`,
    ],
  });
}
