/**
 * The codec server: decrypts payloads for staff who look at a workflow in the Temporal UI. Their browser calls it.
 * It decrypts only, and in development only for this machine: it listens on the loopback interface and answers pages of
 * the Temporal UI alone.
 */
import { createServer } from 'node:http';
import { ABOUT_ROLES, argumentsOrExit } from '../platform/arguments.ts';
import { configOrExit } from '../platform/config.ts';
import { secretKey } from '../platform/crypto.ts';
import { createLogger } from '../platform/logging.ts';
import { createSecurityLog } from '../platform/security-log.ts';
import { parsePayloadKeys } from '../platform/temporal/codec.ts';
import { codecHandler } from './codec-handler.ts';

const USAGE = `Usage: npm run codec

Decrypts payloads for the Temporal Web UI, on port 8234 (plus PORT_OFFSET). /healthz: it lives.

${ABOUT_ROLES}`;

argumentsOrExit(USAGE, {});
const config = configOrExit();
const log = createLogger({ role: 'codec', level: config.LOG_LEVEL });

// Who may decrypt is settled by the UI's token in production; that check is not built, so it does not run there.
if (config.NODE_ENV === 'production') {
  log.error('the codec server does not check who asks yet, so it does not start in production');
  process.exit(1);
}

const server = createServer(
  codecHandler({
    keys: parsePayloadKeys(config.PAYLOAD_KEYS),
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
server.listen(config.ports.codec, '127.0.0.1', () =>
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
