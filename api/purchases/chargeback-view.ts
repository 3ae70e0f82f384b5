/** A chargeback as staff see it: Stripe's words for how it stands, its figures, and what the bank is told. */
import { z } from 'zod';
import { CHARGEBACKS } from '../../contracts/purchase.ts';
import {
  awaitedOf,
  CHARGEBACK_STATUSES,
  isAnswerable,
  overlayOfOne,
} from '../../services/transactions/chargeback-rules.ts';
import type { Evidence } from '../../services/transactions/evidence-rules.ts';
import type { StoredChargeback } from '../../services/transactions/index.ts';
import { currency, timestamp } from '../schemas.ts';

const minorUnits = z.int().min(0);

export const chargebackSchema = z
  .object({
    id: z.string().meta({ description: "Stripe's." }),
    status: z.enum(CHARGEBACK_STATUSES).meta({ description: "In Stripe's word." }),
    chargeback: z.enum(CHARGEBACKS).meta({ description: 'What that lays over the purchase.' }),
    reason: z.string().meta({ description: "In Stripe's word." }),
    currency,
    amount: minorUnits.meta({ description: 'What it is about.' }),
    withdrawn: minorUnits.meta({ description: 'What the bank took from our balance, without the fee.' }),
    reinstated: minorUnits.meta({ description: 'What it gave back.' }),
    awaited: minorUnits.meta({
      description:
        'What has still to move until the money is where the status says: until then the chargeback goes on.',
    }),
    advanced: minorUnits.meta({ description: 'What Wellpact has put in for it, and has not got back.' }),
    answerable: z.boolean().meta({ description: 'Evidence can be submitted, once.' }),
    dueBy: timestamp.nullable().meta({ description: 'Until when the bank takes evidence.' }),
    answeredAt: timestamp.nullable().meta({ description: 'When we submitted it.' }),
    openedAt: timestamp,
    seenAt: timestamp,
    closedAt: timestamp.nullable(),
  })
  .meta({ id: 'Chargeback' });

export const evidenceSchema = z
  .object({
    description: z.string(),
    deliveredOn: z.string().optional(),
    servedOn: z.string().optional(),
    refundPolicy: z.string(),
    cancellationPolicy: z.string(),
    activity: z.string(),
  })
  .meta({ id: 'ChargebackEvidence', description: 'What the bank is told, besides what staff add.' });

export function chargebackBody(one: StoredChargeback): z.input<typeof chargebackSchema> {
  const { id, status, reason, amount, withdrawn, reinstated, advanced } = one;
  return {
    id,
    status,
    chargeback: overlayOfOne(one),
    reason,
    currency: one.currency,
    amount,
    withdrawn,
    reinstated,
    awaited: awaitedOf(one),
    advanced,
    answerable: isAnswerable(status) && one.submissions === 0,
    dueBy: one.dueMs === null ? null : new Date(one.dueMs).toISOString(),
    answeredAt: one.answeredAt?.toISOString() ?? null,
    openedAt: one.openedAt.toISOString(),
    seenAt: one.seenAt.toISOString(),
    closedAt: one.closedAt?.toISOString() ?? null,
  };
}

/** What staff add is theirs to say with it. */
export const evidenceBody = (evidence: Omit<Evidence, 'statement'>): z.input<typeof evidenceSchema> => evidence;
