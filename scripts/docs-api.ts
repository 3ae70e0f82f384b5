/** The pages of docs/reference about the API: its calls, its problems, and the events it leads to. */
import { USUAL_PROBLEMS } from '../api/problems.ts';
import type { Policy, Route } from '../api/route.ts';
import { EVENTS } from '../contracts/events.ts';
import { apiRoutes } from './api-description.ts';

type Table = (head: readonly string[], rows: readonly (readonly string[])[]) => string;

const WHO: Readonly<Record<Policy['access'], string>> = {
  public: 'anybody',
  'signed-in': 'signed in',
  member: 'verified address',
  staff: 'staff',
};

const whoMay = (policy: Policy): string =>
  policy.access === 'staff' ? `staff: ${policy.roles.join(', ')}` : WHO[policy.access];

export function apiPage(generated: string, table: Table): string {
  const routes = apiRoutes();
  const tags = [...new Set(routes.map(({ tag }) => tag))];
  const sections = tags.flatMap((tag) => [
    `## ${tag.charAt(0).toUpperCase()}${tag.slice(1)}`,
    table(['call', 'what it does', 'who may', 'in the client'], routes.filter((route) => route.tag === tag).map(rowOf)),
  ]);
  return [
    '# The API',
    generated,
    'Every call at a glance. Fields, answers and examples are at `/docs` of a running API, the same for programs at `/openapi.json` (OpenAPI 3.1); both are made of the schemas that validate the requests. Problems: [errors.md](errors.md).',
    'The typed client in [`client/`](../../client/index.ts) is made of the same description: `client.POST(path, { params, body })` knows what each call takes and answers.',
    ...sections,
  ].join('\n\n');
}

const rowOf = ({ method, path, summary, policy, operationId }: Route): string[] => [
  `\`${method.toUpperCase()} ${path}\``,
  summary,
  whoMay(policy),
  `\`${operationId}\``,
];

export function errorsPage(generated: string, table: Table): string {
  const own = new Map<string, { status: number; when: string; calls: string[] }>();
  for (const { method, path, problems = {} } of apiRoutes()) {
    const call = `\`${method.toUpperCase()} ${path}\``;
    for (const [code, { status, when }] of Object.entries(problems)) {
      const known = own.get(code) ?? { status, when, calls: [] };
      own.set(code, { ...known, calls: [...known.calls, call] });
    }
  }
  const rows = [...own].sort(([a], [b]) => a.localeCompare(b));
  return [
    '# Problems',
    generated,
    'Whatever is not a success is answered as `application/problem+json` (RFC 9457). `code` is stable and for programs; `detail` says to a person what happened and what to do; `requestId` names the request in our logs.',
    '## Of any call',
    table(
      ['code', 'status', 'when'],
      Object.entries(USUAL_PROBLEMS).map(([code, { status, when }]) => [`\`${code}\``, String(status), when]),
    ),
    '## Of one call',
    table(
      ['code', 'status', 'when', 'calls'],
      rows.map(([code, { status, when, calls }]) => [`\`${code}\``, String(status), when, calls.join('<br>')]),
    ),
  ].join('\n\n');
}

export function eventsPage(generated: string, table: Table): string {
  return [
    '# Events',
    generated,
    'Each event is written in the transaction of the change that it tells of, and published by the relay: at least once, those of one key in the order of their transactions. They hold ids, states and figures, never anything personal.',
    table(
      ['type', 'what happened', 'its key is the id of a', 'data'],
      Object.entries(EVENTS).map(([type, { about, of, data }]) => [
        `\`${type}\``,
        about,
        of,
        data.map((member) => `\`${member}\``).join(', '),
      ]),
    ),
  ].join('\n\n');
}
