import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Payload } from '@temporalio/common';
import { z } from 'zod';
import type { Logger } from '../platform/logging.ts';
import type { SecurityLog } from '../platform/security-log.ts';
import { isSealed, PayloadError, type PayloadKeys, sealUnbound, unseal } from '../platform/temporal/codec.ts';
import type { CodecAccess, Judgement, Verdict } from './codec-access.ts';

export interface CodecOptions {
  readonly keys: PayloadKeys;
  readonly access: CodecAccess;
  /** Whether a request that did not reach the balancer over HTTPS is refused. */
  readonly httpsOnly: boolean;
  /** The origin of the Temporal UI: pages of other origins get nothing. */
  readonly allowedOrigin: string;
  readonly log: Logger;
  readonly security: SecurityLog;
}

/** What is asked for, and how much of it at once. */
const WORK = {
  /** A history page of the UI has some hundred payloads of at most 2 MB together. */
  '/decode': { maxBytes: 4 * 1024 * 1024, work: decoded, done: 'payload.decoded' },
  /** What somebody types. */
  '/encode': { maxBytes: 64 * 1024, work: encoded, done: 'payload.encoded' },
} as const;

/** What the UI shows. A payload that is not encrypted is shown as it is. */
function decoded({ keys }: CodecOptions, payload: Payload): Payload {
  return isSealed(payload) ? unseal(keys, payload) : payload;
}

/** What is typed into the UI. It is never told for which workflow, so it is bound to none: few updates take that. */
function encoded({ keys }: CodecOptions, payload: Payload): Payload {
  if (isSealed(payload)) throw new PayloadError('this payload is encrypted already');
  return sealUnbound(keys, payload);
}

/** The remote codec protocol of the Temporal UI: payloads in JSON, bytes in base64, are decrypted, or encrypted. */
export function codecHandler(options: CodecOptions): RequestListener {
  return (request, response) => {
    serve(request, response, options).catch((error: unknown) => {
      options.log.error('a request failed', { error });
      if (!response.headersSent) send(response, 500, { message: 'This failed.' });
    });
  };
}

async function serve(request: IncomingMessage, response: ServerResponse, options: CodecOptions): Promise<void> {
  if (request.method === 'GET' && request.url === '/healthz') return send(response, 200, { status: 'ok' });
  if (options.httpsOnly && request.headers['x-forwarded-proto'] !== 'https') {
    return send(response, 403, { message: 'HTTPS only.' });
  }
  const origin = request.headers.origin;
  if (origin !== undefined && origin !== options.allowedOrigin) {
    options.security.note('payload.decode_refused', { reason: 'origin' });
    return send(response, 403, { message: 'Wrong origin.' });
  }
  response.setHeader('Access-Control-Allow-Origin', options.allowedOrigin);
  response.setHeader('Access-Control-Allow-Headers', ALLOWED_HEADERS);
  response.setHeader('Access-Control-Allow-Methods', 'POST, OPTIONS');
  response.setHeader('Vary', 'Origin');
  if (request.method === 'OPTIONS') return void response.writeHead(204).end();
  const path = request.url?.split('?')[0] ?? '';
  if (request.method !== 'POST' || !(path in WORK)) {
    return send(response, 404, { message: 'There are only POST /decode and POST /encode here.' });
  }
  const { verdict, subject } = await judged(request, options);
  const who = subject === undefined ? {} : { person: options.security.pseudonym(subject) };
  if (verdict !== 'admitted') {
    options.security.note('payload.decode_refused', { reason: verdict, ...who });
    return refuse(response, verdict);
  }
  const { maxBytes, work, done } = WORK[path as keyof typeof WORK];
  const body = await readBody(request, maxBytes);
  if (body === undefined) response.setHeader('Connection', 'close');
  if (body === undefined) return send(response, 413, { message: `At most ${maxBytes} bytes at once.` });
  const payloads = payloadsOf(body);
  if (payloads === undefined) return send(response, 400, { message: 'The body is not { payloads: [...] }.' });
  try {
    const answer = payloads.map((payload) => toJson(work(options, payload)));
    // Noted first: what nobody could note is not handed out.
    options.security.note(done, { payloads: payloads.length, ...who });
    send(response, 200, { payloads: answer });
  } catch (error) {
    if (!(error instanceof PayloadError)) throw error;
    options.security.note('payload.decode_refused', { reason: 'payload', ...who });
    send(response, 422, { message: error.message });
  }
}

/** What the UI sends: its access token, and beside it the one that names the person. */
const ALLOWED_HEADERS = 'content-type, x-namespace, authorization, authorization-extras';

type Refused = Exclude<Verdict | 'unknown', 'admitted'>;

const REFUSALS: Readonly<Record<Refused, { readonly status: number; readonly message: string }>> = {
  unauthenticated: { status: 401, message: 'Sign in to the Temporal UI: its token is missing, or not good any more.' },
  forbidden: { status: 403, message: 'None of your roles allows this.' },
  unknown: { status: 503, message: 'Whether your token is good cannot be told at the moment. Try again.' },
};

function refuse(response: ServerResponse, verdict: Refused): void {
  const { status, message } = REFUSALS[verdict];
  if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
  // What was sent is not read.
  response.setHeader('Connection', 'close');
  send(response, status, { message });
}

async function judged(
  request: IncomingMessage,
  { access, log }: CodecOptions,
): Promise<Judgement | { readonly verdict: 'unknown'; readonly subject?: undefined }> {
  try {
    const judgement = await access.judge(request.headers.authorization);
    const { verdict } = judgement;
    if (verdict !== 'admitted') log.warn('somebody was refused at the codec server', { verdict });
    return judgement;
  } catch (error) {
    log.error('the keys of the issuer cannot be had', { error });
    return { verdict: 'unknown' };
  }
}

interface JsonPayload {
  metadata?: Record<string, string>;
  data?: string;
}

/** @returns undefined when it is too long */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Without an end of the connection, so that there is one to answer on.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const bodySchema = z.object({
  payloads: z.array(z.object({ metadata: z.record(z.string(), z.base64()).optional(), data: z.base64().optional() })),
});

/** @returns undefined for what is not of this form. Texts alone are decoded: a buffer of any size can be asked for otherwise */
function payloadsOf(body: string): Payload[] | undefined {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return undefined;
  }
  return bodySchema.safeParse(json).data?.payloads.map(({ metadata = {}, data = '' }) => ({
    metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')])),
    data: Buffer.from(data, 'base64'),
  }));
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
