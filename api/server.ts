import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';

/** Stays above the time a request may take, so that a slow answer is ours to give and not Node's. */
const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 10_000;

/** @throws Error naming the port when it cannot be listened on */
export async function listen(handler: RequestListener, host: string, port: number): Promise<Server> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: HEADERS_TIMEOUT_MS }, handler);
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}

/**
 * Takes no new connections, lets requests in flight finish for at most `graceMs`, then cuts what is left.
 * @returns whether everything finished in time
 */
export async function stopListening(server: Server, graceMs: number): Promise<boolean> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  // Kept-alive connections become idle one by one as their requests finish: each has to be closed then.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  let cut = false;
  const deadline = setTimeout(() => {
    cut = true;
    server.closeAllConnections();
  }, graceMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(deadline);
  return !cut;
}
