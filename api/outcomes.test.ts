/** What an update that the server has dropped comes to. */
import { Client, Connection, ServiceError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { TAKEN_ALREADY } from '../contracts/updates.ts';
import { outcomeOf } from './outcomes.ts';

/** It is never asked anything: what is called stands in the tests. */
const client = new Client({ connection: Connection.lazy({ address: '127.0.0.1:1' }) });

const DROPS = [
  [
    'whose task failed',
    () => new ServiceError('failed', { cause: Object.assign(new Error('not ready'), { code: 9 }) }),
  ],
  [
    'that a worker has said nothing about',
    () =>
      new WorkflowUpdateFailedError(
        'rejected',
        ApplicationFailure.nonRetryable('it was not processed by worker', 'UnprocessedUpdate'),
      ),
  ],
] as const;

test.each(DROPS)('one %s is sent again, until it is taken', async (_what, dropped) => {
  let times = 0;
  const call = async (): Promise<void> => {
    if (++times < 3) throw dropped();
  };
  expect(await outcomeOf(client, Date.now() + 5_000, call)).toBe('done');
  expect(times).toBe(3);
});

test.each(DROPS)('one %s again and again is to be repeated by who asked', async (_what, dropped) => {
  const call = async (): Promise<void> => {
    throw dropped();
  };
  await expect(outcomeOf(client, Date.now() + 300, call)).rejects.toMatchObject({ status: 503, code: 'UNAVAILABLE' });
});

test('what a workflow refuses is not sent again', async () => {
  let times = 0;
  const call = async (): Promise<void> => {
    times++;
    throw new WorkflowUpdateFailedError('refused', ApplicationFailure.nonRetryable('Paused.', 'MONEY_PAUSED'));
  };
  await expect(outcomeOf(client, Date.now() + 5_000, call)).rejects.toMatchObject({
    status: 409,
    code: 'MONEY_PAUSED',
  });
  expect(times).toBe(1);
});

const takenAlready = (): Error =>
  new WorkflowUpdateFailedError('refused', ApplicationFailure.nonRetryable('Taken up before.', TAKEN_ALREADY));

test('one that a flow has taken, and the server has lost, is asked after until the server knows', async () => {
  let times = 0;
  const call = async (): Promise<void> => {
    if (++times < 3) throw takenAlready();
  };
  expect(await outcomeOf(client, Date.now() + 5_000, call)).toBe('done');
  expect(times).toBe(3);
});

test('one that a flow has taken is under way for as long as nobody knows what became of it', async () => {
  const call = async (): Promise<void> => {
    throw takenAlready();
  };
  expect(await outcomeOf(client, Date.now() + 300, call)).toBe('under_way');
});

const UNHEARD = [
  ['was dropped', () => new ServiceError('failed', { cause: Object.assign(new Error('not ready'), { code: 9 }) })],
  ['never arrived', () => new ServiceError('away', { cause: Object.assign(new Error('unavailable'), { code: 14 }) })],
] as const;

test.each(UNHEARD)(
  'one that %s is to be repeated, though it was carried out: its workflow has yet to hear of it',
  async (_what, unheard) => {
    const call = async (): Promise<void> => {
      throw unheard();
    };
    const wasCarriedOut = async (): Promise<boolean> => true;
    await expect(outcomeOf(client, Date.now() + 300, call, wasCarriedOut)).rejects.toMatchObject({ status: 503 });
  },
);

test('one that a workflow refuses after it was carried out is done', async () => {
  const call = async (): Promise<void> => {
    throw new WorkflowUpdateFailedError('refused', ApplicationFailure.nonRetryable('Too late.', 'NOT_ALLOWED_NOW'));
  };
  expect(await outcomeOf(client, Date.now() + 5_000, call, async () => true)).toBe('done');
});
