/** Onboardings under a clock that jumps. */
import type { OnboardingId, UserId } from '../../contracts/ids.ts';
import { beginOnboardingUpdate, type OnboardingWorkflow, onboardingWorkflowId } from '../../contracts/onboarding.ts';
import { newId } from '../../platform/ids.ts';
import { createUser, findOnboarding, openOnboarding } from '../../services/users/index.ts';
import { stack } from './stack.ts';
import type { Travel } from './travel.ts';

/** Somebody whose identity check can be taken. */
export async function beginOnboarding(travel: Travel) {
  const userId = newId('usr');
  const person = { displayName: 'A seller', birthDate: '1990-05-01', country: 'DE', password: 'correct horse battery' };
  await createUser(travel.database, { id: userId, email: `${userId}@people.wellpact.example`, ...person });
  const onboardingId = userId.replace('usr_', 'onb_') as OnboardingId;
  await openOnboarding(travel.database, { id: onboardingId, userId, firstName: 'Ada', lastName: 'Example' });
  const handle = await travel.start<OnboardingWorkflow>({
    type: 'onboarding',
    id: onboardingWorkflowId(userId),
    input: { onboardingId, userId, publicUrl: stack().urls.api },
    update: beginOnboardingUpdate,
  });
  return { userId, handle };
}

/** What the database says of an onboarding. */
export async function storedOnboarding({ database }: Travel, userId: UserId) {
  const onboarding = await findOnboarding(database, 'userId', userId);
  if (onboarding === undefined) throw new Error('the onboarding is not there');
  return onboarding;
}
