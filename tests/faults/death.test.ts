/**
 * The worker dies at every point of every side effect of a purchase and its dispute: before it asks Stripe, before it hears the
 * answer, before it commits, before it can say so; so do Temporal and PostgreSQL. In the end everything is as without a death,
 * the judge finds nothing, and what a client hears who asks until there is an answer is the same.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { type ActivityDeps, createActivities } from '../../activities/index.ts';
import { createOnboardingActivities } from '../../activities/onboarding.ts';
import { createPayoutActivities } from '../../activities/payout.ts';
import { createReconciliationActivities } from '../../activities/reconciliation.ts';
import { wrongAbout } from '../helpers/books.ts';
import { dieAt, findPurchaseOf, type Mortal, POINTS, type Point, pointsOf, type Scene } from '../helpers/death.ts';
import { ends, outcomeOf } from '../helpers/outcomes.ts';
import { verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { AVAILABLE, bought, type Cast } from '../helpers/side-effect.ts';
import { PLAYED, SIDE_EFFECTS } from '../helpers/side-effects.ts';
import { newStaff, type StaffAccount, signIn } from '../helpers/staff.ts';

/** What each side effect comes to when nobody dies. */
const undisturbed = new Map<string, Record<string, unknown>>();

let accounts: Readonly<Record<'support' | 'finance' | 'mediator' | 'otherMediator', StaffAccount>>;

beforeAll(async () => {
  const [support, finance] = await Promise.all([newStaff('support'), newStaff('finance')]);
  const [mediator, otherMediator] = await Promise.all([newStaff('mediator'), newStaff('mediator')]);
  accounts = { support, finance, mediator, otherMediator };
  const scenes = await setAll(PLAYED);
  await someAtOnce(scenes, ({ go }) => go());
  for (const [step, outcome] of await endAll(scenes)) undisturbed.set(step, outcome);
}, 420_000);

test('every step of purchases and disputes is played here, or says why it is not', () => {
  const deps = {} as ActivityDeps;
  const ofOtherFlows = {
    ...createOnboardingActivities(deps),
    ...createPayoutActivities(deps),
    ...createReconciliationActivities(deps),
  };
  const steps = Object.keys(createActivities(deps)).filter((step) => !(step in ofOtherFlows));
  expect(Object.keys(SIDE_EFFECTS).toSorted()).toEqual(steps.toSorted());
  const played = PLAYED.map(([name]) => stepOf(name));
  const without = Object.entries(SIDE_EFFECTS).filter(
    ([step, effect]) => !played.includes(step) && !('unplayed' in effect),
  );
  expect(without, 'neither a scene nor a reason').toEqual([]);
});

describe('without a death', () => {
  test.each(PLAYED)('%s', (step) => {
    expect(undisturbed.get(step)).toMatchObject({ hasEnded: true, wrong: '' });
  });
});

type Ways = 'all' | 'first' | 'others';

/**
 * The worker dies everywhere; the others where they are what is waited for: a commit, and word of it. Which way a step is taken
 * is nothing to them: one way of each is enough there. A worker takes no more than 50 steps at the same time, so what waits for
 * its rows dies in two parts.
 */
const DEATHS: readonly (readonly [Mortal, Point, Ways])[] = [
  ['worker', 'before_send', 'all'],
  ['worker', 'after_send_before_reply', 'all'],
  ['worker', 'after_reply_before_commit', 'first'],
  ['worker', 'after_reply_before_commit', 'others'],
  ['worker', 'after_commit_before_ack', 'first'],
  ['worker', 'after_commit_before_ack', 'others'],
  ['temporal', 'after_commit_before_ack', 'first'],
  ['postgres', 'after_reply_before_commit', 'first'],
];

test('all points are among them', () => {
  expect(new Set(DEATHS.flatMap(([who, point]) => (who === 'worker' ? [point] : [])))).toEqual(new Set(POINTS));
});

describe.each(DEATHS)('the death of %s at the point %s (%s ways)', (who, point, which) => {
  const ways = PLAYED.filter(([name], at) => which === 'all' || isFirstWay(name, at) === (which === 'first'));
  const played = ways.filter(([, effect]) => pointsOf(effect).includes(point));
  let outcomes: ReadonlyMap<string, Record<string, unknown>>;

  beforeAll(async () => {
    const scenes = await setAll(played);
    await dieAt(point, who, scenes);
    outcomes = await endAll(scenes);
  }, 420_000);

  test.each(played)('of %s', (step) => {
    expect(outcomes.get(step)).toEqual(undisturbed.get(step));
  });
});

const stepOf = (name: string): string => name.split(' ')[0] ?? name;
const isFirstWay = (name: string, at: number): boolean =>
  PLAYED.findIndex(([other]) => stepOf(other) === stepOf(name)) === at;

/** A scene that remembers what was answered in it. */
type Remembered = Scene & { readonly answer: () => Promise<number | undefined> };

/** Everybody signed in anew: what they do takes longer than a token is good for. */
async function signedIn(): Promise<Cast> {
  const [seller, buyer, support, finance, mediator, otherMediator] = await Promise.all([
    verifiedSeller(),
    verifiedBuyer(),
    signIn(accounts.support),
    signIn(accounts.finance),
    signIn(accounts.mediator),
    signIn(accounts.otherMediator),
  ]);
  return { seller, buyer, support, finance, mediator, otherMediator };
}

async function setAll(effects: typeof PLAYED): Promise<readonly Remembered[]> {
  const cast = await signedIn();
  // Discounts are paid from what Wellpact has earned, and so is what banks take: enough for all of them at once.
  const earned = { ...AVAILABLE, amount: 1_000_000 };
  await Promise.all(Array.from({ length: 5 }, () => bought(cast, ['accept', 'deliver', 'confirm'], earned)));
  return someAtOnce(effects, async ([step, { asks, set }]) => {
    const scene = await set(cast);
    let answer: Promise<number | undefined> = Promise.resolve(undefined);
    const go = (): Promise<number | undefined> => {
      answer = scene.go();
      return answer;
    };
    return { step, asks, ...scene, go, answer: () => answer };
  });
}

/** All scenes at once would be more than the processes of one machine answer in time. */
async function someAtOnce<One, Made>(all: readonly One[], make: (one: One) => Promise<Made>): Promise<Made[]> {
  const made: Made[] = [];
  const left = all.entries();
  const helpers = Array.from({ length: AT_ONCE }, async () => {
    for (const [index, one] of left) made[index] = await make(one);
  });
  await Promise.all(helpers);
  return made;
}

const AT_ONCE = 8;

/** Waits until all consequences are there. @returns what each step has come to */
async function endAll(scenes: readonly Remembered[]): Promise<ReadonlyMap<string, Record<string, unknown>>> {
  const ended = await someAtOnce(scenes, async ({ step, listingId, answer }) => {
    const effect = PLAYED.find(([name]) => name === step)?.[1];
    // One that does not end so is found by its own test.
    const hasEnded = effect !== undefined && (await ends(listingId, effect.ended));
    const answered = await answer().catch(() => 'nothing final');
    const id = (await findPurchaseOf(listingId)) ?? '';
    return { step, id, outcome: { hasEnded, answered, ...(await outcomeOf(listingId)) } };
  });
  const wrong = await wrongAbout(ended.map(({ id }) => id));
  return new Map(ended.map(({ step, id, outcome }) => [step, { ...outcome, wrong: wrong.get(id) }]));
}
