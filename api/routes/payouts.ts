import type { ApiDeps } from '../deps.ts';
import { balanceOf, balanceSchema } from '../payouts/balance.ts';
import { type Route, route } from '../route.ts';

type PayoutRoutesDeps = Pick<ApiDeps, 'database' | 'payments'>;

/** What sellers have with us and at Stripe. */
export function payoutRoutes(deps: PayoutRoutesDeps): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/balance',
      operationId: 'getBalance',
      tag: 'payouts',
      summary: 'See what you have as a seller, by currency',
      description:
        'Minor units. What is `held` becomes `payable` when a purchase is released, is then sent to your account at ' +
        'Stripe, is `available` there some days later, and is paid out to your bank from there.',
      policy: { access: 'member' },
      responses: { 200: { description: 'Your balance.', schema: balanceSchema } },
      handle: async ({ caller, log }) => ({ status: 200, body: await balanceOf(deps, caller().userId, log) }),
    }),
  ];
}
