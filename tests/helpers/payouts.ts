import { orThrow } from '../../client/index.ts';
import { request } from './client.ts';
import type { Person } from './people.ts';
import { stack } from './stack.ts';

/** What a seller has. */
export const balance = ({ client }: Person) => orThrow(client.GET('/v1/balance'));

/** What was sent to a seller's bank, as we know of it. */
export const payouts = async ({ client }: Person) => (await orThrow(client.GET('/v1/payouts'))).data;

/** The bank takes a payout, or refuses it, as the sandbox plays it. */
export async function bankSays(payoutId: string, status: 'in_transit' | 'paid' | 'failed'): Promise<void> {
  const answer = await request('POST', `/_control/payouts/${payoutId}`, {
    base: stack().urls.sandbox,
    body: { status, ...(status === 'failed' && { failureCode: 'account_closed' }) },
  });
  if (answer.status !== 200) throw new Error(`the bank does not: ${JSON.stringify(answer.body)}`);
}
