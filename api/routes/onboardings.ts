import {
  type Client,
  WithStartWorkflowOperation,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
} from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { z } from 'zod';
import type { OnboardingId, UserId } from '../../contracts/ids.ts';
import {
  beginOnboardingUpdate,
  ONBOARDING_STATES,
  type OnboardingWorkflow,
  onboardingWorkflowId,
  tryAgainUpdate,
} from '../../contracts/onboarding.ts';
import { ONBOARDING_STATE, SELLER_ID } from '../../contracts/search-attributes.ts';
import { TASK_QUEUES } from '../../contracts/task-queues.ts';
import type { Database } from '../../platform/database.ts';
import { conflict, notFound, unavailable, unprocessable } from '../../platform/errors.ts';
import { createFlowSignals } from '../../platform/temporal/signals.ts';
import { ProviderError } from '../../providers/provider-error.ts';
import {
  ATTEMPTS,
  findOnboarding,
  getAccount,
  ONBOARDING_NEXT,
  type Onboarding,
  openOnboarding,
  requirementText,
  storeLink,
} from '../../services/users/index.ts';
import type { ApiDeps } from '../deps.ts';
import { ANSWER_WITHIN_MS, outcomeOf } from '../outcomes.ts';
import { type Route, route } from '../route.ts';
import { idOf, line, timestamp } from '../schemas.ts';

export type OnboardingRoutesDeps = Pick<ApiDeps, 'config' | 'database' | 'temporal' | 'payments'>;

const STEP_STATES = ['waiting', 'open', 'done'] as const;
type StepState = (typeof STEP_STATES)[number];

const onboardingSchema = z
  .object({
    id: idOf('onb'),
    state: z.enum(ONBOARDING_STATES),
    steps: z.array(
      z.object({
        name: z.enum(['identity_check', 'payout_account']),
        state: z.enum(STEP_STATES),
        url: z.string().optional().meta({ description: 'The page on which you take this step, while it is open.' }),
        outcome: z.string().nullable().meta({ description: "The provider's last word on it." }),
        requirements: z.array(z.string()).meta({ description: 'What the provider still asks for, in its own names.' }),
        asks: z.array(z.string()).meta({ description: 'The same in plain words.' }),
        dueAt: timestamp.nullable().meta({ description: 'Until when; null when there is no deadline.' }),
      }),
    ),
    attemptsLeft: z.int().meta({ description: 'How many identity checks may still fail.' }),
    next: z.string().meta({ description: 'What you can do now.' }),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'Onboarding' });

/** Onfido takes no names with these (https://documentation.onfido.com/api/latest#applicant-object). */
const NOT_IN_NAMES = /[\^!#$%*=<>;{}"]/;
const legalNamePart = line(1, 80).refine((name) => !NOT_IN_NAMES.test(name), 'none of ^ ! # $ % * = < > ; { } "');

const newOnboarding = z
  .strictObject({
    firstName: legalNamePart
      .optional()
      .meta({ description: 'As on your document. By default the start of your display name.' }),
    lastName: legalNamePart
      .optional()
      .meta({ description: 'As on your document. By default the end of your display name.' }),
  })
  .meta({ id: 'NewOnboarding' });

/** Becoming a verified seller. */
export function onboardingRoutes(deps: OnboardingRoutesDeps): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/onboardings',
      operationId: 'beginOnboarding',
      tag: 'onboarding',
      summary: 'Begin to become a verified seller',
      description:
        'There is one onboarding for each account: a second call answers with the same one, and begins another identity check when the last one was not passed or taken.',
      policy: { access: 'member' },
      idempotency: 'converge',
      body: newOnboarding,
      problems: {
        COUNTRY_NOT_SUPPORTED: { status: 422, when: 'sellers in your country cannot be paid yet.' },
        ATTEMPTS_USED_UP: { status: 409, when: 'no more identity checks can be taken.' },
        LEGAL_NAME_NEEDED: { status: 422, when: 'no name was sent and the display name cannot stand for it.' },
      },
      responses: {
        201: { description: 'Your onboarding.', schema: onboardingSchema },
        202: { description: 'Your onboarding; its first step is being prepared.', schema: onboardingSchema },
      },
      handle: async ({ body, caller, commandId }) => {
        const { userId } = caller();
        const onboarding = await openOnboarding(deps.database, {
          id: userId.replace('usr_', 'onb_') as OnboardingId,
          userId,
          ...(await legalName(deps.database, userId, body)),
        });
        const begun = await begin(deps.temporal.client, onboarding, deps.config.PUBLIC_URL);
        const ready = begun && (await againIfEnded(deps.temporal.client, onboarding, commandId));
        if (ready && onboarding.state === 'started') await tryAgain(deps, onboarding);
        const reply = {
          headers: { Location: `/v1/onboardings/${onboarding.id}` },
          body: await bodyOf(deps, onboarding.id),
        };
        return ready ? { status: 201, ...reply } : { status: 202, ...reply, final: false };
      },
    }),
    route({
      method: 'get',
      path: '/v1/onboardings/{id}',
      operationId: 'getOnboarding',
      tag: 'onboarding',
      summary: 'Read your onboarding',
      policy: { access: 'member' },
      params: z.object({ id: idOf('onb') }),
      responses: { 200: { description: 'Your onboarding.', schema: onboardingSchema } },
      handle: async ({ params: { id }, caller }) => {
        const onboarding = await findOnboarding(deps.database, 'id', id);
        if (onboarding?.userId !== caller().userId) throw notFound('onboarding');
        return { status: 200, body: await bodyOf(deps, id) };
      },
    }),
  ];
}

/** The name that will be checked: as given, or the display name with its last word as the last name. */
async function legalName(
  database: Database,
  userId: UserId,
  { firstName, lastName }: z.output<typeof newOnboarding>,
): Promise<{ firstName: string; lastName: string }> {
  const words = ((await getAccount(database, userId))?.displayName ?? '').split(/\s+/);
  const last = words.length > 1 ? words.pop() : words[0];
  const name = { firstName: firstName ?? words.join(' '), lastName: lastName ?? last ?? '' };
  if (NOT_IN_NAMES.test(`${name.firstName}${name.lastName}`)) {
    throw unprocessable('LEGAL_NAME_NEEDED', 'Your display name is no legal name: send firstName and lastName.');
  }
  return name;
}

/** Starts the workflow, or joins the one that runs. @returns whether the identity check can be taken */
async function begin(client: Client, { id, userId }: Onboarding, publicUrl: string): Promise<boolean> {
  const start = new WithStartWorkflowOperation<OnboardingWorkflow>('onboarding', {
    workflowId: onboardingWorkflowId(userId),
    args: [{ onboardingId: id, userId, publicUrl }],
    taskQueue: TASK_QUEUES.workflows,
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
    typedSearchAttributes: new TypedSearchAttributes([
      { key: ONBOARDING_STATE, value: 'started' },
      { key: SELLER_ID, value: userId },
    ]),
    staticSummary: `Onboarding ${id}`,
    staticDetails: `${userId} becomes a seller, and stays one as long as identity check and payout account are good.`,
  });
  // One update id for all calls: whoever asks joins the first one.
  const result = await outcomeOf(client, Date.now() + ANSWER_WITHIN_MS, () =>
    client.workflow.executeUpdateWithStart(beginOnboardingUpdate, { updateId: 'begin', startWorkflowOperation: start }),
  );
  return result === 'done';
}

/** Begins another check after one that was not passed or not taken. @returns whether it can be taken */
async function againIfEnded(
  client: Client,
  { userId, state, attempts }: Onboarding,
  commandId: string,
): Promise<boolean> {
  if (state !== 'rejected' && state !== 'abandoned') return true;
  if (attempts >= ATTEMPTS) {
    const detail = `The identity check did not succeed in ${ATTEMPTS} attempts, or a person declined it. No other one can be taken; if staff find otherwise, you hear of it.`;
    throw conflict('ATTEMPTS_USED_UP', detail);
  }
  const handle = client.workflow.getHandle(onboardingWorkflowId(userId));
  const result = await outcomeOf(client, Date.now() + ANSWER_WITHIN_MS, () =>
    handle.executeUpdate(tryAgainUpdate, { updateId: commandId }),
  );
  return result === 'done';
}

/** What was refused before, a name for one, is tried again at once when the user asks for it again. */
async function tryAgain({ database, temporal }: OnboardingRoutesDeps, { id, userId }: Onboarding): Promise<void> {
  const current = await findOnboarding(database, 'id', id);
  if (current?.state !== 'started') return;
  const eventId = `again/${new Date().toISOString()}`;
  await createFlowSignals(temporal.client).identity(userId, { eventId });
}

async function bodyOf(deps: OnboardingRoutesDeps, id: OnboardingId): Promise<z.input<typeof onboardingSchema>> {
  const onboarding = await findOnboarding(deps.database, 'id', id);
  if (onboarding === undefined) throw notFound('onboarding');
  const identityDone = onboarding.identityOutcome === 'approved' || onboarding.reviewDecision === 'approve';
  const canTakeIt = onboarding.checkUrl !== null && onboarding.state === 'identity_check';
  const identity: StepState = identityDone ? 'done' : canTakeIt ? 'open' : 'waiting';
  const settled = onboarding.transfersActive && onboarding.requirements.length === 0;
  const payout: StepState = settled ? 'done' : onboarding.accountId === null ? 'waiting' : 'open';
  const payoutUrl = payout === 'open' ? await payoutLink(deps, onboarding) : undefined;
  return {
    id,
    state: onboarding.state,
    steps: [
      {
        name: 'identity_check',
        state: identity,
        ...(identity === 'open' && onboarding.checkUrl !== null && { url: onboarding.checkUrl }),
        outcome: onboarding.identityOutcome,
        requirements: [],
        asks: [],
        dueAt: (identity === 'open' && onboarding.checkDueAt?.toISOString()) || null,
      },
      {
        name: 'payout_account',
        state: payout,
        ...(payoutUrl !== undefined && { url: payoutUrl }),
        outcome: onboarding.disabledReason,
        requirements: [...onboarding.requirements],
        asks: [...new Set(onboarding.requirements.map(requirementText))],
        dueAt: onboarding.requirementsDueAt?.toISOString() ?? null,
      },
    ],
    attemptsLeft: Math.max(ATTEMPTS - onboarding.attempts, 0),
    next: nextFor(onboarding),
    createdAt: onboarding.createdAt.toISOString(),
    updatedAt: onboarding.updatedAt.toISOString(),
  };
}

/** What the seller can do now. What Stripe will soon want is said as long as the seller is verified. */
function nextFor({ state, attempts, requirements, requirementsDueAt }: Onboarding): string {
  if (state === 'rejected' && attempts >= ATTEMPTS)
    return 'The identity check was not passed, and no attempts are left.';
  if (state !== 'verified' || requirements.length === 0) return ONBOARDING_NEXT[state];
  const asks = [...new Set(requirements.map(requirementText))].join(', ');
  const until = requirementsDueAt === null ? 'soon' : `by ${requirementsDueAt.toISOString()}`;
  return `Give Stripe ${asks} ${until}, on the page of the second step, or your payouts are paused.`;
}

/** A link works once, so it is handed out again for a short time only: to a client that asks for the page over and over. */
const LINK_SHARED_MS = 30_000;

/** The page of Stripe's form. */
async function payoutLink(
  { database, payments, config }: OnboardingRoutesDeps,
  onboarding: Onboarding,
): Promise<string> {
  const { link, accountId, id } = onboarding;
  // A link from before the account last changed has probably been used: it would lead nowhere.
  const isFresh = link !== null && link.expiresAt.getTime() - LINK_SHARED_MS > onboarding.updatedAt.getTime();
  if (isFresh && link.expiresAt.getTime() > Date.now()) return link.url;
  if (accountId === null) throw notFound('payout account');
  const returnUrl = `${config.PUBLIC_URL}/docs`;
  try {
    const { url, expiresAtMs } = await payments.createAccountLink(accountId, { refreshUrl: returnUrl, returnUrl });
    const expiresAt = new Date(Math.min(expiresAtMs, Date.now() + LINK_SHARED_MS));
    await storeLink(database, id, { url, expiresAt });
    return url;
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    throw unavailable('Stripe does not answer at the moment. Ask again in a moment.', 5, error);
  }
}
