import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Payload } from '@temporalio/common';
import type { Logger } from '../platform/logging.ts';
import type { SecurityLog } from '../platform/security-log.ts';
import { isSealed, PayloadError, type PayloadKeys, unseal } from '../platform/temporal/codec.ts';

export interface CodecOptions {
  readonly keys: PayloadKeys;
  /** The origin of the Temporal UI: pages of other origins get nothing. */
  readonly allowedOrigin: string;
  readonly log: Logger;
  readonly security: SecurityLog;
}

/** A history page of the UI has some hundred payloads of at most 2 MB together. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** The remote codec protocol of the Temporal UI: `POST /decode` with payloads in JSON, bytes in base64. */
export function codecHandler(options: CodecOptions): RequestListener {
  return (request, response) => {
    serve(request, response, options).catch((error: unknown) => {
      options.log.error('a decode request failed', { error });
      if (!response.headersSent) send(response, 500, { message: 'Decoding failed.' });
    });
  };
}

async function serve(request: IncomingMessage, response: ServerResponse, options: CodecOptions): Promise<void> {
  if (request.method === 'GET' && request.url === '/healthz') return send(response, 200, { status: 'ok' });
  const origin = request.headers.origin;
  if (origin !== undefined && origin !== options.allowedOrigin) {
    options.security.note('payload.decode_refused', { reason: 'origin' });
    return send(response, 403, { message: 'Wrong origin.' });
  }
  response.setHeader('Access-Control-Allow-Origin', options.allowedOrigin);
  response.setHeader('Access-Control-Allow-Headers', 'content-type, x-namespace, authorization');
  response.setHeader('Access-Control-Allow-Methods', 'POST, OPTIONS');
  response.setHeader('Vary', 'Origin');
  if (request.method === 'OPTIONS') return void response.writeHead(204).end();
  if (request.method !== 'POST' || request.url?.split('?')[0] !== '/decode') {
    return send(response, 404, { message: 'There is only POST /decode here.' });
  }
  const payloads = payloadsOf(await readBody(request));
  if (payloads === undefined) return send(response, 400, { message: 'The body is not { payloads: [...] }.' });
  try {
    send(response, 200, {
      payloads: payloads.map((payload) => toJson(isSealed(payload) ? unseal(options.keys, payload) : payload)),
    });
    options.security.note('payload.decoded', { payloads: payloads.length });
  } catch (error) {
    if (!(error instanceof PayloadError)) throw error;
    options.security.note('payload.decode_refused', { reason: 'payload' });
    send(response, 422, { message: error.message });
  }
}

interface JsonPayload {
  metadata?: Record<string, string>;
  data?: string;
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function payloadsOf(body: string | undefined): Payload[] | undefined {
  if (body === undefined) return undefined;
  try {
    const { payloads } = JSON.parse(body) as { payloads: JsonPayload[] };
    return payloads.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(
        Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
      ),
      data: Buffer.from(data ?? '', 'base64'),
    }));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

function toJson({ metadata, data }: Payload): JsonPayload {
  return {
    metadata: Object.fromEntries(
      Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
    ),
    data: Buffer.from(data ?? new Uint8Array()).toString('base64'),
  };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
    .end(JSON.stringify(body));
}
