/** Onboardings over HTTP: how they are begun, brought to an outcome, reversed, and decided by staff. */
import { expect } from 'vitest';
import type { UserId } from '../../contracts/ids.ts';
import { onboardingWorkflowId } from '../../contracts/onboarding.ts';
import { request } from './client.ts';
import { recordHistory } from './histories.ts';
import type { Person } from './people.ts';
import { stack } from './stack.ts';
import { staffToken } from './staff.ts';
import { waitFor } from './wait-for.ts';

export interface Step {
  readonly name: string;
  readonly state: string;
  readonly url?: string;
  readonly outcome: string | null;
  readonly requirements: readonly string[];
  readonly asks: readonly string[];
  readonly dueAt: string | null;
}
export interface Onboarding {
  readonly id: string;
  readonly state: string;
  readonly code: string;
  readonly steps: readonly [Step, Step];
  readonly attemptsLeft: number;
  readonly next: string;
}

export const begin = (who: Person, lastName = 'Example') =>
  request<Onboarding>('POST', '/v1/onboardings', { token: who.accessToken, body: { firstName: 'Ada', lastName } });
const idOf = (who: Person): string => who.id.replace('usr_', 'onb_');
export const read = async (who: Person) =>
  (await request<Onboarding>('GET', `/v1/onboardings/${idOf(who)}`, { token: who.accessToken })).body;

export async function reached(who: Person, state: string): Promise<Onboarding> {
  await waitFor(async () => (await read(who)).state === state, { what: `to be ${state}`, timeoutMs: 20_000 });
  return read(who);
}

/** Does what the page of a step asks for, with an outcome of choice. */
export async function complete({ url }: Step, outcome = 'complete'): Promise<void> {
  const body = new URLSearchParams({ outcome });
  const response = await fetch(url ?? '', { method: 'POST', redirect: 'manual', body });
  expect(response.status).toBeLessThan(400);
}

/** Begins a check, and waits until it can be taken: a busy provider may take longer than an answer waits. */
export async function begun(who: Person): Promise<Step> {
  const { status, body } = await begin(who);
  expect(status, JSON.stringify(body)).toBeLessThan(300);
  return (await reached(who, 'identity_check')).steps[0];
}

/** Begins a check, and ends it so. @returns the page of the check, which names it */
export async function check(who: Person, outcome: string): Promise<string> {
  const step = await begun(who);
  await complete(step, outcome);
  return step.url ?? '';
}

export const control = async (path: string, body: unknown) => {
  const answer = await request('POST', `/_control/${path}`, { base: stack().urls.sandbox, body });
  expect(answer.status).toBe(200);
};
/** Onfido changes its mind about somebody's check. The page of a check is named after the run. */
export const reverse = (checkUrl: string, status: string) =>
  control(`onfido/runs/${checkUrl.split('/').at(-1)}`, { status });

interface CaseBody {
  readonly id: string;
  readonly dueAt: string;
  readonly openedAt: string;
  readonly details: { readonly why: string };
}

let compliance: ReturnType<typeof staffToken> | undefined;
/** Somebody of staff who decides about identities: one for a test file. */
const complianceToken = async (): Promise<string> => (await (compliance ??= staffToken('compliance'))).accessToken;

export async function openCaseOf(who: Person): Promise<CaseBody> {
  const token = await complianceToken();
  const list = () =>
    request<{ data: CaseBody[] }>('GET', `/v1/admin/cases?state=open&subjectId=${idOf(who)}`, { token });
  await waitFor(async () => (await list()).body.data.length === 1, { what: 'the case', timeoutMs: 20_000 });
  const [found] = (await list()).body.data;
  if (found === undefined) throw new Error('the case is gone');
  return found;
}

export const decide = async (id: string, decision: string) =>
  request('POST', `/v1/admin/cases/${id}/decision`, {
    token: await complianceToken(),
    body: { decision, reason: 'Looked at the document.' },
  });

export const keep = (name: string, who: Person) => recordHistory(name, onboardingWorkflowId(who.id as UserId));
