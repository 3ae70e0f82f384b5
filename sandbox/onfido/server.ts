import { createHash, timingSafeEqual } from 'node:crypto';
import { Router } from '@koa/router';
import Koa from 'koa';
import type { Logger } from '../../platform/logging.ts';
import { type FaultBackend, withFaults } from '../faults/transport.ts';
import { readBody } from '../http/body.ts';
import type { Clock } from '../store/clock.ts';
import { applicantOperations } from './applicants.ts';
import { internalError, OnfidoError } from './errors.ts';
import type { OnfidoOperation, OnfidoRequest } from './operation.ts';
import { workflowRunOperations } from './workflow-runs.ts';

export interface OnfidoBackend extends FaultBackend {
  readonly clock: Clock;
  readonly log: Logger;
  readonly pagesUrl: string;
  readonly apiToken: string;
  readonly workflowId: string;
  /** Called after a commit: webhooks may be waiting. */
  readonly wakeDeliveries: () => void;
}

export const ONFIDO_OPERATIONS = [...applicantOperations, ...workflowRunOperations];

const MAX_BODY_BYTES = 1024 * 1024;

/** The Onfido API v3.6 over HTTP. */
export function onfidoApplication(backend: OnfidoBackend): Koa {
  const router = new Router({ prefix: '/v3.6' });
  for (const operation of ONFIDO_OPERATIONS) {
    router.register(operation.path, [operation.method], async (context) => {
      if (/%00/.test(context.url)) throw new OnfidoError(400, 'bad_request', 'A URL contains no NUL characters');
      const request = {
        id: context.params['id'] ?? '',
        query: context.URL.searchParams,
        body: operation.method === 'POST' || operation.method === 'PUT' ? await jsonBody(context) : undefined,
      };
      const path = `/v3.6${operation.path.replaceAll(/:(\w+)/g, '{$1}')}`;
      await withFaults(backend, context, { provider: 'onfido', path }, async (verdict) => {
        if (verdict === 'error') throw internalError();
        if (verdict === 'rate_limit') {
          throw new OnfidoError(429, 'rate_limit', 'The rate limit for this endpoint has been reached');
        }
        await answer(backend, context, operation, request);
      });
    });
  }
  const application = new Koa();
  application.use(async (context, next) => {
    try {
      authenticate(context.get('authorization'), backend.apiToken);
      await next();
      if (context.status === 404 && context.body === undefined) {
        throw new OnfidoError(404, 'resource_not_found', 'The resource you requested does not exist in this sandbox');
      }
    } catch (error) {
      const known = error instanceof OnfidoError;
      if (!known) backend.log.error('An Onfido request failed inside the sandbox', { error });
      const refusal = known ? error : internalError();
      context.status = refusal.status;
      context.body = refusal.envelope();
    }
  });
  application.use(router.routes());
  return application;
}

async function answer(
  backend: OnfidoBackend,
  context: Koa.Context,
  operation: OnfidoOperation,
  request: OnfidoRequest,
): Promise<void> {
  const { clock, pagesUrl, workflowId } = backend;
  const reply = await backend.database.transaction((tx) =>
    operation.handle({ tx, clock, pagesUrl, workflowId }, request),
  );
  backend.wakeDeliveries();
  context.status = reply.status;
  if (reply.headers !== undefined) context.set(reply.headers);
  if (reply.body !== undefined) context.body = reply.body;
}

function authenticate(authorization: string, token: string): void {
  const given = /^Token token=(.+)$/.exec(authorization)?.[1] ?? '';
  const digest = (value: string) => createHash('sha256').update(value).digest();
  if (!timingSafeEqual(digest(given), digest(token))) {
    throw new OnfidoError(401, 'authorization_error', 'Authorization error: please re-check your credentials');
  }
}

async function jsonBody(context: Koa.Context): Promise<unknown> {
  const body = await readBody(context.req, MAX_BODY_BYTES);
  if (body === undefined)
    throw new OnfidoError(413, 'bad_request', `A request body has at most ${MAX_BODY_BYTES} bytes`);
  try {
    return JSON.parse(body.toString('utf8'), storable);
  } catch (error) {
    throw new OnfidoError(
      400,
      'bad_request',
      `Could not parse the body as JSON: ${error instanceof Error ? error.message : ''}`,
    );
  }
}

/** PostgreSQL stores neither NUL nor half of a surrogate pair. */
function storable(_name: string, value: unknown): unknown {
  if (typeof value === 'string' && /\0|\p{Surrogate}/u.test(value)) {
    throw new SyntaxError('a text holds characters that cannot be stored');
  }
  return value;
}
