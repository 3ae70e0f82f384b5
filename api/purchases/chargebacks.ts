/** What finance does about chargebacks: look at them and at what the bank is told, submit that, or give one up. */
import type { UpdateDefinition } from '@temporalio/common';
import { z } from 'zod';
import { acceptChargebackUpdate, answerChargebackUpdate, type ChargebackOrder } from '../../contracts/chargeback.ts';
import { type PurchaseOutcome, purchaseWorkflowId } from '../../contracts/purchase.ts';
import { conflict, notFound } from '../../platform/errors.ts';
import { closedText, isLive, overlayOfOne } from '../../services/transactions/chargeback-rules.ts';
import { evidenceOf, MAX_STATEMENT } from '../../services/transactions/evidence-rules.ts';
import {
  chargebacksOf,
  type Purchase,
  readAsStaff,
  type StoredChargeback,
  timelineOf,
  wasAccepted,
  wasAsked,
} from '../../services/transactions/index.ts';
import type { ApiDeps } from '../deps.ts';
import { type Policy, type Reply, type Request, type Route, route } from '../route.ts';
import { idOf, text } from '../schemas.ts';
import { chargebackBody, chargebackSchema, evidenceBody, evidenceSchema } from './chargeback-view.ts';
import type { PurchaseCommands } from './commands.ts';

type ChargebackDeps = Pick<ApiDeps, 'database'>;

const path = '/v1/admin/purchases/{id}/chargebacks';
const params = z.strictObject({ id: idOf('pur') });
const oneParams = params.extend({ chargebackId: z.string().regex(/^\w{1,255}$/) });
const policy: Policy = { access: 'staff', roles: ['finance', 'admin'] };

const COMMON = { method: 'post', tag: 'staff', idempotency: 'converge', policy, params: oneParams } as const;
const RESPONSES = {
  200: { description: 'It is committed.', schema: chargebackSchema },
  202: { description: 'It is under way: read it again in a moment.', schema: chargebackSchema },
} as const;
const CHARGEBACK_UNCLEAR = {
  status: 409,
  when: 'its money moved in another currency than the purchase is in.',
} as const;
const IN_PROGRESS = { status: 409, when: 'a change of this purchase is in progress.' } as const;

export function chargebackRoutes(deps: ChargebackDeps, commands: PurchaseCommands): Route[] {
  return [
    listRoute(deps),
    route({
      ...COMMON,
      path: `${path}/{chargebackId}/evidence`,
      operationId: 'answerChargeback',
      summary: 'Submit the evidence about it now',
      description:
        'The bank takes evidence once: afterwards it only decides. Without this call it is submitted by itself, some time ' +
        'before the bank stops taking it.',
      body: z
        .strictObject({
          statement: text(1, MAX_STATEMENT).optional().meta({
            description:
              'What you add to the facts. Of what the parties wrote, only what you selected and redacted; nothing about health.',
          }),
        })
        .meta({ id: 'NewEvidence' }),
      responses: RESPONSES,
      problems: {
        IN_PROGRESS,
        CHARGEBACK_UNCLEAR,
        NOT_ANSWERABLE: { status: 409, when: 'the bank takes no evidence about it any more.' },
        PAYMENT_REFUSED: { status: 409, when: 'Stripe refused the evidence.' },
      },
      handle: ({ body: { statement }, ...request }) =>
        order(deps, commands, request, answerChargebackUpdate, statement === undefined ? {} : { statement }),
    }),
    route({
      ...COMMON,
      path: `${path}/{chargebackId}/accept`,
      operationId: 'acceptChargeback',
      summary: 'Give it up: the bank keeps what it took',
      description:
        'A formal one is lost then, an inquiry is closed. After the release the seller’s part is taken back. Of one that the bank ' +
        'has decided you accept that no more of its money moves: see `awaited`.',
      responses: RESPONSES,
      problems: {
        IN_PROGRESS,
        CHARGEBACK_UNCLEAR,
        CHARGEBACK_CLOSED: {
          status: 409,
          when: 'it is over, and nobody gave it up: `chargeback` says how it stands at Stripe.',
        },
      },
      handle: async (request) => {
        await refuseClosed(deps, request.params);
        return order(deps, commands, request, acceptChargebackUpdate, {});
      },
    }),
  ];
}

function listRoute({ database }: ChargebackDeps): Route {
  return route({
    method: 'get',
    path,
    operationId: 'listChargebacks',
    tag: 'staff',
    summary: 'Read what the buyer’s bank does about its payment, and what the bank is told',
    description: 'That you looked stands in the audit trail.',
    policy,
    params,
    responses: {
      200: {
        description: 'All of them, and the evidence as it would be submitted now.',
        schema: z
          .object({ data: z.array(chargebackSchema), evidence: evidenceSchema })
          .meta({ id: 'PurchaseChargebacks' }),
      },
    },
    handle: async ({ params: { id }, caller }) => {
      const story = await readAsStaff(database, id, { type: 'staff', id: caller().userId });
      if (story === undefined) throw notFound('purchase');
      const { purchase, chargebacks } = story;
      return {
        status: 200,
        body: { data: chargebacks.map(chargebackBody), evidence: await evidenceFor(database, purchase) },
      };
    },
  });
}

async function evidenceFor(database: ApiDeps['database'], purchase: Purchase): Promise<z.input<typeof evidenceSchema>> {
  const source = { ...purchase, capturedAt: purchase.payment.capturedAt };
  return evidenceBody(evidenceOf(source, await timelineOf(database, purchase)));
}

type One = z.output<typeof oneParams>;

/** @throws Problem 404 */
async function chargebackOf(database: ApiDeps['database'], { id, chargebackId }: One): Promise<StoredChargeback> {
  const one = (await chargebacksOf(database, id)).find((candidate) => candidate.id === chargebackId);
  if (one === undefined) throw notFound('chargeback');
  return one;
}

/** What is over cannot be given up; what finance gave up before is so still. @throws Problem 404, 409 */
async function refuseClosed({ database }: ChargebackDeps, params: One): Promise<void> {
  const one = await chargebackOf(database, params);
  if (isLive(overlayOfOne(one)) || (await wasAccepted(database, one)) || (await wasAsked(database, one))) return;
  throw conflict('CHARGEBACK_CLOSED', closedText(one), { chargeback: one.status });
}

type OrderRequest = Pick<Request<One>, 'params' | 'caller' | 'commandId' | 'log'>;

/** Sends what finance wants to the flow that writes the purchase, and answers how the chargeback stands then. */
async function order(
  { database }: ChargebackDeps,
  commands: PurchaseCommands,
  { params: { id, chargebackId }, caller, commandId, log }: OrderRequest,
  update: UpdateDefinition<PurchaseOutcome, [ChargebackOrder]>,
  more: Pick<ChargebackOrder, 'statement'>,
): Promise<Reply> {
  const { userId: staffId } = caller();
  const read = async () => chargebackBody(await chargebackOf(database, { id, chargebackId }));
  await read();
  const result = await commands.sendAbout(id, update, { staffId, chargebackId, ...more }, commandId);
  log.info('finance dealt with a chargeback', {
    workflowId: purchaseWorkflowId(id),
    order: update.name,
    chargebackId,
    staffId,
    result,
  });
  if (result === 'ended') throw conflict('IN_PROGRESS', 'What takes care of it has just ended. Try again in a moment.');
  if (result === 'done') return { status: 200, body: await read() };
  const headers = { Location: path.replace('{id}', id) };
  return { status: 202, headers, body: await read(), final: false };
}
