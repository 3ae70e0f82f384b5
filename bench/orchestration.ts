/**
 * What a purchase costs in Temporal: our workflow against the same flow written the usual way, both with activities that do
 * nothing, the same converter, and a worker of their own on the same server.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, WithStartWorkflowOperation, WorkflowIdConflictPolicy } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import type { UserId } from '../contracts/ids.ts';
import {
  acceptPurchaseUpdate,
  confirmPurchaseUpdate,
  deliverPurchaseUpdate,
  openPurchaseUpdate,
  type PurchaseInput,
  purchaseWorkflowId,
} from '../contracts/purchase.ts';
import { BUYER_ID, PURCHASE_STATE, SELLER_ID } from '../contracts/search-attributes.ts';
import { newId } from '../platform/ids.ts';
import { createDataConverter } from '../platform/temporal/data-converter.ts';
import { stampedUpdates } from '../platform/temporal/stamped-updates.ts';
import { TEMPORAL_DATABASES } from '../scripts/stack/temporal-schema.ts';
import type { Stack } from '../scripts/stack/types.ts';
import type { BenchContext, Benchmark, Result } from './bench.ts';
import { type Child, startChild } from './child.ts';
import { cpuSeconds, STATISTICS_DELAY_MS, type TransactionCounter, transactionCounter } from './measure.ts';
import { type Contestant, type Figures, inTurns, percentile, ratioOf } from './rounds.ts';
import { acceptUpdate, confirmUpdate, deliverUpdate, openUpdate } from './shapes/usual-purchase.ts';

/** In one round, by so many clients at once. */
const PURCHASES = 100;
const STARTS = 200;
const CLIENTS = 8;
const QUEUES = { ours: 'bench-ours', usual: 'bench-usual' } as const;

interface Rig {
  readonly stack: Stack;
  readonly client: Client;
  readonly counter: TransactionCounter;
  readonly workers: Readonly<Record<keyof typeof QUEUES, Child>>;
  close(): Promise<void>;
}

async function openRig(stack: Stack): Promise<Rig> {
  const connection = await Connection.connect({ address: stack.temporal.address });
  const payloadKeys = stack.env['PAYLOAD_KEYS'] ?? '';
  const dataConverter = createDataConverter(payloadKeys.split(','));
  const client = new Client({
    connection,
    namespace: stack.temporal.namespace,
    dataConverter,
    interceptors: { workflow: [stampedUpdates] },
  });
  const start = (shape: keyof typeof QUEUES): Promise<Child> =>
    startChild('./worker.ts', {
      BENCH_SHAPE: shape,
      BENCH_TASK_QUEUE: QUEUES[shape],
      TEMPORAL_ADDRESS: stack.temporal.address,
      TEMPORAL_NAMESPACE: stack.temporal.namespace,
      PAYLOAD_KEYS: payloadKeys,
    });
  const starting = { ours: start('ours'), usual: start('usual') };
  const [ours, usual] = await Promise.all([starting.ours, starting.usual]).catch(async (error: unknown) => {
    // One that is left running would keep this process from ending.
    await Promise.allSettled(Object.values(starting).map(async (child) => (await child).stop()));
    await connection.close();
    throw error;
  });
  const counter = await transactionCounter(
    stack.databases.superuser ?? '',
    TEMPORAL_DATABASES.map(({ name }) => name),
  );
  const close = async (): Promise<void> => {
    await Promise.all([ours.stop(), usual.stop(), counter.close()]);
    await connection.close();
  };
  return { stack, client, counter, workers: { ours, usual }, close };
}

export const purchaseCost: Benchmark = {
  name: 'purchase',
  about: 'a purchase of four commands, against one remote activity for each provider call and each record',
  needs: 'temporal',
  run: (context) =>
    withRig(context, async (rig) => {
      const rounds = await inTurns(
        { name: 'ours', round: () => purchases(rig, 'ours', playOurs) },
        { name: 'usual', round: () => purchases(rig, 'usual', playUsual) },
        progressOf(context, 'purchase'),
      );
      return [
        result('CPU of a purchase', 'ms', { atMost: 0.5 }, 'cpuMs'),
        result('database transactions of a purchase', 'tx', { atMost: 0.4 }, 'transactions'),
        result('events in its history', '', undefined, 'events'),
        result('size of its history', 'bytes', undefined, 'bytes'),
        result('purchases a second', '/s', undefined, 'perSecond'),
      ];

      function result(name: string, unit: string, bound: Result['bound'], figure: string): Result {
        return { name, unit, ratio: ratioOf(rounds, figure), ...(bound && { bound }) };
      }
    }),
};

export const purchaseStart: Benchmark = {
  name: 'start',
  about: 'starting a purchase until it is authorised, against a workflow that only answers the update it came with',
  needs: 'temporal',
  run: (context) =>
    withRig(context, async (rig) => {
      const contestant = (name: string, start: (rig: Rig) => Promise<unknown>): Contestant => ({
        name,
        round: async () => {
          const tookMs: number[] = [];
          await byClients(STARTS, async () => {
            const began = performance.now();
            await start(rig);
            tookMs.push(performance.now() - began);
          });
          return { p50: percentile(tookMs, 0.5), p99: percentile(tookMs, 0.99) };
        },
      });
      const rounds = await inTurns(
        contestant('ours', ({ client }) => openOurs(client)),
        contestant('bare', ({ client }) => openUsual(client, 'bareStart')),
        progressOf(context, 'start'),
      );
      return [
        { name: 'p99 of starting a purchase', unit: 'ms', ratio: ratioOf(rounds, 'p99'), bound: { atMost: 1.3 } },
        { name: 'p50 of starting a purchase', unit: 'ms', ratio: ratioOf(rounds, 'p50') },
      ];
    }),
};

/** Few, so that those which a round leaves open do not make many of few. */
const PURCHASES_AMONG_OPEN = 20;
const FEW_OPEN = 100;
/** Opening is not measured: by more clients at once it is sooner done. */
const OPENERS = 40;
/** So often it is told how many are open. */
const TOLD_EVERY = 1_000;

export const openPurchases: Benchmark = {
  name: 'open',
  about: `a purchase while many others are open (--open), against the same while ${FEW_OPEN} are`,
  needs: 'temporal',
  run: (context) =>
    withRig(context, async (rig) => {
      const { rounds, open, onProgress } = context;
      const measured = async (count: number): Promise<Figures[]> => {
        onProgress(`open: opening ${count} purchases`);
        let opened = 0;
        const openOne = async (): Promise<void> => {
          await openOurs(rig.client);
          if (++opened % TOLD_EVERY === 0) onProgress(`open: ${opened} of ${count} opened`);
        };
        await byClients(count, openOne, OPENERS);
        // The first one is thrown away: caches fill in it.
        await purchases(rig, 'ours', playOurs, PURCHASES_AMONG_OPEN);
        const figures: Figures[] = [];
        for (let round = 0; round < rounds; round++) {
          figures.push(await purchases(rig, 'ours', playOurs, PURCHASES_AMONG_OPEN));
          onProgress(`open: round ${round + 1} of ${rounds}`);
        }
        return figures;
      };
      const few = await measured(FEW_OPEN);
      const many = await measured(open - FEW_OPEN);
      const pairs = many.flatMap((ours, index) => {
        const theirs = few[index];
        return theirs === undefined ? [] : [{ ours, theirs }];
      });
      const of = (name: string, unit: string, figure: string): Result => ({
        name: `${name} of a purchase, at ${open} open ÷ at ${FEW_OPEN}`,
        unit,
        ratio: ratioOf(pairs, figure),
        bound: { atMost: 1.2 },
      });
      return [of('CPU', 'ms', 'cpuMs'), of('database transactions', 'tx', 'transactions')];
    }),
};

async function withRig<T>({ stack }: BenchContext, work: (rig: Rig) => Promise<T>): Promise<T> {
  const rig = await openRig(stack);
  try {
    return await work(rig);
  } finally {
    await rig.close();
  }
}

const progressOf = ({ rounds, onProgress }: BenchContext, name: string) => ({
  rounds,
  onRound: (done: number, of: number) => onProgress(`${name}: ${done === 0 ? 'warm' : `round ${done} of ${of}`}`),
});

/** Plays one purchase to the end of its story, as far as people go. @returns its workflow id */
type Play = (client: Client) => Promise<string>;

async function purchases(
  rig: Rig,
  shape: keyof typeof QUEUES,
  play: Play,
  count: number = PURCHASES,
): Promise<Figures> {
  const { stack, client, counter, workers } = rig;
  const pids = ['temporal', 'postgres'].flatMap((name) => stack.pidOf(name) ?? []);
  const cpu = (): number => cpuSeconds([...pids, workers[shape].pid, process.pid].filter((pid) => pid !== 0));
  const before = { transactions: await counter.count(), cpu: cpu() };
  const began = performance.now();
  const ids = await byClients(count, () => play(client));
  const seconds = (performance.now() - began) / 1_000;
  const cpuAfter = cpu();
  await sleep(STATISTICS_DELAY_MS);
  const transactions = (await counter.count()) - before.transactions;
  const { historyLength, historySize } = await client.workflow.getHandle(ids[0] ?? '').describe();
  return {
    transactions: transactions / count,
    events: historyLength,
    bytes: historySize ?? Number.NaN,
    cpuMs: ((cpuAfter - before.cpu) * 1_000) / count,
    perSecond: count / seconds,
  };
}

async function byClients<T>(count: number, work: () => Promise<T>, clients: number = CLIENTS): Promise<T[]> {
  const results: T[] = [];
  let left = count;
  const client = async (): Promise<void> => {
    while (left-- > 0) results.push(await work());
  };
  await Promise.all(Array.from({ length: clients }, client));
  return results;
}

async function openOurs(client: Client): Promise<PurchaseInput> {
  const input: PurchaseInput = {
    purchaseId: newId('pur'),
    listingId: newId('lst'),
    buyerId: newId('usr'),
    sellerId: newId('usr'),
    quantity: 1,
    expectedPrice: { amount: 2_500, currency: 'EUR' },
    paymentMethod: 'pm_card_visa',
    acceptedDisclaimers: [],
    publicUrl: 'https://wellpact.example',
  };
  const startWorkflowOperation = new WithStartWorkflowOperation('purchase', {
    workflowId: purchaseWorkflowId(input.purchaseId),
    taskQueue: QUEUES.ours,
    args: [input],
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    typedSearchAttributes: new TypedSearchAttributes([
      { key: PURCHASE_STATE, value: 'payment_pending' },
      { key: BUYER_ID, value: input.buyerId },
      { key: SELLER_ID, value: input.sellerId },
    ]),
  });
  const args: [{ actorId: UserId }] = [{ actorId: input.buyerId }];
  await client.workflow.executeUpdateWithStart(openPurchaseUpdate, { args, startWorkflowOperation });
  return input;
}

const playOurs: Play = async (client) => {
  const { purchaseId, buyerId, sellerId } = await openOurs(client);
  const handle = client.workflow.getHandle(purchaseWorkflowId(purchaseId));
  await handle.executeUpdate(acceptPurchaseUpdate, { args: [{ actorId: sellerId }] });
  await handle.executeUpdate(deliverPurchaseUpdate, { args: [{ actorId: sellerId }] });
  await handle.executeUpdate(confirmPurchaseUpdate, { args: [{ actorId: buyerId }] });
  return handle.workflowId;
};

async function openUsual(client: Client, workflow: 'usualPurchase' | 'bareStart'): Promise<string> {
  const workflowId = `${workflow}/${randomUUID()}`;
  const startWorkflowOperation = new WithStartWorkflowOperation(workflow, {
    workflowId,
    taskQueue: QUEUES.usual,
    args: [workflowId],
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
  });
  await client.workflow.executeUpdateWithStart(openUpdate, { startWorkflowOperation });
  return workflowId;
}

const playUsual: Play = async (client) => {
  const handle = client.workflow.getHandle(await openUsual(client, 'usualPurchase'));
  for (const update of [acceptUpdate, deliverUpdate, confirmUpdate]) await handle.executeUpdate(update);
  return handle.workflowId;
};
