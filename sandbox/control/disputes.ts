import type { Router } from '@koa/router';
import { z } from 'zod';
import type { Steps } from '../pages/hosted.ts';
import { listObjects } from '../store/objects.ts';
import { CHARGE, type StoredCharge } from '../stripe/charges.ts';
import { BEGINNINGS, possibleFrom, type StoredDispute } from '../stripe/dispute-kind.ts';
import {
  canBecome,
  disputable,
  lockDispute,
  moveDispute,
  openDispute,
  reinstateLater,
  withdrawnOf,
} from '../stripe/dispute-steps.ts';
import { FILE } from '../stripe/files.ts';
import type { Call } from '../stripe-api/operation.ts';
import { findByPath, lockReference } from '../stripe-api/resources.ts';
import { BadControl, bodyOf, MAX_ADVANCE_SECONDS } from './bodies.ts';

const dueInSeconds = z.int().min(1).max(MAX_ADVANCE_SECONDS).optional();

const openBody = z
  .strictObject({
    charge: z.string().min(1).optional(),
    paymentIntent: z.string().min(1).optional(),
    status: z.enum(BEGINNINGS),
    amount: z.int().min(1).optional(),
    reason: z
      .enum([
        'credit_not_processed',
        'duplicate',
        'fraudulent',
        'general',
        'product_not_received',
        'product_unacceptable',
        'subscription_canceled',
        'unrecognized',
      ])
      .default('fraudulent'),
    dueInSeconds,
  })
  .refine(({ charge, paymentIntent }) => (charge === undefined) !== (paymentIntent === undefined), {
    message: 'name either the charge or the paymentIntent',
  });

const moveBody = z.strictObject({
  status: z.enum([
    'needs_response',
    'under_review',
    'won',
    'lost',
    'prevented',
    'warning_under_review',
    'warning_closed',
  ]),
  dueInSeconds,
  reinstated: z.int().min(0).optional(),
});

const reinstateBody = z.strictObject({ amount: z.int().min(1).optional() });

/** Lets the buyer's bank dispute what was paid, and decide. */
export function disputeControls(router: Router, steps: Steps): void {
  router.post('/disputes', async (context) => {
    const { charge: named, paymentIntent, amount, ...given } = await bodyOf(context, openBody);
    context.body = await steps.stripe(async (call) => {
      const charge = await capturedCharge(call, named, paymentIntent);
      const most = await disputable(call, charge);
      const unrefunded = charge.body.amount_captured - charge.hidden.refundedAfterCapture;
      const asked = amount ?? (unrefunded > 0 ? Math.min(most, unrefunded) : most);
      if (asked < 1 || asked > most) {
        throw new BadControl(`Of ${charge.body.id} at most ${most} can be disputed; ${asked} was asked for.`);
      }
      return openDispute(call, charge, { ...given, amount: asked });
    });
  });

  router.post('/disputes/:id', async (context) => {
    const { status, ...more } = await bodyOf(context, moveBody);
    context.body = await steps.stripe(async (call) => {
      const locked = await lockDispute(call, context.params['id'] ?? '');
      const { dispute } = locked;
      if (more.reinstated !== undefined) refuseReinstatement(dispute, status, more.reinstated);
      if (canBecome(dispute, status)) return moveDispute(call, locked, status, more);
      const possible = possibleFrom(dispute.body.status);
      throw new BadControl(
        `${dispute.body.id} is ${dispute.body.status}: it ` +
          (possible.length === 0 ? 'is closed.' : `can become ${possible.join(', ')}, not ${status}.`),
      );
    });
  });

  router.post('/disputes/:id/reinstatements', async (context) => {
    const { amount } = await bodyOf(context, reinstateBody);
    context.body = await steps.stripe(async (call) => {
      const locked = await lockDispute(call, context.params['id'] ?? '');
      const back = amount ?? withdrawnOf(locked.dispute);
      refuseReinstatement(locked.dispute, locked.dispute.body.status, back);
      if (back < 1) throw new BadControl(`The bank has nothing of ${locked.dispute.body.id} any more.`);
      return reinstateLater(call, locked, back);
    });
  });
}

/** Only what the bank has comes back, and only of what was won. @throws BadControl */
function refuseReinstatement(dispute: StoredDispute, status: string, amount: number): void {
  if (status !== 'won') throw new BadControl(`Nothing of ${dispute.body.id} comes back unless it is won.`);
  const most = withdrawnOf(dispute);
  if (amount > most) throw new BadControl(`Of ${dispute.body.id} the bank has ${most}; ${amount} was asked for.`);
}

/** Shows what was uploaded: Stripe hands the contents of files to nobody over its API. */
export function fileControls(router: Router, steps: Steps): void {
  router.get('/files/:id', async (context) => {
    const path = { file: context.params['id'] ?? '' };
    const { hidden, body } = await steps.stripe((call) => findByPath(call, FILE, path, 'file'));
    context.type = body.type ?? 'application/octet-stream';
    context.body = Buffer.from(hidden.content, 'base64');
  });
}

async function capturedCharge(
  call: Call,
  named: string | undefined,
  paymentIntent: string | undefined,
): Promise<StoredCharge> {
  const id = named ?? (await chargeOf(call, paymentIntent ?? ''));
  const charge = await lockReference(call, CHARGE, id, 'charge');
  if (!charge.body.captured) throw new BadControl(`${id} is not captured: there is nothing to dispute.`);
  return charge;
}

async function chargeOf(call: Call, paymentIntent: string): Promise<string> {
  const where = { payment_intent: paymentIntent, status: 'succeeded' };
  const { objects } = await listObjects(call.tx, CHARGE, { owner: call.account, where, limit: 1 });
  const [charge] = objects;
  if (charge === undefined) throw new BadControl(`There is no payment intent ${paymentIntent} that was paid.`);
  return charge.body.id;
}
