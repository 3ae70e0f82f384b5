/** The deadlines of an onboarding, with their real lengths: days pass in seconds. */
import { expect } from 'vitest';
import { identityHintSignal } from '../../contracts/onboarding.ts';
import { latestCase } from '../../services/cases/index.ts';
import { recordHistory } from '../helpers/histories.ts';
import { journey } from '../helpers/journeys.ts';
import { beginOnboarding, storedOnboarding } from '../helpers/travel-onboardings.ts';
import { waitFor } from '../helpers/wait-for.ts';

journey('a check that is not taken within 7 days is abandoned, and counts as an attempt', async ({ travel }) => {
  const { userId, handle } = await beginOnboarding(travel);
  await travel.sleep('167 hours');
  expect((await storedOnboarding(travel, userId)).state).toBe('identity_check');
  await travel.sleep('2 hours');
  const abandoned = { state: 'abandoned', attempts: 1, checkDueAt: null };
  expect(await storedOnboarding(travel, userId)).toMatchObject(abandoned);
  await recordHistory('onboarding-check-window-over', handle.workflowId, travel.client);
});

journey('a review that nobody decides within 72 hours is escalated, and still open', async ({ travel }) => {
  const { userId, handle } = await beginOnboarding(travel);
  const { checkUrl, id } = await storedOnboarding(travel, userId);
  await fetch(checkUrl ?? '', { method: 'POST', body: new URLSearchParams({ outcome: 'review' }) });
  await handle.signal(identityHintSignal, { eventId: 'review' });
  await waitFor(async () => (await storedOnboarding(travel, userId)).state === 'in_review', {
    what: 'the review',
    timeoutMs: 20_000,
  });
  await travel.sleep('71 hours');
  expect(await latestCase(travel.database, 'identity_review', id)).toMatchObject({ state: 'open', escalatedAt: null });
  await travel.sleep('2 hours');
  const escalated = await latestCase(travel.database, 'identity_review', id);
  expect(escalated?.state).toBe('open');
  expect(escalated?.escalatedAt).not.toBeNull();
  expect((await storedOnboarding(travel, userId)).state).toBe('in_review');
});
