/** Becoming a verified seller, with the real SDKs and the providers' hosted pages. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { UserId } from '../../contracts/ids.ts';
import { onboardingWorkflowId } from '../../contracts/onboarding.ts';
import { request } from '../helpers/client.ts';
import { historyOf, recordHistory } from '../helpers/histories.ts';
import { type Person, verifiedBuyer } from '../helpers/people.ts';
import { waitFor } from '../helpers/wait-for.ts';

interface Onboarding {
  readonly id: string;
  readonly state: string;
  readonly steps: readonly {
    readonly name: string;
    readonly state: string;
    readonly url?: string;
    readonly outcome: string | null;
  }[];
}

const begin = (who: Person, body: Record<string, unknown> = {}) =>
  request<Onboarding>('POST', '/v1/onboardings', { token: who.accessToken, body });
const read = async (who: Person, id: string) =>
  (await request<Onboarding>('GET', `/v1/onboardings/${id}`, { token: who.accessToken })).body;

/** Does what the provider's page asks for. */
async function complete(url: string | undefined): Promise<void> {
  const response = await fetch(url ?? '', { method: 'POST', redirect: 'manual' });
  expect(response.status).toBeLessThan(400);
}

async function reached(who: Person, id: string, state: string): Promise<Onboarding> {
  await waitFor(async () => (await read(who, id)).state === state, {
    what: `the onboarding to be ${state}`,
    timeoutMs: 20_000,
  });
  return read(who, id);
}

const urlOf = ({ steps }: Onboarding, name: string): string | undefined =>
  steps.find((step) => step.name === name)?.url;

describe('the approved path', () => {
  let person: Person;
  beforeAll(async () => {
    person = await verifiedBuyer();
  });

  test('identity check, payout account, verified; only then a listing can be published', async () => {
    const token = person.accessToken;
    const listing = await request<{ id: string }>('POST', '/v1/listings', {
      token,
      body: {
        title: 'Mat',
        description: 'A yoga mat.',
        category: 'yoga_and_pilates',
        kind: 'goods',
        price: { amount: 900, currency: 'EUR' },
        stock: 1,
      },
    });
    const publish = () => request<{ code: string }>('POST', `/v1/listings/${listing.body.id}/publish`, { token });
    expect(await publish()).toMatchObject({ status: 409, body: { code: 'SELLER_NOT_VERIFIED' } });

    const begun = await begin(person, { firstName: 'Ada', lastName: 'Example' });
    expect(begun).toMatchObject({ status: 201, body: { state: 'identity_check' } });
    expect(urlOf(begun.body, 'payout_account')).toBeUndefined();
    await complete(urlOf(begun.body, 'identity_check'));
    const identified = await reached(person, begun.body.id, 'payout_account');
    // The account at Stripe is opened right after, in a step of its own.
    expect(identified.steps[0]).toMatchObject({ state: 'done', outcome: 'approved' });
    expect((await publish()).body.code).toBe('SELLER_NOT_VERIFIED');

    await waitFor(async () => urlOf(await read(person, begun.body.id), 'payout_account') !== undefined, {
      what: 'the link to the form',
      timeoutMs: 20_000,
    });
    await complete(urlOf(await read(person, begun.body.id), 'payout_account'));
    const verified = await reached(person, begun.body.id, 'verified');
    expect(verified.steps.map(({ state }) => state)).toEqual(['done', 'done']);
    expect((await publish()).status).toBe(200);
    await recordHistory('onboarding-approved', onboardingWorkflowId(person.id as UserId));
  });

  test('a second onboarding is the first one', async () => {
    const again = await begin(person);
    expect(again).toMatchObject({ status: 201, body: { state: 'verified' } });
  });
});

test('ten calls at once begin one onboarding with one applicant', async () => {
  const person = await verifiedBuyer();
  const answers = await Promise.all(Array.from({ length: 10 }, () => begin(person)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  expect(new Set(answers.map(({ body }) => urlOf(body, 'identity_check'))).size).toBe(1);
  const steps = (await historyOf(onboardingWorkflowId(person.id as UserId))).events
    ?.map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name)
    .filter(Boolean);
  expect(steps).toEqual(['createApplicant', 'startIdentityCheck']);
});

test('in a country whose sellers cannot be paid it is refused', async () => {
  const person = await verifiedBuyer();
  const token = person.accessToken;
  const me = await request('GET', '/v1/me', { token });
  const etag = me.headers.get('etag') ?? '';
  await request('PATCH', '/v1/me', { token, headers: { 'if-match': etag }, body: { country: 'BR' } });
  expect(await begin(person)).toMatchObject({ status: 422, body: { code: 'COUNTRY_NOT_SUPPORTED' } });
});

test('somebody else’s onboarding is not there', async () => {
  const [person, stranger] = await Promise.all([verifiedBuyer(), verifiedBuyer()]);
  const begun = await begin(person);
  const answer = await request('GET', `/v1/onboardings/${begun.body.id}`, { token: stranger.accessToken });
  expect(answer.status).toBe(404);
});

test.each([
  [{ lastName: '' }],
  [{ firstName: 7 }],
  [{ state: 'verified' }],
  [{ lastName: 'x'.repeat(81) }],
  [{ lastName: 'a#b' }],
])('wrong input is refused: %o', async (body) => {
  const person = await verifiedBuyer();
  expect(await begin(person, body)).toMatchObject({ status: 400 });
});
