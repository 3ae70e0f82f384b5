import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject } from 'zod-openapi';
import { RETENTION_HOURS } from './idempotency/store.ts';
import { notAllowedMembers } from './purchases/not-now.ts';
import { type Idempotency, needsBody, type Policy, type Route } from './route.ts';

/** The OpenAPI 3.1 document of these routes, made of the very schemas that validate their requests. */
export function describe(routes: readonly Route[], publicUrl: string): object {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const route of routes) paths[route.path] = { ...paths[route.path], [route.method]: operationOf(route) };
  return createDocument(
    {
      openapi: '3.1.1',
      info: { title: 'Wellpact', version: '1', description: INTRODUCTION },
      servers: [{ url: publicUrl }],
      tags: [...new Set(routes.map((route) => route.tag))].map((name) => ({ name })),
      paths,
      components: {
        securitySchemes: {
          accessToken: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: 'From `POST /v1/sessions`.',
          },
        },
      },
    },
    {
      // Answers may get further members one day; a client that was generated to refuse them would break then.
      override: ({ jsonSchema, io }) => {
        if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      },
    },
  );
}

const INTRODUCTION = `
A marketplace for health and wellness in which money is held until the buyer has what was paid for.

- **JSON** in UTF-8, at most 1 MB. Fields are \`camelCase\`; unknown fields are refused, and answers
  may get further ones. Times are ISO 8601 in UTC. Money is \`{ "amount": 1250, "currency": "EUR" }\` in minor units.
- **Errors** are \`application/problem+json\` (RFC 9457): \`code\` is stable and for programs, \`detail\` is for people,
  \`errors[]\` names the fields. **400** means malformed, or a field of the wrong form. **422** means well-formed, but against
  a rule. **409** means that the state of things does not allow it now. Somebody else's object is **404**.
- **Repeating a POST** is safe with an \`Idempotency-Key\` (1 to 255 printable ASCII characters, a new one for each new
  request): the same key and body get the same answer, for ${RETENTION_HOURS} hours, also after a restart; a replayed answer carries
  \`Idempotency-Replayed: true\`. A repeat while the first call runs waits up to 8 s, then gets 202 with \`Location\`, or
  503 with \`Retry-After\`. The same key with another body is 422. Answers 5xx, 401 and 429 are never stored.
- **Lists** take \`limit\` and \`cursor\` and answer \`{ data, nextCursor }\`; \`nextCursor\` is null on the last page.
- **Limits** answer 429 with \`Retry-After\`; \`RateLimit\` and \`RateLimit-Policy\` say what is left.
- \`X-Request-Id\` names the request in our logs; send your own (8 to 128 of letters, digits, \`._:-\`) to find it in yours.
`;

const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What happened and what to do about it.' }),
    code: z.string().meta({ description: 'Stable, for programs.', example: 'SOLD_OUT' }),
    requestId: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'Any answer that is not a success (RFC 9457).' });

const notAllowedNow = problemSchema.extend(notAllowedMembers).meta({
  id: 'NotAllowedNow',
  description:
    'The state of things does not allow it. The members beyond those of any problem come with `NOT_ALLOWED_NOW`.',
});

const problemContent = { 'application/problem+json': { schema: problemSchema } };
const notAllowedContent = { 'application/problem+json': { schema: notAllowedNow } };

function operationOf(route: Route): ZodOpenApiOperationObject {
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    description: descriptionOf(route),
    security: securityOf(route.policy),
    requestParams: {
      ...(route.params instanceof z.ZodObject ? { path: route.params } : {}),
      ...(route.query instanceof z.ZodObject ? { query: route.query } : {}),
      ...headerParameters(route),
    },
    ...bodyOf(route),
    responses: { ...successes(route), ...failures(route) },
  };
}

function bodyOf(route: Route): Pick<ZodOpenApiOperationObject, 'requestBody'> {
  const { body, rawBody } = route;
  if (body !== undefined) {
    return { requestBody: { required: needsBody(route), content: { 'application/json': { schema: body } } } };
  }
  if (rawBody === undefined || rawBody === true) return {};
  const file = { schema: z.string().meta({ format: 'binary' }) };
  return { requestBody: { required: true, content: Object.fromEntries(rawBody.types.map((type) => [type, file])) } };
}

function headerParameters(route: Route): { header?: z.ZodObject } {
  const header = {
    ...(typeof route.idempotency === 'string' ? { 'Idempotency-Key': idempotencyKey } : {}),
    ...(route.ifMatch === true ? { 'If-Match': entityTag } : {}),
  };
  return Object.keys(header).length === 0 ? {} : { header: z.object(header) };
}

const entityTag = z.string().meta({ description: 'The `ETag` of what you have read, or `*`.', example: '"3"' });
const idempotencyKey = z
  .string()
  .regex(/^[\x20-\x7e]{1,255}$/)
  .optional();

function successes(route: Route): ZodOpenApiOperationObject['responses'] {
  return Object.fromEntries(
    Object.entries(route.responses).map(([status, { description, schema, contentType }]) => [
      status,
      schema === null ? { description } : { description, content: { [contentType ?? 'application/json']: { schema } } },
    ]),
  );
}

/** The problems of the route by status, with their codes, and the usual ones of all routes as `default`. */
function failures(route: Route): ZodOpenApiOperationObject['responses'] {
  const byStatus = new Map<number, string[]>();
  const problems = { ...route.problems, ...(route.ifMatch === true ? IF_MATCH_PROBLEMS : {}) };
  for (const [code, { status, when }] of Object.entries(problems)) {
    byStatus.set(status, [...(byStatus.get(status) ?? []), `\`${code}\`: ${when}`]);
  }
  const own = [...byStatus].map(([status, lines]) => [
    String(status),
    {
      description: lines.join('\n\n'),
      content: lines.some((line) => line.startsWith('`NOT_ALLOWED_NOW`')) ? notAllowedContent : problemContent,
    },
  ]);
  return { ...Object.fromEntries(own), default: { description: 'Any other problem.', content: problemContent } };
}

const IF_MATCH_PROBLEMS: NonNullable<Route['problems']> = {
  IF_MATCH_REQUIRED: { status: 428, when: '`If-Match` is missing.' },
};

function descriptionOf(route: Route): string {
  const parts = [route.description?.trim(), `**Who:** ${whoMay(route.policy)}`];
  if (route.idempotency !== undefined) parts.push(`**Repeating it:** ${repeating(route.idempotency)}`);
  if (route.rateLimit !== undefined) {
    const { limit, windowSeconds } = route.rateLimit;
    parts.push(`**Limit:** ${limit} calls in ${windowSeconds} seconds from one network address.`);
  }
  return parts.filter((part) => part !== undefined).join('\n\n');
}

function whoMay(policy: Policy): string {
  switch (policy.access) {
    case 'public':
      return policy.identify === true ? 'anybody; signed in, you see what is yours.' : 'anybody.';
    case 'signed-in':
      return 'any signed-in account.';
    case 'member':
      return policy.orStaff === undefined
        ? 'a member with a verified e-mail address, on what is its own.'
        : `a member with a verified e-mail address, on what is its own; staff with the role ${policy.orStaff.join(' or ')}.`;
    case 'staff':
      return `staff with the role ${policy.roles.join(' or ')}.`;
    default:
      return policy satisfies never;
  }
}

function repeating(idempotency: Idempotency): string {
  if (typeof idempotency === 'object') return `answers are not stored: ${idempotency.none}`;
  return idempotency === 'converge'
    ? 'safe with an `Idempotency-Key`; repeats that arrive while it runs join it.'
    : 'safe with an `Idempotency-Key`; repeats that arrive while it runs wait for its answer.';
}

/** An empty list means that no token is needed; `{}` beside the scheme means that one may be sent. */
function securityOf(policy: Policy): Record<string, string[]>[] {
  if (policy.access !== 'public') return [{ accessToken: [] }];
  return policy.identify === true ? [{}, { accessToken: [] }] : [];
}
