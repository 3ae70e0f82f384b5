import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { bounded, DemoClient, excerpt } from './demo-client.ts';

/** Where people go. Addresses have no trailing slash. */
export interface Places {
  /** The API. */
  readonly api: string;
  /** The mail catcher. */
  readonly mail: string;
  readonly signal?: AbortSignal;
}

/** Somebody with an account and a verified e-mail address, signed in. */
export interface Person {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly client: DemoClient;
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
const MAX_HOSTED_PAGES = 5;

const withId = z.object({ id: z.string() });
const sessionSchema = z.object({ accessToken: z.string(), refreshToken: z.string(), expiresIn: z.number() });
const onboardingSchema = z.object({
  id: z.string(),
  state: z.string(),
  steps: z.array(z.object({ name: z.string(), state: z.string(), url: z.string().optional() })),
});

/** Signs up under an address that nobody had before, verifies it by the mail that was sent, and signs in. */
export async function join(who: string, places: Places, step: StepRunner): Promise<Person> {
  const email = `${who.toLowerCase()}.${randomBytes(6).toString('hex')}@people.wellpact.example`;
  const password = randomBytes(18).toString('base64url');
  const client = new DemoClient(places.api, places.signal);
  const id = await step(who, 'signs up', async () => {
    const { body } = await client.post('/v1/users', {
      email,
      password,
      displayName: `A ${who.toLowerCase()}`,
      birthDate: '1990-05-01',
      country: 'DE',
      acceptedTerms: true,
    });
    return { outcome: email, value: withId.parse(body).id };
  });
  await step(who, 'verifies the e-mail address', async () => {
    await client.post('/v1/users/verify-email', { token: await mailedToken(email, places) });
    return { outcome: 'by the token in the caught mail', value: undefined };
  });
  const session = await step(who, 'signs in', async () => {
    const value = sessionSchema.parse((await client.post('/v1/sessions', { email, password })).body);
    return { outcome: `access token for ${value.expiresIn / 60} min`, value };
  });
  client.signInWith(session.accessToken);
  return { id, email, password, accessToken: session.accessToken, refreshToken: session.refreshToken, client };
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
  const id = await step('Seller', 'starts the onboarding', async () => {
    const { body } = await seller.client.post('/v1/onboardings', { firstName: 'Erika', lastName: 'Musterfrau' });
    return { outcome: withId.parse(body).id, value: withId.parse(body).id };
  });
  const path = `/v1/onboardings/${id}`;
  const visited = new Set<string>();
  const openPage = (body: unknown): { name: string; url: string } | undefined =>
    onboardingSchema
      .parse(body)
      .steps.flatMap(({ name, state, url }) => (state === 'open' && url !== undefined ? [{ name, url }] : []))
      .find(({ url }) => !visited.has(url));

  // Each page leads to the next one: the identity check, then the payout account.
  for (let page = 1; page <= MAX_HOSTED_PAGES; page++) {
    const { body } = await seller.client.poll(
      path,
      'the next step of the onboarding',
      ONBOARDING_TIMEOUT_MS,
      (answer) => onboardingSchema.parse(answer).state === 'verified' || openPage(answer) !== undefined,
    );
    const next = openPage(body);
    if (next === undefined) break;
    visited.add(next.url);
    await step('Seller', `completes the hosted page "${next.name.replaceAll('_', ' ')}"`, async () => {
      await submitHostedPage(next.url, places);
      return { outcome: 'submitted', value: undefined };
    });
  }
  await step('Seller', 'is verified', async () => {
    const { body } = await seller.client.poll(
      path,
      'the seller to be verified',
      ONBOARDING_TIMEOUT_MS,
      (answer) => onboardingSchema.parse(answer).state === 'verified',
    );
    return { outcome: `onboarding ${onboardingSchema.parse(body).state}`, value: undefined };
  });
  return id;
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
