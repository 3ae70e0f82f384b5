import type { RequestListener } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { UserId } from '../contracts/ids.ts';
import { ABOUT_ROLES, argumentsOrExit } from '../platform/arguments.ts';
import { type Config, configOrExit } from '../platform/config.ts';
import { createFieldCipher, deriveKey, secretKey } from '../platform/crypto.ts';
import { type Database, openDatabase } from '../platform/database.ts';
import { createLogger, type Logger } from '../platform/logging.ts';
import { createMetrics, observeDatabase, observeDependencies } from '../platform/metrics.ts';
import { requireMigrations } from '../platform/migrations-applied.ts';
import type { ReadinessCheck } from '../platform/operations-readiness.ts';
import { createSecurityLog } from '../platform/security-log.ts';
import { connectTemporal, type Temporal } from '../platform/temporal/client.ts';
import { type AccessTokens, createAccessTokens } from '../platform/tokens.ts';
import { createLinkTokens } from '../platform/tokens-link.ts';
import { startTracing } from '../platform/tracing.ts';
import { createClamdScanner } from '../providers/clamd-scanner.ts';
import { createLocalObjectStore } from '../providers/local-object-store.ts';
import type { ObjectStore } from '../providers/object-store.ts';
import { createS3ObjectStore } from '../providers/s3-object-store.ts';
import { type Scanner, testTextScanner } from '../providers/scanner.ts';
import { createStripePayments } from '../providers/stripe.ts';
import { watched } from '../providers/watched.ts';
import { findActiveSession } from '../services/users/index.ts';
import { createApp } from './app.ts';
import type { IdentifyCaller } from './authentication.ts';
import type { ApiDeps } from './deps.ts';
import { startHousekeeping } from './housekeeping.ts';
import { createIdempotencyKeeper } from './idempotency/idempotency.ts';
import { createRateLimits } from './rate-limits.ts';
import type { Role } from './route.ts';
import { routesOf } from './routes.ts';
import { listen, stopListening } from './server.ts';

/** Longest wait of a handler (8 s for a workflow, after 8 s for another run of the request), and some time to spare. */
const REQUEST_TIMEOUT_MS = 20_000;
/** A caller waits for what the API itself asks of Stripe. */
const PROVIDER_TIMEOUT_MS = 6_000;
/** Requests in flight may go on for so long after the process was told to stop. */
const GRACE_MS = 8_000;

async function depsOf(
  config: Config,
  database: Database,
  temporal: Temporal,
  log: Logger,
  stopping: AbortSignal,
): Promise<ApiDeps> {
  const metrics = createMetrics('api');
  observeDatabase(metrics, database);
  const readinessChecks: ReadinessCheck[] = [
    { name: 'running', check: async () => stopping.throwIfAborted() },
    { name: 'database', check: () => database.query('SELECT 1') },
    { name: 'migrations', check: () => requireMigrations(database) },
    // Reading, signing in and taking webhooks go on without (docs/decisions/0105).
    { name: 'temporal', check: () => temporal.connection.workflowService.getSystemInfo({}), spared: true },
  ];
  observeDependencies(metrics, readinessChecks, log);
  const payments = createStripePayments({
    apiKey: config.STRIPE_API_KEY,
    apiUrl: config.STRIPE_API_URL,
    timeoutMs: PROVIDER_TIMEOUT_MS,
  });
  return {
    config,
    database,
    temporal,
    metrics,
    readinessChecks,
    rateLimits: createRateLimits(database),
    payments: watched('stripe', payments, metrics),
    accessTokens: await createAccessTokens(config.TOKEN_SIGNING_KEY, config.PUBLIC_URL),
    security: createSecurityLog({
      role: 'api',
      key: secretKey('FIELD_KEY', config.FIELD_KEY),
      file: config.SECURITY_LOG_FILE,
    }),
    links: createLinkTokens(secretKey('LINK_KEY', config.LINK_KEY)),
    texts: createFieldCipher(deriveKey(secretKey('FIELD_KEY', config.FIELD_KEY), 'dispute statements')),
    objects: objectStoreOf(config),
    scanner: scannerOf(config),
  };
}

function objectStoreOf({
  OBJECT_STORE,
  OBJECT_STORE_REGION,
  OBJECT_STORE_KEY_ID,
  OBJECT_STORE_SECRET,
}: Config): ObjectStore {
  if (OBJECT_STORE.startsWith('file:')) return createLocalObjectStore(OBJECT_STORE.slice('file:'.length));
  return createS3ObjectStore({
    bucketUrl: OBJECT_STORE.replace(/\/$/, ''),
    region: OBJECT_STORE_REGION,
    accessKeyId: OBJECT_STORE_KEY_ID ?? '',
    secretAccessKey: OBJECT_STORE_SECRET ?? '',
    timeoutMs: PROVIDER_TIMEOUT_MS,
  });
}

function scannerOf({ VIRUS_SCANNER }: Config): Scanner {
  if (VIRUS_SCANNER === 'none') return testTextScanner;
  const { hostname, port } = new URL(VIRUS_SCANNER);
  return createClamdScanner({ host: hostname, port: Number(port), timeoutMs: PROVIDER_TIMEOUT_MS });
}

/** Who a token belongs to, if its session is still on; roles and verification are read anew, not out of the token. */
function identifyBy(accessTokens: AccessTokens, database: Database): IdentifyCaller {
  return async (token) => {
    const claims = await accessTokens.verify(token);
    if (claims === undefined) return undefined;
    const session = await findActiveSession(database, claims.sessionId);
    if (session === undefined) return { sessionOverOf: claims.userId as UserId };
    if (session.userId !== (claims.userId as UserId)) return undefined;
    return { ...session, roles: session.roles as readonly Role[], sessionId: claims.sessionId };
  };
}

const REPLY_CHECK = { production: 'off', development: 'log', test: 'fail' } as const;

async function main(config: Config, log: Logger): Promise<void> {
  const tracing = await startTracing(config, 'api');
  const database = openDatabase({
    url: config.DATABASE_URL,
    maxConnections: config.DATABASE_MAX_CONNECTIONS,
    applicationName: 'wellpact-api',
    log,
  });
  const temporal = connectTemporal(config);
  const stopping = new AbortController();
  const deps = await depsOf(config, database, temporal, log, stopping.signal);
  const app = createApp({
    routes: routesOf(deps),
    publicUrl: config.PUBLIC_URL,
    log,
    metrics: deps.metrics,
    security: deps.security,
    identify: identifyBy(deps.accessTokens, database),
    idempotency: createIdempotencyKeeper(database, secretKey('FIELD_KEY', config.FIELD_KEY)),
    rateLimits: deps.rateLimits,
    replyCheck: config.REPLY_CHECK ?? REPLY_CHECK[config.NODE_ENV],
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
  });
  const handle = app.callback();
  const listener: RequestListener = (request, response) => {
    // A connection that stays open would bring its next request to a process that is about to end.
    if (stopping.signal.aborted) response.setHeader('Connection', 'close');
    void handle(request, response);
  };
  const server = await listen(listener, config.HOST, config.ports.api);
  const housekeeping = startHousekeeping(database, log);
  log.info('the API listens', { host: config.HOST, port: config.ports.api });

  const stop = async (signal: string): Promise<void> => {
    log.info('stopping', { signal });
    housekeeping.stop();
    // From here on /readyz says no; requests are still served while balancers take notice.
    stopping.abort(new Error('the process has been told to stop'));
    await sleep(config.DRAIN_SECONDS * 1_000);
    if (!(await stopListening(server, GRACE_MS))) log.warn('requests were cut at the end of the grace period');
    await temporal.close();
    await database.close();
    await tracing?.stop();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void stop(signal).then(...exitAfter(log)));
  }
}

/** Ends the process: 0 when everything closed, 1 when something did not. */
function exitAfter(log: Logger): [() => void, (error: unknown) => void] {
  return [
    () => process.exit(0),
    (error) => {
      log.error('the API did not stop cleanly', { error });
      process.exit(1);
    },
  ];
}

const USAGE = `Usage: npm run api

The HTTP API, on HOST and port 3000 (plus PORT_OFFSET). /healthz: it lives. /readyz: it can serve: PostgreSQL
answers, and the database is migrated; whether Temporal answers is told, too. /metrics: for Prometheus.
When told to stop, /readyz answers 503 first; after DRAIN_SECONDS it takes no more connections and lets requests finish.

${ABOUT_ROLES}`;

argumentsOrExit(USAGE, {});
const config = configOrExit();
const log = createLogger({ role: 'api', level: config.LOG_LEVEL });
try {
  await main(config, log);
} catch (error) {
  log.error('the API could not start', { error });
  process.exitCode = 1;
}
