/** A refund of a part that something else overtakes: whoever asked for it hears that it was not made. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { actionRoutes } from '../../api/purchases/actions.ts';
import { createPurchaseCommands, type PurchaseCommands } from '../../api/purchases/commands.ts';
import type { Request } from '../../api/route.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import { createLogger } from '../../platform/logging.ts';
import { connectTemporal, type Temporal } from '../../platform/temporal/client.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { sold } from '../helpers/chargebacks.ts';
import { request } from '../helpers/client.ts';
import { TEST_PAYLOAD_KEYS } from '../helpers/payload-key.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { reached, read } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { staffToken } from '../helpers/staff.ts';

const log = createLogger({ role: 'test', level: 'error' });
let buyer: Person;
let seller: Person;
let finance: { readonly accessToken: string };
let database: Database;
let temporal: Temporal;
beforeAll(async () => {
  [buyer, seller, finance] = await Promise.all([verifiedBuyer(), verifiedSeller(), staffToken('finance')]);
  database = openDatabase({ url: stack().databases.app, maxConnections: 2, applicationName: 'test', log });
  const { address, namespace } = stack().temporal;
  temporal = connectTemporal({
    temporal: { connection: { address }, namespace },
    PAYLOAD_KEYS: [...TEST_PAYLOAD_KEYS],
  });
});
afterAll(() => Promise.all([database.close(), temporal.close()]));

/** Refunds as the route does it, and everything between its look and its command. */
function refund(id: string, amount: number, between: () => Promise<unknown>) {
  const real = createPurchaseCommands({ database, temporal });
  const commands: PurchaseCommands = {
    ...real,
    send: async (...command) => {
      await between();
      return real.send(...command);
    },
  };
  const route = actionRoutes({ database, temporal }, commands).find(
    ({ operationId }) => operationId === 'refundPurchase',
  );
  const asked = {
    params: { id },
    body: { amount: { amount, currency: 'EUR' } },
    caller: () => ({ userId: seller.id, sessionId: 'ses_1', roles: ['member'], emailVerified: true }),
    commandId: crypto.randomUUID(),
    log,
  };
  return route?.handle(asked as unknown as Request);
}

test('finance refund all of it meanwhile: the part was not given back, and that is the answer', async () => {
  const id = await sold({ seller, buyer }, ['accept']);
  const answer = refund(id, 1_000, async () => {
    const all = { token: finance.accessToken, body: { reason: 'They agreed on the phone.' } };
    expect((await request('POST', `/v1/purchases/${id}/refunds`, all)).status).toBe(200);
    await reached(buyer, id, 'refunded');
  });
  await expect(answer).rejects.toMatchObject({ status: 409, code: 'NOT_ALLOWED_NOW' });
  const { body } = await read(buyer, id);
  expect(body.refunds).toMatchObject([{ amount: 2_500 }]);
  await expectEqualBooks(body);
});

test('nothing comes in between: the part is given back', async () => {
  const id = await sold({ seller, buyer }, ['accept']);
  expect(await refund(id, 1_000, () => Promise.resolve())).toMatchObject({ status: 200 });
  const { body } = await read(buyer, id);
  expect(body.refunds).toMatchObject([{ amount: 1_000 }]);
  await expectEqualBooks(body);
});
