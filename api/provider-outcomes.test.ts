import { type Client, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { outcomeOf } from './outcomes.ts';

/** Of a client nothing is asked but to wait. */
const client = { withDeadline: (_untilMs: number, call: () => Promise<unknown>) => call() } as unknown as Client;

const answeredWith = (type: string): Promise<unknown> =>
  outcomeOf(client, Date.now() + 1_000, () => {
    throw new WorkflowUpdateFailedError('it failed', ApplicationFailure.nonRetryable('a reason', type));
  });

test('what the provider refused has changed nothing; of what it did not answer nobody knows', async () => {
  await expect(answeredWith('PROVIDER_REFUSED')).rejects.toMatchObject({
    code: 'PAYMENT_REFUSED',
    detail: expect.stringContaining('Nothing has changed'),
  });
  const unknown = answeredWith('PROVIDER_TIMEOUT');
  await expect(unknown).rejects.toMatchObject({ status: 409, code: 'PAYMENT_UNKNOWN' });
  await expect(unknown).rejects.not.toMatchObject({ detail: expect.stringContaining('has changed') });
});

test('an alarm is no refusal: it is ours to mend, and not the caller’s to read', async () => {
  await expect(answeredWith('PROVIDED_OTHERWISE')).rejects.toThrow(WorkflowUpdateFailedError);
});
