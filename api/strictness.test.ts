import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Route, route } from './route.ts';
import { checkRoutes } from './strictness.ts';

const declare = (more: Partial<Route> = {}): Route => ({
  ...route({
    method: 'get',
    path: '/thing/{id}',
    operationId: 'getThing',
    tag: 'test',
    summary: 'A thing',
    policy: { access: 'public' },
    params: z.strictObject({ id: z.string() }),
    responses: { 200: { description: 'It.', schema: null } },
    handle: async () => ({ status: 200 }),
  }),
  ...more,
});

/** A route as it could come from code that the compiler has not seen. */
function without(field: keyof Route): Route {
  const { [field]: _left, ...rest } = declare();
  return rest as Route;
}

describe('a set of routes', () => {
  it('is accepted when every route keeps the rules', () => {
    expect(() => checkRoutes([declare(), declare({ method: 'delete', operationId: 'deleteThing' })])).not.toThrow();
  });

  it.each<[string, Route[], RegExp]>([
    ['without a policy', [without('policy')], /GET \/thing\/\{id\} \(getThing\): a route declares its policy/],
    ['with one name for two', [declare(), declare({ path: '/other/{id}' })], /the operationId is taken/],
    ['with one path for two', [declare(), declare({ operationId: 'other' })], /the path is taken/],
    ['with a parameter that the path does not name', [declare({ path: '/thing' })], /`params` declares exactly/],
    ['with a path parameter that is not validated', [without('params')], /`params` declares exactly/],
  ])('is refused %s', (_what, routes, message) => {
    expect(() => checkRoutes(routes)).toThrow(message);
  });

  const loose = z.object({ a: z.string() });
  it.each<[string, z.ZodType, string]>([
    ['itself', loose, 'body'],
    ['inside an object', z.strictObject({ price: loose }), 'body.price'],
    ['inside a list', z.strictObject({ items: z.array(loose) }), 'body.items[]'],
    ['when it may be missing', z.strictObject({ price: loose.optional() }), 'body.price'],
    ['when it may be null', z.strictObject({ price: loose.nullable() }), 'body.price'],
    ['with a default', z.strictObject({ price: loose.default({ a: '' }) }), 'body.price'],
    ['as one of several', z.strictObject({ price: z.union([z.string(), loose]) }), 'body.price'],
    ['before a transformation', z.strictObject({ price: loose.transform(({ a }) => a) }), 'body.price'],
    ['that takes anything', z.looseObject({}), 'body'],
  ])('is refused with a body that takes unknown fields %s', (_what, body, where) => {
    const taking = declare({ method: 'post', idempotency: 'replay', body });
    expect(() => checkRoutes([taking])).toThrow(`${where} has to be a z.strictObject`);
  });
});

describe('a POST', () => {
  it('declares how it is repeated', () => {
    expect(() => route({ ...declare(), method: 'post' })).toThrow(/a POST declares how it is repeated/);
  });
});
