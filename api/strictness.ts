import { z } from 'zod';
import type { Route } from './route.ts';

/**
 * Refuses a set of routes that breaks a rule the reference promises for all of them. Called once, when the application is
 * built, so that a mistake fails at start and in every test.
 * @throws TypeError naming the route and the rule
 */
export function checkRoutes(routes: readonly Route[]): void {
  const operationIds = new Set<string>();
  const paths = new Set<string>();
  for (const route of routes) {
    const refuse = (what: string): never => {
      throw new TypeError(`${route.method.toUpperCase()} ${route.path} (${route.operationId}): ${what}`);
    };
    // The compiler demands it; this is for a route that reaches us through a cast or from JavaScript.
    if ((route.policy as unknown) === undefined) refuse('a route declares its policy');
    if (operationIds.has(route.operationId)) refuse('the operationId is taken');
    if (paths.has(`${route.method} ${route.path}`)) refuse('the path is taken');
    operationIds.add(route.operationId);
    paths.add(`${route.method} ${route.path}`);
    const declared = Object.keys(route.params instanceof z.ZodObject ? route.params.shape : {}).toSorted(byText);
    const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').toSorted(byText);
    if (declared.join() !== inPath.join()) refuse('`params` declares exactly what the path names in braces');
    for (const part of ['query', 'body'] as const) {
      const loose = route[part] === undefined ? undefined : looseObject(route[part], part);
      if (loose !== undefined) refuse(`unknown fields are refused everywhere: ${loose} has to be a z.strictObject`);
    }
  }
}

const byText = (a: string, b: string): number => (a < b ? -1 : 1);

/** The path of the first object that would take unknown fields, or undefined. */
function looseObject(schema: z.core.$ZodType, path: string): string | undefined {
  if (schema instanceof z.ZodObject) {
    const { catchall, shape } = schema.def;
    if (!(catchall instanceof z.ZodNever)) return path;
    return firstOf(Object.entries(shape).map(([name, member]) => [member, `${path}.${name}`]));
  }
  if (schema instanceof z.ZodArray) return looseObject(schema.element, `${path}[]`);
  if (schema instanceof z.ZodUnion) return firstOf(schema.options.map((option) => [option, path]));
  if (schema instanceof z.ZodPipe) return looseObject(schema.def.in, path);
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodReadonly
  ) {
    return looseObject(schema.def.innerType, path);
  }
  return undefined;
}

function firstOf(candidates: ReadonlyArray<readonly [z.core.$ZodType, string]>): string | undefined {
  for (const [schema, path] of candidates) {
    const loose = looseObject(schema, path);
    if (loose !== undefined) return loose;
  }
  return undefined;
}
