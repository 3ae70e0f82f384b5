import type { PortName, Ports } from '../../platform/ports.ts';

/** One of our own processes. */
export interface Role {
  readonly name: string;
  /** Its TypeScript file, from the root of the repository. */
  readonly entry: string;
  /** The port and path that answer 200 once it is ready. */
  readonly ready: { readonly port: PortName; readonly path: string };
  /** All it listens on. */
  readonly ports: readonly PortName[];
  /** What must be there before it starts. The API and the relay start without Temporal, and take note when it is there. */
  readonly needs: 'database' | 'database and temporal';
  readonly settings: 'application' | 'sandbox';
}

/** The sandbox keeps its own database and is told nothing of the application's secrets. */
export const SANDBOX: Role = {
  name: 'sandbox',
  entry: 'sandbox/main.ts',
  ready: { port: 'sandboxControl', path: '/healthz' },
  ports: ['sandboxControl', 'stripe', 'onfido', 'push', 'smtp', 'mail'],
  needs: 'database',
  settings: 'sandbox',
};

/** The worker first: it has the longest way to go. */
export const ROLES: readonly Role[] = [
  {
    name: 'worker',
    entry: 'workers/main.ts',
    ready: { port: 'workerOperations', path: '/readyz' },
    ports: ['workerOperations', 'workerTemporalMetrics'],
    needs: 'database and temporal',
    settings: 'application',
  },
  {
    name: 'api',
    entry: 'api/main.ts',
    ready: { port: 'api', path: '/readyz' },
    ports: ['api'],
    needs: 'database',
    settings: 'application',
  },
  SANDBOX,
  {
    name: 'relay',
    entry: 'workers/relay.ts',
    ready: { port: 'relayOperations', path: '/readyz' },
    ports: ['relayOperations'],
    needs: 'database',
    settings: 'application',
  },
  {
    name: 'codec',
    entry: 'workers/codec-server.ts',
    ready: { port: 'codec', path: '/healthz' },
    ports: ['codec'],
    needs: 'database',
    settings: 'application',
  },
];

export function readyUrl(role: Role, ports: Ports): string {
  return `http://127.0.0.1:${ports[role.ready.port]}${role.ready.path}`;
}
