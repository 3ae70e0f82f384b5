/** Replaying what a running Temporal has, as an engineer does before a deploy. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BUYER_ID, SELLER_ID } from '../../contracts/search-attributes.ts';
import { createWorkerConverter } from '../../platform/temporal/data-converter.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { type PlantedBundle, plantBundle } from '../helpers/planted-bundle.ts';
import { act, buy, publishedListing } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { waitFor } from '../helpers/wait-for.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HEALTHY = 200;
const BUYERS_AT_ONCE = 4;

let seller: Person;
let buyer: Person;
let planted: PlantedBundle;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  [seller, buyer, planted, connection] = await Promise.all([
    verifiedSeller(),
    verifiedBuyer(),
    plantBundle(),
    Connection.connect({ address: stack().temporal.address }),
  ]);
  const dataConverter = createWorkerConverter(stack().env['PAYLOAD_KEYS']?.split(',') ?? []);
  client = new Client({ connection, namespace: stack().temporal.namespace, dataConverter });
});
afterAll(async () => {
  planted.remove();
  await connection.close();
});

/** `npm run replay`, with the settings of the stack's roles. */
function replay(...args: string[]): Promise<{ code: number; out: string; progress: string }> {
  return new Promise((resolve) => {
    const command = ['--import', 'tsx', 'scripts/replay.ts', ...args];
    execFile(process.execPath, command, { cwd: ROOT, env: stack().env }, (error, out, progress) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, progress });
    });
  });
}

/** Purchases of one seller: some go all the way, most wait for the seller. @returns their ids */
async function manyPurchases(): Promise<string[]> {
  const listing = await publishedListing(seller, { stock: HEALTHY });
  const ids: string[] = [];
  const shopper = async (): Promise<void> => {
    while (ids.length < HEALTHY) {
      const place = ids.push('') - 1;
      const { body } = await buy(buyer, listing);
      ids[place] = body.id;
      if (place % 10 === 0) {
        for (const [who, action] of [
          [seller, 'accept'],
          [seller, 'deliver'],
          [buyer, 'confirm'],
        ] as const) {
          await act(who, body.id, action);
        }
      }
    }
  };
  await Promise.all(Array.from({ length: BUYERS_AT_ONCE }, shopper));
  return ids;
}

/** A purchase whose history was made by other code, under the ids of the others. @returns its workflow id */
async function plantedPurchase(): Promise<string> {
  const workflowId = `purchase/pur_${randomUUID().replaceAll('-', '')}`;
  const taskQueue = 'planted';
  const native = await NativeConnection.connect({ address: stack().temporal.address });
  const worker = await Worker.create({
    connection: native,
    namespace: stack().temporal.namespace,
    taskQueue,
    workflowBundle: planted.bundle,
    dataConverter: createWorkerConverter(stack().env['PAYLOAD_KEYS']?.split(',') ?? []),
    activities: {
      readStanding: () => ({}),
      openPurchase: () => {
        throw ApplicationFailure.nonRetryable('It is sold out.', 'SOLD_OUT');
      },
    },
  });
  await worker.runUntil(
    client.workflow.execute('purchase', {
      workflowId,
      taskQueue,
      args: [{ purchaseId: workflowId.slice('purchase/'.length), buyerId: buyer.id, sellerId: seller.id }],
      typedSearchAttributes: [
        { key: BUYER_ID, value: buyer.id },
        { key: SELLER_ID, value: seller.id },
      ],
    }),
  );
  await native.close();
  return workflowId;
}

test('one purchase that the code would not lead to is found among 200 healthy ones, and named', async () => {
  const ids = await manyPurchases();
  const query = `WorkflowType = 'purchase' AND SellerId = '${seller.id}'`;
  const seen = (count: number) =>
    waitFor(async () => (await client.workflow.count(query)).count === count, {
      what: `${count} purchases to be listed`,
      timeoutMs: 20_000,
    });
  await seen(HEALTHY);
  expect(await replay('--query', query)).toMatchObject({ code: 0, out: '200 replayed, 0 would not go on.\n' });

  const strange = await plantedPurchase();
  await seen(HEALTHY + 1);
  const { code, out, progress } = await replay('--query', query);
  expect(code).toBe(1);
  expect(progress).toContain('200 of 201 replayed');
  expect(out).toMatch(/^201 replayed, 1 would not go on\.\n\n/);
  expect(out).not.toContain('Encoded failure');
  expect(out).toContain(`${strange}: the code does not lead to these events of the history: `);
  expect(out).toContain('4 WorkflowTaskCompleted, 5 MarkerRecorded readStanding, 6 MarkerRecorded openPurchase');
  expect(out).toContain('Here the code does: openPurchase (local activity).');

  expect(await replay(`purchase/${ids[0]}`)).toMatchObject({ code: 0, out: '1 replayed, 0 would not go on.\n' });
  expect((await replay(strange)).code).toBe(1);
}, 180_000);

test.each([
  ['an unknown workflow', ['purchase/none'], 'Temporal says: workflow not found for ID: purchase/none'],
  ['a query that Temporal does not understand', ['--query', 'Colour = 3'], 'Temporal says: '],
  ['nothing', [], 'Usage: npm run replay -- <workflow id>'],
  ['an unknown option', ['--all'], 'Usage: npm run replay -- <workflow id>'],
])('%s is said in a sentence', async (_what, args, message) => {
  const { code, progress } = await replay(...args);
  expect(code).toBe(1);
  expect(progress).toContain(message);
  expect(progress).not.toContain('    at ');
});
