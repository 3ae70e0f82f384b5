/** The routes of the API as it describes itself: what tests of every route are driven by. */
import { request } from './client.ts';

export interface Operation {
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `/v1/purchases/{id}/accept` */
  readonly path: string;
  /** Whether a body can be sent, as JSON. */
  readonly hasBody: boolean;
  /** Whether it demands somebody who is signed in. */
  readonly isSignedIn: boolean;
  /** The names of its query. */
  readonly query: readonly string[];
}

interface Described {
  readonly operationId: string;
  readonly security?: readonly Record<string, unknown>[];
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> };
}

/** Every operation of `/openapi.json`. */
export async function operations(): Promise<readonly Operation[]> {
  const { body } = await request<{ paths: Record<string, Record<string, Described>> }>('GET', '/openapi.json');
  return Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      id: described.operationId,
      method: method.toUpperCase() as Operation['method'],
      path,
      hasBody: described.requestBody?.content['application/json'] !== undefined,
      isSignedIn:
        (described.security ?? []).length > 0 && !described.security?.some((one) => Object.keys(one).length === 0),
      query: (described.parameters ?? []).filter((one) => one.in === 'query').map(({ name }) => name),
    })),
  );
}
