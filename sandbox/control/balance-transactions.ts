import type { Router } from '@koa/router';
import { z } from 'zod';
import type { Steps } from '../pages/hosted.ts';
import { conceal, falsify, invent, lockLine, type StoredLine, tellTruth } from '../stripe/balance-lies.ts';
import { MOVEMENT_NAMES } from '../stripe/balance-transactions.ts';
import { supportedCurrency } from '../stripe/currencies.ts';
import type { Call } from '../stripe-api/operation.ts';
import { BadControl, bodyOf, MAX_ADVANCE_SECONDS } from './bodies.ts';

const MAX_AMOUNT = 99_999_999;
const id = z.string().min(1);
const amount = z.int().min(-MAX_AMOUNT).max(MAX_AMOUNT);
const currency = z.string().length(3);

const lieBody = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('hide'), id }),
  z.strictObject({ action: z.literal('delay'), id, seconds: z.int().min(1).max(MAX_ADVANCE_SECONDS) }),
  z
    .strictObject({
      action: z.literal('change'),
      id,
      amount: amount.optional(),
      fee: amount.optional(),
      currency: currency.optional(),
    })
    .refine((lie) => lie.amount !== undefined || lie.fee !== undefined || lie.currency !== undefined, {
      message: 'nothing would be changed: give an amount, a fee or a currency',
    }),
  z.strictObject({
    action: z.literal('add'),
    movement: z.enum(MOVEMENT_NAMES),
    amount: amount.refine((value) => value !== 0, { message: 'nothing would be added' }),
    currency,
    fee: amount.default(0),
    source: id.optional(),
    account: id.optional(),
  }),
  z.strictObject({ action: z.literal('truth'), id }),
]);

type Lie = z.output<typeof lieBody>;

/** Lets Stripe lie about what it booked, as nobody hopes it does: whoever compares books with it has to notice. */
export function balanceControls(router: Router, steps: Steps): void {
  router.post('/balance-transactions', async (context) => {
    const lie = await bodyOf(context, lieBody);
    const line = await steps.stripe((call) => told(call, lie));
    context.body = line.body;
  });
}

async function told(call: Call, lie: Lie): Promise<StoredLine> {
  if (lie.action === 'add') {
    const { source = null, account = call.account } = lie;
    for (const named of [source, account === call.platform ? null : account]) await requireStored(call, named);
    return invent(call, { ...lie, currency: supportedCurrency(lie.currency), source, account });
  }
  const line = await lockLine(call, lie.id);
  if (lie.action === 'truth') return tellTruth(call, line);
  if (lie.action !== 'change') return conceal(call, line, lie.action === 'delay' ? lie.seconds : undefined);
  const { currency: shown } = lie;
  return falsify(call, line, { ...lie, ...(shown !== undefined && { currency: supportedCurrency(shown) }) });
}

/** What is named can be expanded: so it has to exist. */
async function requireStored(call: Call, named: string | null): Promise<void> {
  if (named === null) return;
  const found = await call.tx.query('SELECT 1 FROM sandbox.objects WHERE id = $1', [named]);
  if (found.rowCount === 0) throw new BadControl(`There is nothing with the id ${named}.`);
}
