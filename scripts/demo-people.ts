import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, createWellpactClient, orThrow, type WellpactClient } from '../client/index.ts';
import { bounded, excerpt, poll } from './demo-wait.ts';

/** Where people go. Addresses have no trailing slash. */
export interface Places {
  /** The API. */
  readonly api: string;
  /** The mail catcher. */
  readonly mail: string;
  readonly signal?: AbortSignal;
  /** How long one step may take, milliseconds, where that is longer than usual: in a storm, for one. */
  readonly patienceMs?: number;
}

/** Somebody with an account and a verified e-mail address, signed in. */
export interface Person {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Calls the API as this person. */
  readonly client: WellpactClient;
}

/** Does one step of a story and returns its value; tells or records the outcome as it likes. */
export type StepRunner = <T>(
  who: string,
  what: string,
  work: () => Promise<{ readonly outcome: string; readonly value: T }>,
) => Promise<T>;

/** Just does the step. */
export const quietly: StepRunner = async (_who, _what, work) => (await work()).value;

const MAIL_TIMEOUT_MS = 20_000;
const ONBOARDING_TIMEOUT_MS = 60_000;
/** As the API asks for. */
const ASK_AGAIN_AFTER_MS = 1_000;
const MAX_HOSTED_PAGES = 5;

/** Signs up under an address that nobody had before, verifies it by the mail that was sent, and signs in. */
export async function join(who: string, places: Places, step: StepRunner): Promise<Person> {
  const email = `${who.toLowerCase()}.${randomBytes(6).toString('hex')}@people.wellpact.example`;
  const password = randomBytes(18).toString('base64url');
  let accessToken: string | undefined;
  const client = createWellpactClient({
    baseUrl: places.api,
    accessToken: () => accessToken,
    signal: places.signal,
  });
  const id = await step(who, 'signs up', async () => {
    const body = {
      email,
      password,
      displayName: `A ${who.toLowerCase()}`,
      birthDate: '1990-05-01',
      country: 'DE',
      acceptedTerms: true,
    } as const;
    const user = await orThrow(client.POST('/v1/users', { body }));
    return { outcome: email, value: user.id };
  });
  await step(who, 'verifies the e-mail address', async () => {
    const token = await mailedToken(email, places);
    await orThrow(client.POST('/v1/users/verify-email', { body: { token } }));
    return { outcome: 'by the token in the caught mail', value: undefined };
  });
  const session = await step(who, 'signs in', async () => {
    const value = await orThrow(client.POST('/v1/sessions', { body: { email, password } }));
    return { outcome: `access token for ${value.expiresIn / 60} min`, value };
  });
  accessToken = session.accessToken;
  return { id, email, password, accessToken, refreshToken: session.refreshToken, client };
}

/** Waits for the mail and takes the token out of its link. */
async function mailedToken(email: string, places: Places): Promise<string> {
  const url = `${places.mail}/messages?to=${encodeURIComponent(email)}`;
  const deadline = Date.now() + MAIL_TIMEOUT_MS;
  for (;;) {
    const response = await fetch(url, { signal: bounded(places.signal) });
    const token = /token=([\w.~-]+)/.exec(await response.text())?.[1];
    if (token !== undefined) return token;
    if (Date.now() > deadline) throw new Error(`Waited ${MAIL_TIMEOUT_MS / 1000} s for a mail with a link at ${url}`);
    await sleep(100, undefined, { signal: places.signal });
  }
}

/** Goes through the onboarding of a seller: completes the hosted pages of the providers as they come up. */
export async function becomeVerified(seller: Person, places: Places, step: StepRunner): Promise<string> {
  const { patienceMs = ONBOARDING_TIMEOUT_MS } = places;
  const id = await step('Seller', 'starts the onboarding', async () => {
    const onboarding = await begun(seller, patienceMs);
    return { outcome: onboarding.id, value: onboarding.id };
  });
  const read = () => orThrow(seller.client.GET('/v1/onboardings/{id}', { params: { path: { id } } }));
  type Onboarding = Awaited<ReturnType<typeof read>>;
  const waitFor = (what: string, until: (onboarding: Onboarding) => boolean) =>
    poll(read, { what, until, timeoutMs: patienceMs, signal: places.signal });
  const visited = new Set<string>();
  const openPage = ({ steps }: Onboarding): { name: string; url: string } | undefined =>
    steps
      .flatMap(({ name, state, url }) => (state === 'open' && url !== undefined ? [{ name, url }] : []))
      .find(({ url }) => !visited.has(url));

  // Each page leads to the next one: the identity check, then the payout account.
  for (let page = 1; page <= MAX_HOSTED_PAGES; page++) {
    const next = openPage(
      await waitFor(
        'the next step of the onboarding',
        (onboarding) => onboarding.state === 'verified' || openPage(onboarding) !== undefined,
      ),
    );
    if (next === undefined) break;
    visited.add(next.url);
    await step('Seller', `completes the hosted page "${next.name.replaceAll('_', ' ')}"`, async () => {
      await submitHostedPage(next.url, places);
      return { outcome: 'submitted', value: undefined };
    });
  }
  await step('Seller', 'is verified', async () => {
    const { state } = await waitFor('the seller to be verified', (onboarding) => onboarding.state === 'verified');
    return { outcome: `onboarding ${state}`, value: undefined };
  });
  return id;
}

/** Asks again, under the same key, what was not taken up in time. */
async function begun({ client }: Person, patienceMs: number): Promise<{ readonly id: string }> {
  const body = { firstName: 'Erika', lastName: 'Musterfrau' };
  const params = { header: { 'Idempotency-Key': randomUUID() } };
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const { data, error, response } = await client.POST('/v1/onboardings', { body, params });
    if (data !== undefined) return data;
    if (response.status !== 503 || Date.now() > deadline) throw new ApiError(response, error);
    await sleep(ASK_AGAIN_AFTER_MS);
  }
}

/** What a person does in the browser: opens the provider's page and sends its form. */
async function submitHostedPage(url: string, places: Places): Promise<void> {
  const page = await fetch(url, { signal: bounded(places.signal) });
  if (!page.ok) throw new Error(`GET ${url} answered ${page.status}: ${excerpt(await page.text())}`);
  await page.arrayBuffer();
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: '',
    redirect: 'manual',
    signal: bounded(places.signal),
  });
  if (answer.status >= 400) throw new Error(`POST ${url} answered ${answer.status}: ${excerpt(await answer.text())}`);
  await answer.arrayBuffer();
}
