import cors from '@koa/cors';
import { Router } from '@koa/router';
import Koa from 'koa';
import { withFaults } from '../faults/transport.ts';
import { readBody } from '../http/body.ts';
import { authenticate } from './authentication.ts';
import { internalError, invalidRequest, StripeError } from './errors.ts';
import { decodeForm, type FormGroup } from './form.ts';
import { newStripeId } from './ids.ts';
import { decodeMultipart } from './multipart.ts';
import type { Operation } from './operation.ts';
import { execute, refusal, type StripeAnswer, type StripeBackend } from './requests.ts';
import { API_VERSION } from './version.ts';

const MAX_BODY_BYTES = 1024 * 1024;

/** The Stripe API over HTTP, made of its operations. */
export function stripeApplication(backend: StripeBackend, operations: readonly Operation[], apiKey: string): Koa {
  const application = new Koa();
  const router = new Router();
  for (const operation of operations) {
    router.register(operation.path.replaceAll(/\{(\w+)\}/g, ':$1'), [operation.method], async (context) => {
      if (/%00/.test(context.path)) throw invalidRequest('A URL contains no NUL characters.');
      const key = authenticate(context.get('authorization') || undefined, apiKey);
      requireVersion(context.get('stripe-version'));
      const form = operation.method === 'POST' ? await formBody(context, operation) : decodeForm(context.querystring);
      await withFaults(backend, context, { provider: 'stripe', path: operation.path }, async (verdict) => {
        const answer = await execute(backend, {
          operation,
          path: context.params,
          form,
          url: context.path,
          key,
          requestId: context.response.get('request-id'),
          idempotencyKey: context.get('idempotency-key') || null,
          onAccount: context.get('stripe-account') || null,
          verdict,
        });
        write(context, answer);
        if (context.get('idempotency-key') !== '') context.set('Idempotency-Key', context.get('idempotency-key'));
      });
    });
  }
  application.use(envelope(backend));
  // Stripe.js calls from any page; only publishable keys get anywhere that way.
  application.use(cors({ exposeHeaders: ['Request-Id', 'Stripe-Version'] }));
  application.use(router.routes());
  application.use((context) => {
    authenticate(context.get('authorization') || undefined, apiKey);
    throw new StripeError(
      404,
      'invalid_request_error',
      `Unrecognized request URL (${context.method}: ${context.path}). ` +
        `What this sandbox covers is listed at ${backend.pagesUrl}/.`,
    );
  });
  return application;
}

/** Gives each answer its headers, and each error Stripe's envelope. */
function envelope(backend: StripeBackend): Koa.Middleware {
  return async (context, next) => {
    context.set('Request-Id', newStripeId('req'));
    context.set('Stripe-Version', API_VERSION);
    context.set('Cache-Control', 'no-cache, no-store');
    try {
      await next();
    } catch (error) {
      if (!(error instanceof StripeError)) backend.log.error('The sandbox failed to answer', { error });
      if (error instanceof StripeError && error.status === 401) context.set('WWW-Authenticate', 'Basic realm="Stripe"');
      write(context, refusal(error instanceof StripeError ? error : internalError()));
    }
  };
}

function write(context: Koa.Context, answer: StripeAnswer): void {
  context.status = answer.status;
  context.type = 'application/json';
  context.body = answer.body;
  if (answer.replayOf !== undefined) {
    context.set('Idempotent-Replayed', 'true');
    context.set('Original-Request', answer.replayOf);
  }
}

function requireVersion(version: string): void {
  if (version !== '' && version !== API_VERSION) {
    throw invalidRequest(
      `Invalid Stripe API version: ${version.slice(0, 50)}. This sandbox speaks ${API_VERSION} only.`,
    );
  }
}

async function formBody(context: Koa.Context, { multipartBytes }: Operation): Promise<FormGroup> {
  const most = multipartBytes ?? MAX_BODY_BYTES;
  const body = await readBody(context.req, most);
  if (body === undefined) {
    throw new StripeError(413, 'invalid_request_error', `A request body has at most ${most} bytes.`);
  }
  if (multipartBytes !== undefined) return decodeMultipart(body, context.get('content-type'));
  if (body.length > 0 && context.is('application/x-www-form-urlencoded') === false) {
    throw invalidRequest('Invalid request: this API takes application/x-www-form-urlencoded bodies.');
  }
  return decodeForm(body.toString('utf8'));
}
