/**
 * The worker dies at every point of every side effect of a purchase: before it asks Stripe, before it hears the answer,
 * before it commits, before it can say so; so do Temporal and PostgreSQL. In the end everything is as without a death,
 * and so is what a client hears who asks until there is an answer.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { createAftercareActivities } from '../../activities/aftercare.ts';
import { createPurchaseActivities, type PurchaseDeps } from '../../activities/purchase.ts';
import { dieAt, type Mortal, POINTS, type Point, pointsOf, type Scene } from '../helpers/death.ts';
import { ends, outcomeOf } from '../helpers/outcomes.ts';
import { verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { type Cast, PLAYED, SIDE_EFFECTS } from '../helpers/side-effects.ts';

let cast: Cast;
/** What each side effect comes to when nobody dies. */
const undisturbed = new Map<string, Record<string, unknown>>();

beforeAll(async () => {
  const [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
  cast = { seller, buyer };
  const scenes = await setAll(PLAYED);
  await Promise.all(scenes.map(({ go }) => go()));
  for (const [step, outcome] of await endAll(scenes)) undisturbed.set(step, outcome);
}, 120_000);

test('every step of a purchase is played here, or says why it is not', () => {
  const deps = {} as PurchaseDeps;
  const steps = Object.keys({ ...createPurchaseActivities(deps), ...createAftercareActivities(deps) });
  expect(Object.keys(SIDE_EFFECTS).toSorted()).toEqual(steps.toSorted());
});

/** The worker dies everywhere; the others where they are what is waited for: a commit, and word of it. */
const DEATHS: readonly (readonly [Mortal, Point])[] = [
  ...POINTS.map((point) => ['worker', point] as const),
  ['temporal', 'after_commit_before_ack'],
  ['postgres', 'after_reply_before_commit'],
];

describe.each(DEATHS)('the death of %s at the point %s', (who, point) => {
  const played = PLAYED.filter(([, effect]) => pointsOf(effect).includes(point));
  let outcomes: ReadonlyMap<string, Record<string, unknown>>;

  beforeAll(async () => {
    const scenes = await setAll(played);
    await dieAt(point, who, scenes);
    outcomes = await endAll(scenes);
  }, 180_000);

  test.each(played)('of %s', (step) => {
    expect(undisturbed.get(step)).toMatchObject({ hasEnded: true });
    expect(outcomes.get(step)).toEqual(undisturbed.get(step));
  });
});

/** A scene that remembers what was answered in it. */
type Remembered = Scene & { readonly answer: () => Promise<number | undefined> };

function setAll(effects: typeof PLAYED): Promise<readonly Remembered[]> {
  return Promise.all(
    effects.map(async ([step, { asks, set }]) => {
      const scene = await set(cast);
      let answer: Promise<number | undefined> = Promise.resolve(undefined);
      const go = (): Promise<number | undefined> => {
        answer = scene.go();
        return answer;
      };
      return { step, asks, ...scene, go, answer: () => answer };
    }),
  );
}

/** Waits until all consequences are there. @returns what each step has come to */
async function endAll(scenes: readonly Remembered[]): Promise<ReadonlyMap<string, Record<string, unknown>>> {
  const outcomes = scenes.map(async ({ step, listingId, answer }) => {
    const effect = PLAYED.find(([name]) => name === step)?.[1];
    // One that does not end so is found by its own test.
    const hasEnded = effect !== undefined && (await ends(listingId, effect.ended));
    const answered = await answer().catch(() => 'nothing final');
    return [step, { hasEnded, answered, ...(await outcomeOf(listingId)) }] as const;
  });
  return new Map(await Promise.all(outcomes));
}
