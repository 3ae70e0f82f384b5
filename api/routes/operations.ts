import { z } from 'zod';
import type { Metrics } from '../../platform/metrics.ts';
import { checkReadiness, type ReadinessCheck } from '../../platform/operations-readiness.ts';
import { type Route, route } from '../route.ts';

export interface OperationsDeps {
  readonly metrics: Metrics;
  /** What `/readyz` tells of. */
  readonly readinessChecks: readonly ReadinessCheck[];
}

const readiness = z
  .object({
    status: z.enum(['ready', 'not_ready']),
    checks: z.record(z.string(), z.enum(['ok', 'failing'])),
  })
  .meta({ id: 'Readiness' });

/** How operators and balancers see the process. */
export function operationsRoutes(deps: OperationsDeps): Route[] {
  return [
    route({
      method: 'get',
      path: '/healthz',
      operationId: 'getHealth',
      tag: 'operations',
      summary: 'Whether the process lives',
      description: 'Says nothing of what it depends on: a process is not restarted because its database is away.',
      policy: { access: 'public' },
      responses: { 200: { description: 'It lives.', schema: z.object({ status: z.literal('ok') }) } },
      handle: async () => ({ status: 200, body: { status: 'ok' } }),
    }),
    route({
      method: 'get',
      path: '/readyz',
      operationId: 'getReadiness',
      tag: 'operations',
      summary: 'Whether the process can serve',
      description:
        'Asks each thing it works with, 2 s at most. Without Temporal it is ready all the same: most of it works. Why one is failing stands in the log.',
      policy: { access: 'public' },
      responses: {
        200: { description: 'All that it cannot do without answers.', schema: readiness },
        503: { description: 'Something that it cannot do without does not answer.', schema: readiness },
      },
      handle: async ({ log }) => {
        const body = await checkReadiness(deps.readinessChecks, log);
        return { status: body.status === 'ready' ? 200 : 503, body };
      },
    }),
    route({
      method: 'get',
      path: '/metrics',
      operationId: 'getMetrics',
      tag: 'operations',
      summary: 'Figures for Prometheus',
      policy: { access: 'public' },
      responses: { 200: { description: 'Text format.', schema: z.string(), contentType: 'text/plain' } },
      handle: async () => {
        const { contentType, text } = await deps.metrics.render();
        return { status: 200, body: text, headers: { 'Content-Type': contentType } };
      },
    }),
  ];
}
