import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { Logger } from './logging.ts';
import type { Metrics } from './metrics.ts';
import { checkReadiness, type ReadinessCheck } from './operations-readiness.ts';

export interface OperationsServerOptions {
  readonly host: string;
  readonly port: number;
  readonly metrics: Metrics;
  /** What `/readyz` tells of. */
  readonly checks: readonly ReadinessCheck[];
  readonly log: Logger;
}

export interface OperationsServer {
  /** Where it listens: the port asked for, or the one that was free when 0 was asked for. */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * `/healthz`, `/readyz` and `/metrics` of a process that serves nothing else over HTTP (worker, relay).
 * Resolves once it listens.
 * @throws Error when the port is taken
 */
export async function startOperationsServer(options: OperationsServerOptions): Promise<OperationsServer> {
  const server = createServer((request, response) => {
    answer(request.url ?? '/', response, options).catch((error: unknown) => {
      options.log.error('an operations request failed', { error });
      if (response.headersSent) response.destroy();
      else send(response, 500, 'application/json', JSON.stringify({ status: 'error' }));
    });
  });
  server.requestTimeout = 5_000;
  server.headersTimeout = 5_000;
  server.listen(options.port, options.host);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : options.port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(url: string, response: ServerResponse, options: OperationsServerOptions): Promise<void> {
  const path = url.split('?', 1)[0];
  if (path === '/healthz') send(response, 200, 'application/json', JSON.stringify({ status: 'ok' }));
  else if (path === '/readyz') {
    const readiness = await checkReadiness(options.checks, options.log);
    send(response, readiness.status === 'ready' ? 200 : 503, 'application/json', JSON.stringify(readiness));
  } else if (path === '/metrics') {
    const { contentType, text } = await options.metrics.render();
    send(response, 200, contentType, text);
  } else send(response, 404, 'application/json', JSON.stringify({ status: 'not_found' }));
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'Content-Type': contentType, 'Cache-Control': 'no-store' }).end(body);
}
