import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  type ClientHttp2Session,
  connect,
  createSecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { type Pair, read } from './tls.ts';

export interface SecuredFrontend {
  /** host:port, with a certificate for this address. */
  readonly address: string;
  /** What callers sent as `authorization`, each value once. */
  readonly authorizations: ReadonlySet<string>;
  close(): void;
}

export interface SecuredFrontendOptions {
  readonly certificate: Pair;
  /** Path of the authority that signed the callers' certificates; without it callers need none. */
  readonly callers?: string;
  /** The value of `authorization` that is let through; without it any is. */
  readonly authorization?: string;
  /** host:port of the Temporal server behind it. */
  readonly behind: string;
}

/** grpc-status 16: UNAUTHENTICATED. */
const REFUSAL = {
  ':status': 200,
  'content-type': 'application/grpc',
  'grpc-status': '16',
  'grpc-message': 'who is it',
};

/** What stands in front of a Temporal that is run by somebody else: TLS, and a look at who calls. */
export async function startSecuredFrontend(options: SecuredFrontendOptions): Promise<SecuredFrontend> {
  const authorizations = new Set<string>();
  const server = createSecureServer({
    ...read(options.certificate),
    ...(options.callers !== undefined && {
      ca: readFileSync(options.callers),
      requestCert: true,
      rejectUnauthorized: true,
    }),
  });
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => {
    const behind = connect(`http://${options.behind}`);
    behind.on('error', () => session.destroy());
    session.on('error', () => behind.destroy());
    session.on('close', () => behind.destroy());
    session.on('stream', (stream, headers) => {
      const given = headers['authorization'] ?? '';
      if (given !== '') authorizations.add(given);
      if (options.authorization !== undefined && given !== options.authorization) {
        stream.respond(REFUSAL, { endStream: true });
      } else pass(stream, headers, behind);
    });
    sessions.add(session);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    authorizations,
    close: () => {
      for (const session of sessions) session.destroy();
      server.close();
    },
  };
}

/** One call, there and back, with the trailers in which gRPC says how it went. */
function pass(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, behind: ClientHttp2Session): void {
  const call = behind.request(headers);
  let trailers: IncomingHttpHeaders = {};
  call.on('trailers', (received) => (trailers = received));
  call.on('error', () => stream.close());
  stream.on('error', () => call.close());
  stream.on('aborted', () => call.close());
  call.on('response', (answer, flags) => {
    // An answer of trailers alone ends with its first frame.
    const ends = (flags & 1) === 1;
    stream.respond(answer, { endStream: ends, waitForTrailers: !ends });
    if (!ends) call.pipe(stream);
  });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.pipe(call);
}
