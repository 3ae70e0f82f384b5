/** The side effects of a dispute, and of a purchase that has one. */
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { commandIdOf } from '../../api/idempotency/idempotency.ts';
import { disputeSettledSignal, disputeWorkflowId } from '../../contracts/dispute.ts';
import type { PurchaseId } from '../../contracts/ids.ts';
import type { DisputeEvent } from '../../services/disputes/rules.ts';
import { laid, moveDispute, disputed as takenByTheBank } from './chargebacks.ts';
import { contested, does, EUR, escalatable, inMediation, disputed as opened } from './disputes.ts';
import { withDatabase } from './outcomes.ts';
import {
  bought,
  type Cast,
  insist,
  nothing,
  post,
  type Setting,
  type SideEffect,
  type Sold,
  type Staff,
  type Unplayed,
  type Ways,
  withTemporal,
} from './side-effect.ts';
import { waitFor } from './wait-for.ts';

const CLAIM = { reason: 'damaged', description: 'It is broken.' };
const RULING = { refund: EUR(1_000), reason: 'So it is.' };

/** A purchase with a dispute; `dispute` is its path below `/v1`. */
export type InDispute = Sold & { readonly id: string; readonly dispute: string };

/** Delivered and disputed: the seller has to answer. */
export async function disputed(cast: Cast, amount?: number): Promise<InDispute> {
  const sold = await bought(cast, ['accept', 'deliver'], amount === undefined ? {} : { amount });
  const { id } = await opened(cast.buyer, sold.purchaseId, CLAIM);
  return { ...sold, id, dispute: `disputes/${id}` };
}

/** The seller offers to give so much back. */
export async function offered(cast: Cast, refund: number): Promise<InDispute> {
  const about = await disputed(cast);
  await does(cast.seller, about, 'response', { answer: 'offer', refund: EUR(refund) });
  return about;
}

async function negotiating(cast: Cast): Promise<InDispute> {
  const about = await disputed(cast);
  await contested(cast.seller, about);
  return about;
}

async function mediating(cast: Cast, amount?: number): Promise<InDispute> {
  const about = await disputed(cast, amount);
  await inMediation(cast, about);
  return about;
}

async function ruled(cast: Cast): Promise<InDispute> {
  const about = await mediating(cast);
  await does(cast.mediator, about, 'rulings', RULING);
  return about;
}

async function appealed(cast: Cast): Promise<InDispute> {
  const about = await ruled(cast);
  await does(cast.buyer, about, 'appeal', { text: 'It was not looked at.' });
  return about;
}

/** Of a ruling about so much a second mediator has to approve. */
const MUCH = 60_000;

const FOLLOWED = {
  accept_claim: {
    asks: undefined,
    set: async (cast) => doing(await disputed(cast), cast.seller, 'response', { answer: 'accept' }),
    ended: ({ state }, { dispute }) => state === 'refunded' && dispute?.state === 'closed',
  },
  contest: {
    asks: undefined,
    set: async (cast) => doing(await disputed(cast), cast.seller, 'response', { answer: 'contest', text: 'No.' }),
    ended: (_purchase, { dispute }) => dispute?.state === 'negotiating',
  },
  make_offer: {
    asks: undefined,
    set: async (cast) => doing(await negotiating(cast), cast.buyer, 'offers', { refund: EUR(2_000) }),
    ended: (_purchase, { dispute }) => dispute?.state === 'negotiating',
  },
  accept_offer: {
    asks: undefined,
    set: async (cast) => doing(await offered(cast, 1_000), cast.buyer, 'offers/1/accept'),
    ended: ({ state }, { dispute }) => state === 'released' && dispute?.state === 'closed',
  },
  escalate: {
    asks: undefined,
    set: async (cast) => {
      const about = await negotiating(cast);
      await escalatable(cast.buyer, about);
      return doing(about, cast.buyer, 'escalate');
    },
    ended: (_purchase, { dispute }) => dispute?.state === 'mediating',
  },
  rule: {
    asks: undefined,
    set: async (cast) => ruling(await mediating(cast), cast.mediator),
    ended: (_purchase, { dispute }) => dispute?.state === 'ruled',
  },
  'rule about much': {
    asks: undefined,
    set: async (cast) => ruling(await mediating(cast, MUCH), cast.mediator),
    ended: (_purchase, { dispute }) => dispute?.state === 'mediating',
  },
  'rule on appeal': {
    asks: undefined,
    set: async (cast) => ruling(await appealed(cast), cast.otherMediator),
    ended: ({ state }, { dispute }) => state === 'released' && dispute?.state === 'closed',
  },
  approve: {
    asks: undefined,
    set: async (cast) => {
      const about = await mediating(cast, MUCH);
      await does(cast.mediator, about, 'rulings', RULING);
      return mediates(about, cast.otherMediator, 'approveRuling', 'rulings/1/approve');
    },
    ended: (_purchase, { dispute }) => dispute?.state === 'ruled',
  },
  appeal: {
    asks: undefined,
    set: async (cast) => doing(await ruled(cast), cast.buyer, 'appeal', { text: 'It was not looked at.' }),
    ended: (_purchase, { dispute }) => dispute?.state === 'appealed',
  },
  'waive_appeal first': {
    asks: undefined,
    set: async (cast) => doing(await ruled(cast), cast.seller, 'waive-appeal'),
    ended: (_purchase, { dispute }) => dispute?.waived.length === 1,
  },
  waive_appeal: {
    asks: undefined,
    set: async (cast) => {
      const about = await ruled(cast);
      await does(cast.seller, about, 'waive-appeal');
      return doing(about, cast.buyer, 'waive-appeal');
    },
    ended: ({ state }, { dispute }) => state === 'released' && dispute?.state === 'closed',
  },
  response_window_over: {
    asks: undefined,
    set: async (cast) => passing(await disputed(cast), 'response_window_over'),
    ended: ({ state }, { dispute }) => state === 'refunded' && dispute?.state === 'closed',
  },
  negotiation_over: {
    asks: undefined,
    set: async (cast) => passing(await negotiating(cast), 'negotiation_over'),
    ended: (_purchase, { dispute }) => dispute?.state === 'mediating',
  },
  mediation_over: {
    asks: undefined,
    set: async (cast) => passing(await mediating(cast), 'mediation_over'),
    ended: (_purchase, { dispute }) => dispute?.state === 'ruled',
  },
  appeal_window_over: {
    asks: undefined,
    set: async (cast) => passing(await ruled(cast), 'appeal_window_over'),
    ended: ({ state }, { dispute }) => state === 'released' && dispute?.state === 'closed',
  },
  appeal_over: {
    asks: undefined,
    set: async (cast) => passing(await appealed(cast), 'appeal_over'),
    ended: ({ state }, { dispute }) => state === 'released' && dispute?.state === 'closed',
  },
  closed_by_purchase: { unplayed: 'the step of the purchase that carries the decision out closes it, and is played' },
} as const satisfies Readonly<Record<DisputeEvent, SideEffect | Unplayed>> & Ways;

export const DISPUTE_EFFECTS = {
  pauseForDispute: {
    asks: undefined,
    set: async (cast) => {
      const sold = await bought(cast, ['accept', 'deliver']);
      const path = `purchases/${sold.purchaseId}/disputes`;
      return { ...sold, go: () => insist((key) => post(cast.buyer, path, CLAIM, key)) };
    },
    ended: ({ state }, { dispute }) => state === 'disputed' && dispute?.state === 'opened',
  },
  noteDecision: {
    asks: undefined,
    set: async (cast) => {
      const about = await disputed(cast);
      const { waitsFor: _itself, ...setting } = doing(about, cast.seller, 'response', { answer: 'accept' });
      return setting;
    },
    ended: ({ state }, { dispute }) => state === 'refunded' && dispute?.state === 'closed',
  },
  decideAtHoldLimit: { unplayed: 'only the clock brings it about; it commits as noteDecision does' },
  readDispute: { unplayed: 'it only reads' },
  followDispute: FOLLOWED,
  freezeDispute: {
    frozen: {
      asks: undefined,
      set: async (cast) => {
        const about = await disputed(cast);
        return { ...waiting(about), go: () => takenByTheBank(about.purchaseId).then(nothing) };
      },
      ended: ({ chargeback }, { dispute }) => chargeback === 'open' && dispute?.frozenSince instanceof Date,
    },
    resumed: {
      asks: undefined,
      set: async (cast) => {
        const about = await disputed(cast);
        const { id } = await takenByTheBank(about.purchaseId);
        await laid(cast.buyer, about.purchaseId, 'open');
        return { ...waiting(about), go: () => moveDispute(id, 'won').then(nothing) };
      },
      ended: ({ chargeback }, { dispute }) => chargeback === 'won' && dispute?.frozenSince === null,
    },
  },
} as const satisfies Readonly<Record<string, SideEffect | Ways | Unplayed>>;

/** A step that waits for the row of the dispute. */
const waiting = ({ listingId, purchaseId, id }: InDispute) =>
  ({ listingId, purchaseId, waitsFor: { table: 'disputes.disputes', id } }) as const;

/** Somebody does something about it. */
const doing = (
  about: InDispute,
  who: { readonly accessToken: string },
  what: string,
  body: Record<string, unknown> = {},
): Setting => ({ ...waiting(about), go: () => insist((key) => post(who, `${about.dispute}/${what}`, body, key)) });

/** A mediator leaves a trace before anything else, for which the API has the row: what is waited for is the very step. */
function mediates(
  { listingId, purchaseId, id, dispute }: InDispute,
  { id: mediator, accessToken }: Staff,
  operation: 'ruleOnDispute' | 'approveRuling',
  what: string,
  body: Record<string, unknown> = {},
): Setting {
  const key = randomUUID();
  const step = commandIdOf(mediator, operation, key);
  return {
    listingId,
    purchaseId,
    waitsFor: { table: 'disputes.steps', id, step },
    go: () => insist((same) => post({ accessToken }, `${dispute}/${what}`, body, same), key),
  };
}

const ruling = (about: InDispute, mediator: Staff): Setting =>
  mediates(about, mediator, 'ruleOnDispute', 'rulings', RULING);

/** Its time is over, which its flow finds when it looks: as after a word of its purchase. */
async function passing(about: InDispute, event: DisputeEvent): Promise<Setting> {
  const { listingId, purchaseId, id } = about;
  const workflowId = disputeWorkflowId(purchaseId as PurchaseId, 1);
  await withTemporal(({ client }) =>
    // It has read its dispute, so it does not by itself any more.
    waitFor(async () => hasRead(await client.workflow.getHandle(workflowId).fetchHistory()), {
      what: 'the flow of the dispute',
      timeoutMs: 30_000,
    }),
  );
  const at = new Date();
  const go = async () => {
    const text = 'UPDATE disputes.disputes SET deadline_at = $2 WHERE id = $1 AND deadline_event = $3';
    const { rowCount } = await withDatabase((database) => database.query(text, [id, at, event]));
    if (rowCount !== 1) throw new Error(`${id} does not wait for ${event}`);
    await withTemporal(({ client }) =>
      client.workflow.getHandle(workflowId).signal(disputeSettledSignal, { eventId: randomUUID() }),
    );
    return undefined;
  };
  const waitsFor = { table: 'disputes.steps', id, step: `${event}/${at.getTime()}` } as const;
  return { listingId, purchaseId, waitsFor, go };
}

const hasRead = ({ events }: Awaited<ReturnType<WorkflowHandle['fetchHistory']>>): boolean =>
  events?.some(({ markerRecordedEventAttributes }) => markerRecordedEventAttributes != null) ?? false;
