import type Koa from 'koa';
import type { Logger } from '../platform/logging.ts';
import type { NoteSecurity } from './middleware/security-events.ts';
import type { Caller } from './route.ts';

/** What the middlewares tell each other about one request. */
export interface RequestState {
  requestId: string;
  log: Logger;
  /** The path as the route declares it, for logs and metrics; undefined where no route matched. */
  route?: string;
  caller?: Caller;
  /** Notes what concerns security about this request. */
  security: NoteSecurity;
  /** Whose session the token belongs to, when that is over. */
  sessionOverOf?: string;
  isStaffRoute?: boolean;
  /** The code of a problem that is the caller's own doing. */
  refusal?: string;
}

export type Context = Koa.ParameterizedContext<RequestState>;
export type Middleware = Koa.Middleware<RequestState>;
