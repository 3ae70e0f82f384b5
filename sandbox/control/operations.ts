import { Router } from '@koa/router';
import { z } from 'zod';
import type { FaultBackend } from '../faults/transport.ts';
import { endRun, RUN_OUTCOMES, runById } from '../onfido/workflow-runs.ts';
import type { Steps } from '../pages/hosted.ts';
import type { Clock } from '../store/clock.ts';
import { addFault, clearFaults, FAULT_KINDS, faults } from '../store/faults.ts';
import { releaseDeliveries } from '../store/outbox.ts';
import { addWebhookRule, clearWebhookRules, WEBHOOK_ACTIONS, webhookRules } from '../store/webhook-rules.ts';
import { applyToAccount, lockAccount } from '../stripe/accounts.ts';
import { letTimePass } from '../stripe/passing-time.ts';
import { payOut } from '../stripe/payout-schedule.ts';
import { canBecome, REFUND_OUTCOMES, settleRefund } from '../stripe/refund-outcomes.ts';
import { REFUND } from '../stripe/refunds.ts';
import { lockByPath } from '../stripe-api/resources.ts';
import { balanceControls } from './balance-transactions.ts';
import { BadControl, bodyOf, MAX_ADVANCE_SECONDS } from './bodies.ts';
import { disputeControls, fileControls } from './disputes.ts';
import { payoutControls } from './payouts.ts';

export interface Controls extends FaultBackend {
  readonly clock: Clock;
  readonly steps: Steps;
}

const MAX_USES = 10_000;
const MAX_DELAY_MS = 10 * 60 * 1000;
const DEFAULT_DELAY_MS = 1_000;

const times = z.int().min(1).max(MAX_USES).default(1);
/** How likely each that fits is hit: for runs in which things go wrong now and then. */
const chance = z.number().gt(0).max(1).default(1);
const delayMs = z.int().min(0).max(MAX_DELAY_MS).default(DEFAULT_DELAY_MS);

const faultBody = z.strictObject({
  provider: z.enum(['stripe', 'onfido']),
  method: z.enum(['GET', 'POST', 'PUT', 'DELETE']).nullable().default(null),
  path: z.string().startsWith('/').nullable().default(null),
  idempotencyKey: z.string().min(1).max(255).nullable().default(null),
  kind: z.enum(FAULT_KINDS),
  times,
  chance,
  delayMs,
});

const webhookBody = z.union([
  z.strictObject({
    action: z.enum(WEBHOOK_ACTIONS),
    type: z.string().min(1).optional(),
    copies: z.int().min(1).max(10).default(1),
    times,
    chance,
    delayMs,
  }),
  z.strictObject({ action: z.literal('release') }),
]);

const clockBody = z.strictObject({ advanceSeconds: z.int().min(1).max(MAX_ADVANCE_SECONDS) });

const accountBody = z
  .strictObject({
    disabledReason: z
      .enum(['listed', 'other', 'platform_paused', 'rejected.fraud', 'rejected.other', 'under_review'])
      .nullable(),
    require: z.array(z.string().min(1).max(200)).max(50),
    dueInSeconds: z.int().min(1).max(MAX_ADVANCE_SECONDS).nullable(),
    payOut: z.literal(true),
    gone: z.boolean(),
  })
  .partial();

const refundBody = z.strictObject({ status: z.enum(REFUND_OUTCOMES) });

const runBody = z.strictObject({ status: z.enum(RUN_OUTCOMES) });

/** Lets tests make the providers misbehave. Everything here is described in docs/reference/sandbox.md. */
export function controlOperations(controls: Controls): Router {
  const { database, clock, steps, holds } = controls;
  const { pool } = database;
  /** With how many requests each keeps waiting at the moment. */
  const faultsNow = async () => {
    const counts = holds.counts();
    return (await faults(pool)).map(({ id, ...fault }) => ({ ...fault, holds: counts.get(id) ?? 0 }));
  };
  const router = new Router({ prefix: '/_control' });

  router.post('/faults', async (context) => {
    const { times: remaining, ...fault } = await bodyOf(context, faultBody);
    await addFault(pool, { ...fault, remaining });
    context.body = { faults: await faultsNow() };
  });
  router.get('/faults', async (context) => {
    context.body = { faults: await faultsNow() };
  });
  router.delete('/faults', async (context) => {
    await clearFaults(pool);
    holds.letGo();
    context.status = 204;
  });

  router.post('/webhooks', async (context) => {
    const rule = await bodyOf(context, webhookBody);
    if (rule.action === 'release') {
      context.body = { released: await releaseDeliveries(pool) };
      return;
    }
    const { type, times: remaining, ...rest } = rule;
    await addWebhookRule(pool, { ...rest, topic: type ?? null, remaining });
    context.body = { rules: await webhookRules(pool) };
  });
  router.get('/webhooks', async (context) => {
    context.body = { rules: await webhookRules(pool) };
  });
  router.delete('/webhooks', async (context) => {
    await clearWebhookRules(pool);
    context.status = 204;
  });

  router.get('/clock', (context) => {
    context.body = { now: clock.now().toISOString() };
  });
  router.post('/clock', async (context) => {
    const { advanceSeconds } = await bodyOf(context, clockBody);
    await database.transaction((tx) => clock.advance(tx, advanceSeconds * 1000));
    // What the new time ends has ended when this answers.
    await letTimePass((step) => steps.stripe(step));
    context.body = { now: clock.now().toISOString() };
  });

  router.post('/accounts/:id', async (context) => {
    const {
      disabledReason,
      require: demanded,
      dueInSeconds,
      payOut: paysOut,
      gone,
    } = await bodyOf(context, accountBody);
    context.body = await steps.stripe(async (call) => {
      const account = await lockAccount(call, context.params['id'] ?? '');
      if (paysOut === true) await payOut(call, account.body.id, call.now);
      return applyToAccount(call, account, account.body, {
        ...account.hidden,
        ...(disabledReason !== undefined && { disabledReason }),
        ...(gone !== undefined && { gone }),
        ...(demanded !== undefined && { demanded, demandedUntil: null }),
        ...(typeof dueInSeconds === 'number' && { demandedUntil: call.now + dueInSeconds }),
      });
    });
  });

  router.post('/refunds/:id', async (context) => {
    const { status } = await bodyOf(context, refundBody);
    context.body = await steps.stripe(async (call) => {
      const refund = await lockByPath(call, REFUND, { id: context.params['id'] ?? '' }, 'id');
      if (canBecome(refund, status)) return settleRefund(call, refund, status);
      throw new BadControl(`${refund.body.id} is ${refund.body.status}: it cannot become ${status}.`);
    });
  });

  router.post('/onfido/runs/:id', async (context) => {
    const { status } = await bodyOf(context, runBody);
    context.body = await steps.onfido(async (call) => {
      const run = await runById(call, context.params['id'] ?? '', { lock: true });
      await endRun(call, run, status);
      return (await runById(call, run.body.id)).body;
    });
  });
  disputeControls(router, steps);
  fileControls(router, steps);
  payoutControls(router, steps);
  balanceControls(router, steps);
  return router;
}
