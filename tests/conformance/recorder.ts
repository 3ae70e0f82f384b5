import { createServer, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request and its answer, as they went over the wire. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly requestType: string;
  readonly requestBody: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly responseBody: string;
}

export interface Recorder {
  readonly port: number;
  readonly exchanges: readonly Exchange[];
  stop(): Promise<void>;
}

/** Stands between an SDK and the sandbox, changes nothing, and keeps what passes. */
export async function startRecorder(targetPort: number): Promise<Recorder> {
  const exchanges: Exchange[] = [];
  const server = createServer((incoming, outgoing) => {
    forward(incoming, targetPort)
      .then((exchange) => {
        exchanges.push(exchange);
        const { 'transfer-encoding': _encoding, ...headers } = exchange.headers;
        outgoing.writeHead(exchange.status, headers);
        outgoing.end(exchange.responseBody);
      })
      .catch((error: unknown) => outgoing.destroy(error instanceof Error ? error : new Error(String(error))));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    exchanges,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function forward(incoming: IncomingMessage, port: number): Promise<Exchange> {
  const sent = await bytesOf(incoming);
  const { method = 'GET', url = '/' } = incoming;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = httpRequest({ host: '127.0.0.1', port, method, path: url, headers: incoming.headers }, resolve);
    outgoing.once('error', reject);
    outgoing.end(sent);
  });
  const responseBody = await bodyOf(answer);
  const [path = '', query = ''] = url.split('?', 2);
  const requestBody = sent.toString('utf8');
  const requestType = incoming.headers['content-type'] ?? '';
  return {
    method,
    path,
    query,
    requestType,
    requestBody,
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    responseBody,
  };
}

export async function bodyOf(message: IncomingMessage): Promise<string> {
  return (await bytesOf(message)).toString('utf8');
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
