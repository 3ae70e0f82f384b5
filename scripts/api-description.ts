/** The API's OpenAPI document without a running API. */
import type { ApiDeps } from '../api/deps.ts';
import { describe } from '../api/openapi.ts';
import type { Route } from '../api/route.ts';
import { routesOf } from '../api/routes.ts';

/** Where the API of `npm start` is. */
const PUBLIC_URL = 'http://127.0.0.1:3000';

/** Every route of the API, to be looked at. */
export const apiRoutes = (): Route[] => routesOf(NOTHING);

/** The very document that the API serves at `/openapi.json`. */
export const apiDescription = (): object => describe(apiRoutes(), PUBLIC_URL);

/**
 * Routes are only looked at, never called. Whatever they take from what they are given leads here, and calling it is a
 * mistake of the route: a route does nothing before it is asked.
 */
const NOTHING = new Proxy(() => {}, {
  get: (nothing, name) => (typeof name === 'string' ? NOTHING : Reflect.get(nothing, name)),
  apply: () => {
    throw new Error('A route called something while it was being declared.');
  },
}) as unknown as ApiDeps;
