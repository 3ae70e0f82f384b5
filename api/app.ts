import { Router } from '@koa/router';
import Koa from 'koa';
import type { Logger } from '../platform/logging.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { SecurityLog } from '../platform/security-log.ts';
import { supportConsole } from './console.ts';
import type { RequestState } from './context.ts';
import { type DispatchOptions, dispatch } from './dispatch.ts';
import { docs } from './docs.ts';
import { errors } from './middleware/errors.ts';
import { requests } from './middleware/requests.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { describe } from './openapi.ts';
import type { Route } from './route.ts';
import { checkRoutes } from './strictness.ts';

export interface AppOptions extends DispatchOptions {
  readonly routes: readonly Route[];
  readonly publicUrl: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly security: SecurityLog;
}

/**
 * The HTTP application: all routes behind one error model, one log line, one way of asking who calls.
 * @throws TypeError when a route breaks a rule that the reference promises for all of them
 */
export function createApp(options: AppOptions): Koa<RequestState> {
  checkRoutes(options.routes);
  const app = new Koa<RequestState>();
  app.silent = true;
  app.on('error', (error: Error) => options.log.warn('an answer could not be sent', { error }));

  const router = new Router<RequestState>({ strict: true, sensitive: true });
  for (const route of options.routes) router.register(routerPath(route), [route.method], dispatch(route, options));

  app.use(requests(options.log, options.metrics, options.security));
  app.use(errors);
  app.use(securityHeaders(options.publicUrl));
  app.use(supportConsole(options.publicUrl));
  app.use(docs(describe(options.routes, options.publicUrl)));
  app.use(router.routes());
  app.use(router.allowedMethods());
  return app;
}

/** `/v1/purchases/{id}` as the router writes it: `/v1/purchases/:id`. */
const routerPath = (route: Route): string => route.path.replaceAll(/\{(\w+)\}/g, ':$1');
