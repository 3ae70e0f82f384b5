/** What a purchase does not allow now: who can do what instead, and where its dispute is answered. */
import { z } from 'zod';
import { conflict, type Problem } from '../../platform/errors.ts';
import { allowedNow, findDispute } from '../../services/disputes/index.ts';
import { explain, type Purchase } from '../../services/transactions/index.ts';
import type { ApiDeps } from '../deps.ts';

const actions = z.array(z.string());

/** The members of `NOT_ALLOWED_NOW`, of purchases and of disputes. */
export const notAllowedMembers = {
  state: z.string().optional().meta({ description: 'Where the purchase, or the dispute, stands.' }),
  allowed: z.object({ buyer: actions, seller: actions, mediator: actions.optional() }).optional().meta({
    description: 'With `NOT_ALLOWED_NOW`: what each can do now. Mediators do something about disputes alone.',
  }),
  dispute: z
    .object({
      id: z.string(),
      href: z.string(),
      state: z.string(),
      allowed: z.object({ buyer: actions, seller: actions }),
    })
    .optional()
    .meta({
      description: 'With `NOT_ALLOWED_NOW`: the dispute about the purchase, and what can be done there, at `href`.',
    }),
};

/** @param more further members of the problem */
export async function notAllowedNow(
  database: ApiDeps['database'],
  purchase: Purchase,
  detail: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Problem> {
  const { state, mayAct } = explain(purchase, Date.now());
  const actionsOf = (side: string) => mayAct.find(({ party }) => party === side)?.actions ?? [];
  const allowed = { buyer: actionsOf('buyer'), seller: actionsOf('seller') };
  const open = purchase.dispute === null ? undefined : await findDispute(database, purchase.dispute.id);
  if (open === undefined) return conflict('NOT_ALLOWED_NOW', detail, { state, allowed, ...more });
  const { buyer, seller } = allowedNow(open, Date.now());
  const href = `/v1/disputes/${open.id}`;
  const dispute = { id: open.id, href, state: open.state, allowed: { buyer, seller } };
  return conflict('NOT_ALLOWED_NOW', `${detail} It goes on in its dispute: ${href}`, {
    state,
    allowed,
    dispute,
    ...more,
  });
}
