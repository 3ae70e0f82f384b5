import { Router } from '@koa/router';
import { readBody } from '../http/body.ts';
import { OnfidoError } from '../onfido/errors.ts';
import type { OnfidoCall } from '../onfido/operation.ts';
import { completeRun, RUN_OUTCOMES, runById } from '../onfido/workflow-runs.ts';
import { findObject } from '../store/objects.ts';
import { type AccountLinkState, accountLink, completeOnboarding } from '../stripe/account-links.ts';
import { shownAmount } from '../stripe/currencies.ts';
import { PAYMENT_INTENT } from '../stripe/payment-intent-kind.ts';
import { authenticated } from '../stripe/payment-intent-steps.ts';
import { SETUP_INTENT, setupAuthenticated } from '../stripe/setup-intent-steps.ts';
import type { Call } from '../stripe-api/operation.ts';
import { choices, type Html, html, page } from './html.ts';

/** Runs a step of a provider that no API request causes, in one transaction, and wakes the webhooks it left. */
export interface Steps {
  stripe<Result>(step: (call: Call) => Promise<Result>): Promise<Result>;
  onfido<Result>(step: (call: OnfidoCall) => Promise<Result>): Promise<Result>;
}

const MAX_FORM_BYTES = 16 * 1024;

/** A page: what it says, and with which status. */
interface Shown {
  readonly status: number;
  readonly title: string;
  readonly body: Html;
}

interface HostedPage {
  readonly path: string;
  /** @param outcome undefined to look at the page, else what the posted form says ('' when it says nothing) */
  answer(params: Readonly<Record<string, string>>, outcome: string | undefined): Promise<Shown>;
}

/** The steps that people take on the providers' own pages. A GET shows the page, a POST to the same URL takes the step. */
export function hostedPages(steps: Steps): Router {
  const router = new Router();
  for (const hosted of [onboardingPage(steps), identityPage(steps), authenticationPage(steps)]) {
    router.register(hosted.path, ['GET', 'POST'], async (context) => {
      const outcome = context.method === 'POST' ? await postedOutcome(context.req) : undefined;
      const shown = await hosted.answer(context.params, outcome);
      context.status = shown.status;
      context.type = 'html';
      context.body = page(shown.title, shown.body);
    });
  }
  return router;
}

async function postedOutcome(request: Parameters<typeof readBody>[0]): Promise<string> {
  const body = await readBody(request, MAX_FORM_BYTES);
  return new URLSearchParams(body?.toString('utf8') ?? '').get('outcome') ?? '';
}

const gone = (what: string): Shown => ({
  status: 404,
  title: 'Not found',
  body: html`<p>There is no such ${what}.</p>`,
});

const badOutcome = (outcome: string, allowed: readonly string[]): Shown => ({
  status: 400,
  title: 'Not understood',
  body: html`<p>The outcome “${outcome.slice(0, 40)}” is none of: ${allowed.join(', ')}.</p>`,
});

function backLink(url: string | null | undefined): Html {
  return url === null || url === undefined ? html`` : html`<p><a href="${url}">Back to the application</a></p>`;
}

function onboardingPage(steps: Steps): HostedPage {
  const title = 'Set up payouts';
  const done = (link: AccountLinkState): Shown => ({
    status: 200,
    title: 'Payouts are set up',
    body: html`<p>The account <code>${link.account}</code> has handed in its details.</p>${backLink(link.returnUrl)}`,
  });
  return {
    path: '/connect/onboarding/:account/:token',
    answer: (params, outcome) =>
      steps.stripe(async (call) => {
        const link = await accountLink(call, params['account'] ?? '', params['token'] ?? '');
        if (link === undefined) return gone('account link');
        if (link.used) return done(link);
        if (link.expiresAt <= call.now) {
          const body = html`<p>This link has expired; the application makes a new one.</p>${backLink(link.refreshUrl)}`;
          return { status: 410, title: 'Link expired', body };
        }
        if (outcome === undefined) {
          const form = choices([
            { outcome: 'complete', label: 'Hand in all details' },
            {
              outcome: 'complete_failing_bank',
              label: 'Hand in all details, with a bank account that takes no payouts',
            },
            { outcome: 'leave', label: 'Leave without finishing' },
          ]);
          const body = html`<p>Stripe would now ask for personal details and a bank account for <code>${link.account}</code>.</p>${form}`;
          return { status: 200, title, body };
        }
        if (outcome === 'leave')
          return { status: 200, title, body: html`<p>Nothing was handed in.</p>${backLink(link.returnUrl)}` };
        const outcomes = ['complete', 'complete_failing_bank', 'leave'];
        if (outcome !== '' && !outcomes.includes(outcome)) return badOutcome(outcome, outcomes);
        await completeOnboarding(call, link, outcome !== 'complete_failing_bank');
        return done(link);
      }),
  };
}

function identityPage(steps: Steps): HostedPage {
  return {
    path: '/identity/:run',
    answer: async (params, outcome) => {
      try {
        return await steps.onfido((call) => identityStep(call, params['run'] ?? '', outcome));
      } catch (error) {
        if (error instanceof OnfidoError && error.status === 404) return gone('identity check');
        throw error;
      }
    },
  };
}

async function identityStep(call: OnfidoCall, id: string, outcome: string | undefined): Promise<Shown> {
  const run = await runById(call, id, { lock: outcome !== undefined });
  const { link, status } = run.body;
  const done: Shown = {
    status: 200,
    title: 'Identity check complete',
    body: html`<p>Thank you. The result goes to the application.</p>${backLink(link?.completed_redirect_url)}`,
  };
  if (status !== 'awaiting_input') return done;
  if (Date.parse(link?.expires_at ?? '') <= call.clock.now().getTime()) {
    return {
      status: 410,
      title: 'Link expired',
      body: html`<p>This link has expired.</p>${backLink(link?.expired_redirect_url)}`,
    };
  }
  if (outcome === undefined) {
    const form = choices([
      { outcome: 'complete', label: 'Hand in document and photo' },
      ...RUN_OUTCOMES.map((result) => ({ outcome: result, label: `End as “${result}”` })),
    ]);
    return {
      status: 200,
      title: 'Check your identity',
      body: html`<p>Onfido would now ask for a document and a photo. The result follows from the applicant's last name, or choose it here.</p>${form}`,
    };
  }
  const chosen = RUN_OUTCOMES.find((result) => result === outcome);
  if (chosen === undefined && outcome !== '' && outcome !== 'complete')
    return badOutcome(outcome, ['complete', ...RUN_OUTCOMES]);
  await completeRun(call, run, chosen);
  return done;
}

function authenticationPage(steps: Steps): HostedPage {
  return {
    path: '/3d-secure/:intent/:secret',
    answer: (params, outcome) =>
      steps.stripe(async (call) => {
        const waiting = await authenticationOf(call, params['intent'] ?? '', params['secret'] ?? '', {
          lock: outcome !== undefined,
        });
        return waiting === undefined ? gone('payment') : authenticationStep(waiting, outcome);
      }),
  };
}

/** What waits for the buyer's bank: a payment, or a payment method to be kept. */
interface Authentication {
  readonly status: string;
  readonly asks: string;
  readonly returnUrl: string | null | undefined;
  answer(success: boolean): Promise<void>;
}

async function authenticationOf(
  call: Call,
  id: string,
  secret: string,
  options: { lock: boolean },
): Promise<Authentication | undefined> {
  const payment = await findObject(call.tx, PAYMENT_INTENT, call.platform, id, options);
  if (payment?.hidden.clientSecret === secret) {
    const { amount, currency, next_action: action, status } = payment.body;
    return {
      status,
      asks: `whether you want to pay ${shownAmount(amount, currency)}`,
      returnUrl: action?.redirect_to_url?.return_url,
      answer: (success) => authenticated(call, payment, success),
    };
  }
  const setup = await findObject(call.tx, SETUP_INTENT, call.platform, id, options);
  if (setup?.hidden.clientSecret !== secret) return undefined;
  return {
    status: setup.body.status,
    asks: 'whether your card may be kept for later payments',
    returnUrl: setup.body.next_action?.redirect_to_url?.return_url,
    answer: (success) => setupAuthenticated(call, setup, success),
  };
}

async function authenticationStep(waiting: Authentication, outcome: string | undefined): Promise<Shown> {
  if (waiting.status !== 'requires_action') {
    return { status: 200, title: 'Nothing to authenticate', body: html`<p>This payment does not wait for you.</p>` };
  }
  if (outcome === undefined) {
    const form = choices([
      { outcome: 'complete', label: 'Complete authentication' },
      { outcome: 'fail', label: 'Fail authentication' },
    ]);
    const body = html`<p>Your bank would now ask ${waiting.asks}.</p>${form}`;
    return { status: 200, title: '3-D Secure', body };
  }
  if (!['', 'complete', 'fail'].includes(outcome)) return badOutcome(outcome, ['complete', 'fail']);
  await waiting.answer(outcome !== 'fail');
  const said = outcome === 'fail' ? 'The authentication failed.' : 'Thank you.';
  return { status: 200, title: '3-D Secure', body: html`<p>${said}</p>${backLink(waiting.returnUrl)}` };
}
