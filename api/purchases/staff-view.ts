/** A purchase as staff see it: ids, figures and states; of what people wrote, the title of the listing alone. */
import { z } from 'zod';
import {
  CHARGEBACKS,
  PAYMENT_STATUSES,
  PURCHASE_STATES,
  purchaseWorkflowId,
  REFUND_STATUSES,
  TRANSFER_STATUSES,
} from '../../contracts/purchase.ts';
import type { Case } from '../../services/cases/index.ts';
import { CASE_KINDS, CASE_RULES, CASE_STATES } from '../../services/cases/rules.ts';
import { ATTENTION, attentionOf } from '../../services/transactions/attention-rules.ts';
import {
  type DisputeNow,
  explain,
  type LedgerPosting,
  type Purchase,
  type PurchaseStory,
} from '../../services/transactions/index.ts';
import { ACCOUNT_CLASSES, ACCOUNTS, MOVES, SOURCES } from '../../services/transactions/money.ts';
import { currency, idOf, timestamp } from '../schemas.ts';
import { chargebackBody, chargebackSchema } from './chargeback-view.ts';
import { timelineEntrySchema, whySchema } from './view.ts';

const minorUnits = z.int().min(0);

const why = whySchema.omit({ state: true });

const members = {
  id: idOf('pur'),
  state: z.enum(PURCHASE_STATES),
  stateSince: timestamp,
  kind: z.enum(['goods', 'booking']),
  listingId: idOf('lst'),
  buyerId: idOf('usr'),
  sellerId: idOf('usr'),
  quantity: z.int().min(1),
  price: z.object({ amount: minorUnits, currency }),
  discount: z
    .object({ amount: minorUnits, code: z.string() })
    .nullable()
    .meta({ description: 'What Wellpact pays of the price, in minor units.' }),
  attention: z.array(z.enum(ATTENTION)).meta({ description: 'Why somebody of staff should look at it.' }),
  why: z.object(why.shape),
  createdAt: timestamp,
};

export const staffPurchaseSchema = z.object(members).meta({ id: 'StaffPurchase' });

const moneySchema = z
  .object({
    currency,
    comesFrom: z.array(z.object({ account: z.enum(ACCOUNTS), amount: minorUnits, about: z.string() })),
    isIn: z.array(z.object({ account: z.enum(ACCOUNTS), amount: minorUnits, about: z.string() })),
  })
  .meta({ description: 'Where the money comes from and where it is; both sides have the same sum.' });

const timeline = z.array(
  timelineEntrySchema.extend({
    actor: z.string().meta({ description: '`type:id`: who exactly.' }),
    step: z.string().nullable(),
    moves: z.array(z.object({ name: z.string(), amount: minorUnits, says: z.string() })),
    payment: z.string().nullable(),
    transfer: z.string().nullable(),
    refund: z.string().nullable(),
  }),
);

const postings = z.array(
  z.object({
    id: z.string(),
    step: z.string(),
    postedAt: timestamp,
    currency: z.string(),
    entries: z.array(
      z.object({
        account: z.string(),
        amount: z.int().meta({ description: 'Debits positive, credits negative.' }),
        reference: z.string().nullable().meta({ description: "Stripe's object, of an account at Stripe." }),
      }),
    ),
  }),
);

const cases = z.array(
  z.object({
    id: idOf('cas'),
    kind: z.enum(CASE_KINDS),
    about: z.string(),
    state: z.enum(CASE_STATES),
    decidedBy: z.array(z.string()).meta({ description: 'The roles that decide it.' }),
    decision: z.string().nullable(),
    dueAt: timestamp,
    openedAt: timestamp,
    closedAt: timestamp.nullable(),
  }),
);

export const storySchema = z
  .object({
    ...members,
    listing: z.object({ title: z.string() }).nullable(),
    slot: z.object({ startsAt: timestamp, endsAt: timestamp }).nullable(),
    reschedule: z.object({ startsAt: timestamp, proposedBy: z.enum(['buyer', 'seller']) }).nullable(),
    payment: z.object({
      status: z.enum(PAYMENT_STATUSES),
      problem: z.string().nullable(),
      intentId: z.string().nullable(),
      chargeId: z.string().nullable(),
      captureBefore: timestamp.nullable(),
      capturedAt: timestamp.nullable(),
      returnedAt: timestamp.nullable().meta({ description: "When it came back from the buyer's bank." }),
    }),
    transfer: z.object({
      status: z.enum(TRANSFER_STATUSES),
      id: z.string().nullable(),
      topUp: z
        .object({ id: z.string().nullable(), amount: minorUnits })
        .nullable()
        .meta({ description: "Of a discount, what came from Wellpact's own balance, by a transfer of its own." }),
      retry: z
        .object({ everySeconds: z.number().nullable(), becomesCaseAt: timestamp.nullable() })
        .nullable()
        .meta({ description: 'How a refused transfer goes on by itself; null when none was refused.' }),
    }),
    refund: z.object({ status: z.enum(REFUND_STATUSES), id: z.string().nullable() }),
    chargeback: z.enum(CHARGEBACKS),
    chargebacks: z.array(chargebackSchema),
    money: moneySchema,
    timeline,
    postings,
    cases: cases.meta({ description: 'Newest first. Confidential ones only for those who decide them.' }),
    workflow: z.object({
      id: z.string(),
      url: z.url().meta({ description: 'Its place in the Temporal Web UI.' }),
    }),
    updatedAt: timestamp,
  })
  .meta({ id: 'PurchaseStory' });

const isoOrNull = (date: Date | null): string | null => date?.toISOString() ?? null;

export function staffPurchaseBody(
  purchase: Purchase,
  nowMs: number,
  dispute?: DisputeNow,
): z.input<typeof staffPurchaseSchema> {
  const { state, summary, waitsFor, holds, mayAct, automatic, inProgress } = explain(purchase, nowMs, dispute);
  return {
    id: purchase.id,
    state,
    stateSince: purchase.stateSince.toISOString(),
    kind: purchase.terms.kind,
    listingId: purchase.listingId,
    buyerId: purchase.buyerId,
    sellerId: purchase.sellerId,
    quantity: purchase.quantity,
    price: { amount: purchase.terms.price, currency: purchase.currency },
    discount: purchase.terms.discount ?? null,
    attention: attentionOf(purchase, nowMs),
    why: {
      summary,
      waitsFor,
      holds: [...holds],
      mayAct: mayAct.map(({ party, actions }) => ({ party, actions: [...actions] })),
      automatic,
      inProgress,
    },
    createdAt: purchase.createdAt.toISOString(),
  };
}

export interface Surroundings {
  readonly title: string | undefined;
  readonly cases: readonly Case[];
  /** What its dispute waits for. */
  readonly dispute: DisputeNow | undefined;
  readonly temporal: { readonly uiUrl: string; readonly namespace: string };
}

export function storyBody(
  { purchase, timeline: entries, postings: posted, chargebacks }: PurchaseStory,
  { title, cases: open, dispute, temporal }: Surroundings,
): z.input<typeof storySchema> {
  const { payment, slot, proposal } = purchase;
  const workflowId = purchaseWorkflowId(purchase.id);
  return {
    ...staffPurchaseBody(purchase, Date.now(), dispute),
    listing: title === undefined ? null : { title },
    slot: slot && { startsAt: slot.startsAt.toISOString(), endsAt: slot.endsAt.toISOString() },
    reschedule: proposal && { startsAt: proposal.startsAt.toISOString(), proposedBy: proposal.by },
    payment: {
      ...payment,
      captureBefore: isoOrNull(payment.captureBefore),
      capturedAt: isoOrNull(payment.capturedAt),
      returnedAt: isoOrNull(payment.returnedAt),
    },
    transfer: { ...purchase.transfer, topUp: purchase.topUp, retry: retryOf(purchase) },
    refund: purchase.refund,
    chargeback: purchase.chargeback,
    chargebacks: chargebacks.map(chargebackBody),
    money: moneyBody(purchase),
    timeline: entries.map((entry) => ({
      ...entry,
      moves: entry.moves.map(({ name, amount }) => ({ name, amount, says: MOVES[name].about })),
    })),
    postings: posted.map(postingBody),
    cases: open.map(caseBody),
    workflow: {
      id: workflowId,
      url: `${temporal.uiUrl}/namespaces/${encodeURIComponent(temporal.namespace)}/workflows/${encodeURIComponent(workflowId)}`,
    },
    updatedAt: purchase.updatedAt.toISOString(),
  };
}

function retryOf({ transfer, terms, stateSince }: Purchase): z.input<typeof storySchema>['transfer']['retry'] {
  if (transfer.status !== 'blocked') return null;
  const { transferRetryMs, transferCaseMs } = terms;
  return {
    everySeconds: transferRetryMs === undefined ? null : transferRetryMs / 1_000,
    becomesCaseAt: transferCaseMs === undefined ? null : new Date(stateSince.getTime() + transferCaseMs).toISOString(),
  };
}

function moneyBody({ books, currency: code }: Purchase): z.input<typeof moneySchema> {
  const rows = ACCOUNTS.map((account) => ({
    account,
    amount: books[account],
    about: ACCOUNT_CLASSES[account].about,
  }));
  const isSource = ({ account }: { account: string }): boolean => (SOURCES as readonly string[]).includes(account);
  return { currency: code, comesFrom: rows.filter(isSource), isIn: rows.filter((row) => !isSource(row)) };
}

const postingBody = ({ id, step, postedAt, currency: code, entries }: LedgerPosting) => ({
  id,
  step,
  postedAt: postedAt.toISOString(),
  currency: code,
  entries: entries.map(({ account, amount, reference }) => ({ account, amount, reference })),
});

const caseBody = ({ id, kind, state, decision, dueAt, openedAt, closedAt }: Case) => ({
  id,
  kind,
  about: CASE_RULES[kind].about,
  state,
  decidedBy: [...CASE_RULES[kind].roles],
  decision,
  dueAt: dueAt.toISOString(),
  openedAt: openedAt.toISOString(),
  closedAt: isoOrNull(closedAt),
});
