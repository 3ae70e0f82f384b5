import { Router } from '@koa/router';
import Koa, { type Context } from 'koa';
import type { Logger } from '../../platform/logging.ts';
import { readBody } from '../http/body.ts';
import { html, page } from '../pages/html.ts';
import type { SandboxSettings } from '../settings.ts';
import type { Database } from '../store/database.ts';
import { type CaughtPush, readPushes, storePush } from '../store/pushes.ts';
import { createAccess } from './access.ts';
import { CHOSEN, errorBody, ONCE, type Refusal, sendRequest } from './message.ts';

const MAX_LISTED = 200;
/** FCM's own bound is 4 KB for the payload; the envelope needs some more. */
const MAX_BODY_BYTES = 16 * 1_024;
const MAX_REMEMBERED = 10_000;

/**
 * Firebase Cloud Messaging, HTTP v1, with Google's token endpoint, and what was caught: JSON for tests
 * (`/messages?token=`), a page for people (`/`).
 */
export function pushApplication(database: Database, log: Logger, fcm: SandboxSettings['fcm']): Koa {
  const access = createAccess(fcm);
  const happened = new Set<string>();
  const router = new Router();
  router.get('/', async (context) => {
    context.type = 'html';
    context.body = pushesPage(await readPushes(database.pool, { limit: MAX_LISTED }));
  });
  router.get('/messages', async (context) => {
    const token = context.URL.searchParams.get('token') ?? undefined;
    context.body = await readPushes(database.pool, { token, limit: MAX_LISTED });
  });
  router.post('/token', async (context) => {
    const body = await readBody(context.req, MAX_BODY_BYTES);
    const answer = await access.grant(new URLSearchParams(body?.toString() ?? ''));
    context.status = answer.status;
    context.body = answer.body;
  });
  router.post('/v1/projects/:project/:method', async (context) => {
    // The colon of Google's custom methods is one of the router's own signs.
    if (context.params['method'] !== 'messages:send') return;
    if (!access.isGranted(context.get('authorization'))) return refuse(context, UNAUTHENTICATED);
    if (context.params['project'] !== fcm.projectId) return refuse(context, FORBIDDEN);
    const request = sendRequest.safeParse(jsonOf(await readBody(context.req, MAX_BODY_BYTES)));
    if (!request.success) return refuse(context, invalid(request.error.issues[0]?.path.join('.') ?? ''));
    const { token } = request.data.message;
    const refusal = chosen(token, happened);
    if (refusal !== undefined) return refuse(context, refusal);
    const isTrial = request.data.validate_only === true;
    const id = isTrial ? 'fake_message_id' : await storePush(database.pool, token, request.data.message);
    context.body = { name: `projects/${fcm.projectId}/messages/${id}` };
  });
  const application = new Koa();
  application.on('error', (error: unknown) => log.error('The push service failed to answer', { error }));
  application.use(router.routes());
  return application;
}

const UNAUTHENTICATED: Refusal = {
  status: 401,
  code: 'UNAUTHENTICATED',
  message: 'Request had invalid authentication credentials. Expected OAuth 2 access token.',
};
const FORBIDDEN: Refusal = {
  status: 403,
  code: 'PERMISSION_DENIED',
  message: "Permission 'cloudmessaging.messages.create' denied.",
};
const invalid = (path: string): Refusal => ({
  status: 400,
  code: 'INVALID_ARGUMENT',
  message: `Invalid value at '${path}'`,
  ownCode: 'INVALID_ARGUMENT',
});

function refuse(context: Context, refusal: Refusal): void {
  context.status = refusal.status;
  if (refusal.retryAfterSeconds !== undefined) context.set('Retry-After', String(refusal.retryAfterSeconds));
  context.body = errorBody(refusal);
}

function jsonOf(body: Buffer | undefined): unknown {
  try {
    return JSON.parse(body?.toString() ?? '');
  } catch {
    return undefined;
  }
}

/** What the token asks for by a word in it. @param happened the tokens for which what happens once has happened */
function chosen(token: string, happened: Set<string>): Refusal | undefined {
  const [word, refusal] = Object.entries(CHOSEN).find(([name]) => token.includes(name)) ?? [];
  if (word === undefined || !ONCE.has(word)) return refusal;
  if (happened.has(token)) return undefined;
  if (happened.size >= MAX_REMEMBERED) happened.clear();
  happened.add(token);
  return refusal;
}

function pushesPage(pushes: readonly CaughtPush[]): string {
  const rows = pushes.map(
    ({ at, token, message }) =>
      html`<tr><td>${at}</td><td><code>${token.slice(0, 40)}</code></td><td><pre>${JSON.stringify(message, null, 1)}</pre></td></tr>`,
  );
  return page(
    'Caught pushes',
    pushes.length === 0
      ? html`<p>No push yet.</p>`
      : html`<table><tr><th>When</th><th>To</th><th>Message</th></tr>${rows}</table>`,
  );
}
