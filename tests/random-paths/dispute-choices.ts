/** What the parties do about a dispute between them, of what it offers. */
import type { Schemas } from '../../client/index.ts';
import { request } from '../helpers/client.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { ASK_EVERY_MS, type Choice, isPaused, PATIENCE_MS, post, type Side, settled, type Walk } from './actions.ts';

type Dispute = Schemas['Dispute'];

/** The newest dispute of a purchase, as one of its parties sees it. */
export async function disputeOf(walk: Walk, side: Side): Promise<Dispute> {
  return waitFor(
    async () => {
      const token = await walk[side].token();
      const { body } = await request<{ data: Dispute[] }>('GET', `/v1/purchases/${walk.id}/disputes`, { token });
      return body.data.at(-1);
    },
    { what: `the dispute about ${walk.id}`, timeoutMs: PATIENCE_MS, intervalMs: ASK_EVERY_MS },
  );
}

interface Sent {
  readonly path: string;
  readonly body?: Record<string, unknown>;
}

/** How an action is sent; those that are missing are not taken here: they need a mediator, or their time. */
const ACTIONS: Readonly<Record<string, (dispute: Dispute, side: Side) => Sent>> = {
  accept_claim: () => ({ path: 'response', body: { answer: 'accept' } }),
  contest: () => ({ path: 'response', body: { answer: 'contest', text: 'It was as described.' } }),
  make_offer: ({ state, disputed }, side) => {
    const refund = { amount: Math.floor((disputed.amount * (side === 'buyer' ? 71 : 29)) / 100), currency: 'EUR' };
    return state === 'opened'
      ? { path: 'response', body: { answer: 'offer', refund } }
      : { path: 'offers', body: { refund } };
  },
  accept_offer: ({ offers }, side) => {
    const offer = offers.findLast(({ by, status }) => by !== side && status === 'open');
    return { path: `offers/${offer?.number ?? 0}/accept` };
  },
};

/** In an order that is always the same. */
export async function disputeChoices(walk: Walk): Promise<readonly Choice[]> {
  const choices: Choice[] = [];
  for (const side of ['buyer', 'seller'] as const) {
    const dispute = await disputeOf(walk, side);
    for (const action of dispute.next.actions.toSorted()) {
      const sent = ACTIONS[action];
      if (sent !== undefined) choices.push({ name: `${side} ${action}`, weight: 1, take: taken(side, sent) });
    }
  }
  return choices;
}

const taken =
  (side: Side, sent: (dispute: Dispute, side: Side) => Sent): Choice['take'] =>
  async (walk, purchase) => {
    const dispute = await disputeOf(walk, side);
    const { path, body } = sent(dispute, side);
    const answer = await post(walk[side], `/v1/disputes/${dispute.id}/${path}`, body);
    if (answer.status !== 200) return answer.body.code;
    // What is decided is carried out by the purchase, as soon as its money may move.
    if (!isPaused(purchase) && (await disputeOf(walk, side)).decision !== null)
      await settled(walk, ({ state }) => state !== 'disputed');
    return undefined;
  };
