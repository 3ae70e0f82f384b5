import { readFileSync } from 'node:fs';
import { Temporal } from 'temporal-polyfill';
import { parse } from 'yaml';
import { z } from 'zod';
import { CURRENCIES, type Currency } from '../../contracts/money.ts';
import { CATEGORIES } from '../marketplace/rules.ts';

const duration = z.string().transform((text, context): number => {
  try {
    return Temporal.Duration.from(text).total({ unit: 'milliseconds' });
  } catch {
    context.addIssue({ code: 'custom', message: `"${text}" is not an ISO 8601 duration such as P14D or PT15M` });
    return z.NEVER;
  }
});
const DAY_MS = 24 * 60 * 60 * 1_000;
/** Dates stay dates, and nobody waits longer for anything. */
const LONGEST_WINDOW_MS = 366 * DAY_MS;
/** How long Stripe holds money for a platform in the European Economic Area, https://docs.stripe.com/connect/manual-payouts. */
const STRIPE_HOLDS_MS = 90 * DAY_MS;

const span = duration
  .refine((ms) => ms >= 0, 'a time before another one is not negative')
  .refine((ms) => ms <= LONGEST_WINDOW_MS, 'nothing takes longer than P366D');
const window = span.refine((ms) => ms !== 0, 'a window is longer than nothing');

const percent = z.int().min(0).max(100);

/** Who cancels earlier gets no less back than who cancels later. */
const tiers = z
  .array(
    z
      .strictObject({ before: span, refundPercent: percent })
      .transform(({ before, refundPercent }) => ({ beforeStartMs: before, refundBasisPoints: refundPercent * 100 })),
  )
  .min(1)
  .max(10)
  .refine(
    (list) =>
      list.every((tier, index) => {
        const next = list[index + 1];
        return (
          next === undefined ||
          (tier.beforeStartMs > next.beforeStartMs && tier.refundBasisPoints >= next.refundBasisPoints)
        );
      }),
    'tiers go from the earliest cancellation to the latest, and later ones refund no more',
  );

const currencies = Object.keys(CURRENCIES) as [Currency, ...Currency[]];
const amounts = z.partialRecord(z.enum(currencies), z.int().min(0));
const commissionRule = z.strictObject({
  basisPoints: z.int().min(0).max(10_000),
  minimum: amounts.default({}),
  maximum: amounts.default({}),
});
const instant = z.iso.datetime().transform((text) => Date.parse(text));
const promotion = z
  .strictObject({ ...commissionRule.shape, category: z.enum(CATEGORIES).optional(), from: instant, until: instant })
  .transform(({ from, until, ...rule }) => ({ ...rule, fromMs: from, untilMs: until }))
  .refine(({ fromMs, untilMs }) => fromMs < untilMs, 'a promotion ends after it begins');

/** What is taken is what the table says: a minimum over the maximum would say two things. */
const commissionTable = z
  .strictObject({
    standard: commissionRule,
    categories: z.partialRecord(z.enum(CATEGORIES), commissionRule),
    promotions: z.array(promotion).max(100),
  })
  .refine(
    ({ standard, categories, promotions }) =>
      [standard, ...Object.values(categories), ...promotions].every(({ minimum, maximum }) =>
        currencies.every((currency) => (minimum[currency] ?? 0) <= (maximum[currency] ?? Number.MAX_SAFE_INTEGER)),
      ),
    'the minimum of a commission is no more than its maximum',
  );

const members = z.strictObject({
  version: z.int().positive(),
  paymentWindow: window,
  acceptWindow: window,
  captureReserve: span,
  handlingDay: window,
  inspectionWindow: window,
  aftercareWindow: window,
  holdLimit: window,
  longestDispute: window,
  transferRetry: window,
  transferCase: window,
  transferCaseDue: window,
  payoutMend: window,
  holdLimitCaseDue: window,
  chargebackEvidenceBuffer: window,
  chargebackEvidenceReminder: window,
  chargebackDecision: window,
  chargebackFunds: window,
  cancellation: z.strictObject({ flexible: tiers, moderate: tiers, strict: tiers }),
  reminders: z.strictObject({
    acceptDeadline: window,
    inspectionEnding: window,
    bookingTomorrow: window,
    bookingSoon: window,
  }),
  dispute: z.strictObject({
    response: window,
    noShowContest: window,
    escalateAfter: window,
    negotiation: window,
    mediation: window,
    appeal: window,
    silencePercent: percent,
    defaultPercent: percent,
    fourEyesFrom: z.record(z.enum(Object.keys(CURRENCIES) as [Currency, ...Currency[]]), z.int().min(1)),
  }),
  commission: commissionTable,
});

/** What each member allows, and all of them together do not. */
const policySchema = members.superRefine((policy, context) => {
  const { holdLimit, holdLimitCaseDue, inspectionWindow, longestDispute } = policy;
  const wrong = (member: keyof typeof policy, message: string): void =>
    context.addIssue({ code: 'custom', path: [member], message });
  if (holdLimit >= STRIPE_HOLDS_MS) {
    wrong('holdLimit', 'Stripe holds money for 90 days: the hold limit is less than P90D');
  } else if (holdLimit + holdLimitCaseDue > STRIPE_HOLDS_MS) {
    wrong('holdLimitCaseDue', 'finance decide before Stripe’s 90 days are over: with holdLimit it is at most P90D');
  }
  if (inspectionWindow + longestDispute >= holdLimit) {
    wrong('longestDispute', 'with inspectionWindow it is less than holdLimit, or no booking could be paid for');
  }
});

/** What `policy.yml` says; durations in milliseconds. */
export type Policy = Readonly<z.output<typeof policySchema>>;

/**
 * Reads the policy file.
 * @throws Error naming the file and everything that is wrong in it
 */
export function loadPolicy(path: string): Policy {
  const result = policySchema.safeParse(contentOf(path));
  if (result.success) return result.data;
  throw new Error(`The policy file ${path} is wrong:\n${z.prettifyError(result.error)}`);
}

/** @throws Error naming the file, and where it is no YAML */
function contentOf(path: string): unknown {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`The policy file ${path} cannot be read: ${why}`, { cause: error });
  }
}

/**
 * Whether a booking that ends then can be paid for: inspection and the longest dispute have to end before the hold does.
 * @param heldFromMs when the money was captured; now, if it is not yet
 */
export const fitsHoldLimit = (policy: HoldPolicy, endsAtMs: number, heldFromMs: number): boolean =>
  endsAtMs + policy.inspectionWindow + policy.longestDispute <= heldFromMs + policy.holdLimit;

type HoldPolicy = Pick<Policy, 'inspectionWindow' | 'longestDispute' | 'holdLimit'>;
