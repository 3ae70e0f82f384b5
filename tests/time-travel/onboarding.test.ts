/** The deadlines of an onboarding, with their real lengths: days pass in seconds. */

import { WithStartWorkflowOperation } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OnboardingId, UserId } from '../../contracts/ids.ts';
import {
  beginOnboardingUpdate,
  identityHintSignal,
  type OnboardingWorkflow,
  onboardingWorkflowId,
} from '../../contracts/onboarding.ts';
import { TASK_QUEUES } from '../../contracts/task-queues.ts';
import { newId } from '../../platform/ids.ts';
import { latestCase } from '../../services/cases/index.ts';
import { createUser, findOnboarding, openOnboarding } from '../../services/users/index.ts';
import { recordHistory } from '../helpers/histories.ts';
import { stack } from '../helpers/stack.ts';
import { beginTravel, type Travel } from '../helpers/travel.ts';
import { waitFor } from '../helpers/wait-for.ts';

let travel: Travel;
beforeAll(async () => {
  travel = await beginTravel();
}, 120_000);
afterAll(() => travel.end());

/** Somebody whose identity check can be taken. */
async function begun(): Promise<UserId> {
  const userId = newId('usr');
  const person = { displayName: 'A seller', birthDate: '1990-05-01', country: 'DE', password: 'correct horse battery' };
  await createUser(travel.database, { id: userId, email: `${userId}@people.wellpact.example`, ...person });
  const onboardingId = userId.replace('usr_', 'onb_') as OnboardingId;
  await openOnboarding(travel.database, { id: onboardingId, userId, firstName: 'Ada', lastName: 'Example' });
  const start = new WithStartWorkflowOperation<OnboardingWorkflow>('onboarding', {
    workflowId: onboardingWorkflowId(userId),
    args: [{ onboardingId, userId, publicUrl: stack().urls.api }],
    taskQueue: TASK_QUEUES.workflows,
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  await travel.client.workflow.executeUpdateWithStart(beginOnboardingUpdate, { startWorkflowOperation: start });
  return userId;
}

async function stored(userId: UserId) {
  const onboarding = await findOnboarding(travel.database, 'userId', userId);
  if (onboarding === undefined) throw new Error('the onboarding is not there');
  return onboarding;
}

test('a check that is not taken within 7 days is abandoned, and counts as an attempt', async () => {
  const userId = await begun();
  await travel.sleep('167h');
  expect((await stored(userId)).state).toBe('identity_check');
  await travel.sleep('2h');
  expect(await stored(userId)).toMatchObject({ state: 'abandoned', attempts: 1, checkDueAt: null });
  await recordHistory('onboarding-check-window-over', onboardingWorkflowId(userId), travel.client);
}, 60_000);

test('a review that nobody decides within 72 hours is escalated, and still open', async () => {
  const userId = await begun();
  const { checkUrl, id } = await stored(userId);
  await fetch(checkUrl ?? '', { method: 'POST', body: new URLSearchParams({ outcome: 'review' }) });
  const handle = travel.client.workflow.getHandle(onboardingWorkflowId(userId));
  await handle.signal(identityHintSignal, { eventId: 'review' });
  await waitFor(async () => (await stored(userId)).state === 'in_review', { what: 'the review', timeoutMs: 20_000 });
  await travel.sleep('71h');
  expect(await latestCase(travel.database, 'identity_review', id)).toMatchObject({ state: 'open', escalatedAt: null });
  await travel.sleep('2h');
  const escalated = await latestCase(travel.database, 'identity_review', id);
  expect(escalated?.state).toBe('open');
  expect(escalated?.escalatedAt).not.toBeNull();
  expect((await stored(userId)).state).toBe('in_review');
}, 60_000);
