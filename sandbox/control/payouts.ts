import type { Router } from '@koa/router';
import { z } from 'zod';
import type { Steps } from '../pages/hosted.ts';
import { findObject } from '../store/objects.ts';
import { FAILURES, type FailureCode, PAYOUT, possibleFrom } from '../stripe/payout-kind.ts';
import { canBecome, movePayout } from '../stripe/payout-steps.ts';
import { noSuchObject } from '../stripe-api/errors.ts';
import { BadControl, bodyOf } from './bodies.ts';

const body = z.strictObject({
  status: z.enum(['in_transit', 'paid', 'failed']),
  failureCode: z.enum(Object.keys(FAILURES) as [FailureCode, ...FailureCode[]]).optional(),
});

/** Lets a bank take a payout, or refuse it: also one that was paid. */
export function payoutControls(router: Router, steps: Steps): void {
  router.post('/payouts/:id', async (context) => {
    const { status, failureCode } = await bodyOf(context, body);
    const id = context.params['id'] ?? '';
    context.body = await steps.stripe(async (call) => {
      const payout = await findObject(call.tx, PAYOUT, null, id, { lock: true });
      if (payout === undefined) throw noSuchObject(PAYOUT.noun, id, 'payout');
      if (canBecome(payout, status)) return (await movePayout(call, payout, status, failureCode)).body;
      const possible = possibleFrom(payout.body.status).filter((other) => other !== 'canceled');
      throw new BadControl(
        `${id} is ${payout.body.status}: it can become ${possible.length === 0 ? 'nothing else' : possible.join(', ')}.`,
      );
    });
  });
}
