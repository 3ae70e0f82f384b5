/** A dispute as its parties, and mediators, see it. */
import { z } from 'zod';
import { DISPUTE_REASONS, DISPUTE_STATES } from '../../contracts/dispute.ts';
import type { Currency } from '../../contracts/money.ts';
import type { FieldCipher } from '../../platform/crypto.ts';
import type { Database } from '../../platform/database.ts';
import {
  circumstancesOf,
  type Dispute,
  listOffers,
  listRemarks,
  listRulings,
  readStatements,
} from '../../services/disputes/index.ts';
import {
  allowedToEach,
  claimsAll,
  EVIDENCE_STATES,
  mayThoughFrozen,
  sideOfRole,
} from '../../services/disputes/rules.ts';
import { type DisputeWait, disputeWait, situationOf } from '../../services/disputes/wait-rules.ts';
import { currency, idOf, timestamp } from '../schemas.ts';

export type Viewer = 'buyer' | 'seller' | 'staff';

export const moneySchema = z.object({ amount: z.int().min(0), currency });
const side = z.enum(['buyer', 'seller']);

/** What the API calls the deadline of a state. */
const DEADLINE_NAMES = {
  opened: 'respondBy',
  negotiating: 'negotiateUntil',
  mediating: 'rulingBy',
  ruled: 'appealBy',
  appealed: 'finalRulingBy',
} as const;

const offerSchema = z.object({
  number: z.int().min(1),
  by: side,
  refund: moneySchema,
  text: z.string().nullable(),
  status: z.enum(['open', 'superseded', 'accepted']),
  at: timestamp,
});

const rulingSchema = z.object({
  number: z.int().min(1),
  refund: moneySchema,
  reason: z.string().nullable().meta({ description: 'Null for the default ruling.' }),
  isDefault: z.boolean().meta({ description: 'No mediator ruled in time: the policy did.' }),
  onAppeal: z.boolean(),
  status: z.enum(['proposed', 'superseded', 'stands']).meta({
    description: '`proposed`: a second mediator has to approve it. Parties see rulings that stand.',
  }),
  ruledBy: idOf('usr').nullable().meta({ description: 'For staff.' }),
  approvedBy: idOf('usr').nullable().meta({ description: 'For staff.' }),
  at: timestamp,
});

export const disputeSchema = z
  .object({
    id: idOf('dsp'),
    purchaseId: idOf('pur'),
    number: z.int().min(1).meta({ description: 'The how manieth of the purchase.' }),
    state: z.enum(DISPUTE_STATES),
    summary: z.string(),
    claimedBy: side,
    reason: z.enum(DISPUTE_REASONS),
    description: z.string(),
    disputed: moneySchema.meta({ description: 'What it is about: a refund is at most this.' }),
    claim: moneySchema.meta({ description: 'What the buyer gets back if the claim is accepted.' }),
    offers: z.array(offerSchema),
    rulings: z.array(rulingSchema),
    remarks: z.array(z.object({ on: z.string(), by: side, text: z.string(), at: timestamp })),
    appealedBy: side.nullable(),
    appealWaivedBy: z.array(side),
    decision: z
      .object({ refund: moneySchema, restsOn: z.string(), at: timestamp })
      .nullable()
      .meta({ description: 'What the buyer gets back; null while it is not decided.' }),
    frozenSince: timestamp.nullable().meta({ description: 'A chargeback makes it stand still.' }),
    deadlines: z.partialRecord(z.enum(Object.values(DEADLINE_NAMES)), timestamp),
    next: z.object({
      waitsFor: z.enum(['buyer', 'seller', 'both', 'mediator', 'platform', 'nobody']),
      actions: z.array(z.string()).meta({ description: 'What you can do now.' }),
      escalateFrom: timestamp.nullable().meta({ description: 'From when on you can ask for a mediator.' }),
      evidence: z.boolean().meta({ description: 'Whether files can be handed in.' }),
      automatic: z.object({ at: timestamp, says: z.string() }).nullable(),
    }),
    createdAt: timestamp,
    updatedAt: timestamp,
    closedAt: timestamp.nullable(),
  })
  .meta({ id: 'Dispute' });

export type DisputeBody = z.input<typeof disputeSchema>;

/** @param viewer whose eyes it is for: parties see no ruling that is not approved, and not who ruled */
export async function disputeBody(
  database: Database,
  cipher: FieldCipher,
  dispute: Dispute,
  viewer: Viewer,
): Promise<DisputeBody> {
  const [offers, allRulings, remarks] = await Promise.all([
    listOffers(database, dispute.id),
    listRulings(database, dispute.id),
    listRemarks(database, dispute.id),
  ]);
  const isStaff = viewer === 'staff';
  const rulings = allRulings.filter(({ status }) => isStaff || status === 'stands');
  const ids = [dispute, ...offers, ...rulings, ...remarks].flatMap(({ statementId }) => statementId ?? []);
  const texts = await readStatements(database, cipher, ids);
  const textOf = (id: string | null): string | null => (id === null ? null : (texts.get(id) ?? null));
  const { claimedBy } = dispute;
  const hasProposal = allRulings.some(({ status }) => status === 'proposed');
  const offeredBy = offers.filter(({ status }) => status === 'open').map(({ madeBy }) => madeBy);
  const ruled = allRulings.findLast(({ status }) => status === 'stands')?.refund ?? null;
  const wait = disputeWait(situationOf(dispute, { offeredBy, ruled, hasProposal: isStaff && hasProposal }));
  const money = (amount: number): { amount: number; currency: Currency } => ({ amount, currency: dispute.currency });
  return {
    id: dispute.id,
    purchaseId: dispute.purchaseId,
    number: dispute.n,
    state: dispute.state,
    summary: wait.summary,
    claimedBy,
    reason: dispute.reason,
    description: textOf(dispute.statementId) ?? '',
    disputed: money(dispute.gross),
    claim: money(dispute.claimRefund),
    offers: offers.map(({ number, madeBy, refund, statementId, status, at }) => ({
      number,
      by: sideOfRole(madeBy, claimedBy),
      refund: money(refund),
      text: textOf(statementId),
      status,
      at: at.toISOString(),
    })),
    rulings: rulings.map(({ number, refund, statementId, onAppeal, status, ruledBy, approvedBy, at }) => ({
      number,
      refund: money(refund),
      reason: textOf(statementId),
      isDefault: ruledBy === null,
      onAppeal,
      status,
      ruledBy: isStaff ? ruledBy : null,
      approvedBy: isStaff ? approvedBy : null,
      at: at.toISOString(),
    })),
    remarks: remarks.map(({ event, saidBy, statementId, at }) => ({
      on: event,
      by: saidBy === dispute.buyerId ? 'buyer' : 'seller',
      text: textOf(statementId) ?? '',
      at: at.toISOString(),
    })),
    appealedBy: dispute.appealedBy && sideOfRole(dispute.appealedBy, claimedBy),
    appealWaivedBy: dispute.waived.map((role) => sideOfRole(role, claimedBy)),
    decision: dispute.decision && {
      refund: money(dispute.decision.refund),
      restsOn: dispute.decision.by,
      at: new Date(dispute.decision.atMs).toISOString(),
    },
    frozenSince: dispute.frozenSince?.toISOString() ?? null,
    ...movesOn(dispute, viewer, wait, hasProposal),
    createdAt: dispute.createdAt.toISOString(),
    updatedAt: dispute.updatedAt.toISOString(),
    closedAt: dispute.closedAt?.toISOString() ?? null,
  };
}

/** What moves it on: whose move it is, until when, and what happens then. */
function movesOn(
  dispute: Dispute,
  viewer: Viewer,
  { waitsFor, automatic }: DisputeWait,
  hasProposal: boolean,
): Pick<DisputeBody, 'deadlines' | 'next'> {
  const { state, claimedBy, decision, frozenSince, escalateFrom } = dispute;
  const stands = decision !== null || frozenSince !== null;
  const allowed = allowedToEach(state, claimedBy, circumstancesOf(dispute, Date.now(), hasProposal));
  const at = automatic && new Date(automatic.atMs).toISOString();
  return {
    deadlines: at === undefined || state === 'closed' ? {} : { [DEADLINE_NAMES[state]]: at },
    next: {
      waitsFor,
      actions: allowed[viewer === 'staff' ? 'mediator' : viewer].filter(
        (event) => !stands || (decision === null && mayThoughFrozen(event, claimsAll(dispute))),
      ),
      escalateFrom: !stands && state === 'negotiating' ? (escalateFrom?.toISOString() ?? null) : null,
      evidence: decision === null && EVIDENCE_STATES.includes(state),
      automatic: at === undefined || automatic === undefined ? null : { at, says: automatic.says },
    },
  };
}

export const viewerOf = ({ buyerId, sellerId }: Dispute, userId: string): 'buyer' | 'seller' | undefined =>
  userId === buyerId ? 'buyer' : userId === sellerId ? 'seller' : undefined;

/** Whoever may read and judge every dispute. */
/** Who mediates. */
export const MEDIATORS = ['mediator', 'admin'] as const;
export const isMediator = (roles: readonly string[]): boolean => MEDIATORS.some((role) => roles.includes(role));
