/**
 * The codec server: decrypts payloads for staff who look at a workflow in the Temporal UI, and encrypts what they type there.
 * Their browser calls it. In development it listens on the loopback interface and answers pages of the Temporal UI alone; in
 * production it answers whoever holds a token of that UI with one of the roles, over HTTPS.
 */
import { createServer } from 'node:http';
import { ABOUT_ROLES, argumentsOrExit } from '../platform/arguments.ts';
import { ConfigError, configOrExit } from '../platform/config.ts';
import { secretKey } from '../platform/crypto.ts';
import { createLogger } from '../platform/logging.ts';
import { createSecurityLog } from '../platform/security-log.ts';
import { parsePayloadKeys } from '../platform/temporal/codec.ts';
import { type CodecAccess, codecAccess } from './codec-access.ts';
import { codecHandler } from './codec-handler.ts';

const USAGE = `Usage: npm run codec

Decrypts payloads for the Temporal Web UI, on port 8234 (plus PORT_OFFSET). /healthz: it lives.

${ABOUT_ROLES}`;

argumentsOrExit(USAGE, {});
const config = configOrExit();
const log = createLogger({ role: 'codec', level: config.LOG_LEVEL });

let access: CodecAccess;
try {
  access = codecAccess(config);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exit(1);
}
const isProduction = config.NODE_ENV === 'production';
const server = createServer(
  codecHandler({
    keys: parsePayloadKeys(config.PAYLOAD_KEYS),
    access,
    httpsOnly: isProduction,
    allowedOrigin: new URL(config.TEMPORAL_UI_URL).origin,
    log,
    security: createSecurityLog({
      role: 'codec',
      key: secretKey('FIELD_KEY', config.FIELD_KEY),
      file: config.SECURITY_LOG_FILE,
    }),
  }),
);
server.requestTimeout = 10_000;
// Without a check of who asks, nobody but this machine may.
server.listen(config.ports.codec, isProduction ? config.HOST : '127.0.0.1', () =>
  log.info('the codec server is ready', { port: config.ports.codec }),
);
server.on('error', (error) => {
  log.error('the codec server cannot listen', { error });
  process.exitCode = 1;
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close();
    server.closeAllConnections();
  });
}
