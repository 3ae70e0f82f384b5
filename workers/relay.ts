/**
 * The relay: publishes what the transactions wrote into the outbox, sends mails and pushes, and tells the flows
 * of events that the API could not tell them of.
 */
import { ABOUT_ROLES, argumentsOrExit } from '../platform/arguments.ts';
import { type Config, configOrExit } from '../platform/config.ts';
import { secretKey } from '../platform/crypto.ts';
import { openDatabase } from '../platform/database.ts';
import { createLogger, type Logger } from '../platform/logging.ts';
import { createMetrics, observeDatabase, observeDependencies } from '../platform/metrics.ts';
import { requireMigrations } from '../platform/migrations-applied.ts';
import type { ReadinessCheck } from '../platform/operations-readiness.ts';
import { startOperationsServer } from '../platform/operations-server.ts';
import { connectTemporal } from '../platform/temporal/client.ts';
import { createFlowSignals } from '../platform/temporal/signals.ts';
import { createLinkTokens } from '../platform/tokens-link.ts';
import { startTracing } from '../platform/tracing.ts';
import { createSmtpSender, type Email } from '../providers/email.ts';
import { createEmbeddedEventBus } from '../providers/event-bus.ts';
import { createFcmPush } from '../providers/fcm.ts';
import { watched } from '../providers/watched.ts';
import { booksJob } from './relay/books-job.ts';
import { caseSubscriber } from './relay/case-subscriber.ts';
import { emailChannel, pushChannel } from './relay/channels.ts';
import { figuresJob } from './relay/figures-job.ts';
import { startJobs } from './relay/jobs.ts';
import { notificationJobs } from './relay/notification-jobs.ts';
import { notificationSubscriber } from './relay/notification-subscriber.ts';
import { outboxJob } from './relay/outbox-job.ts';
import { overdueJob } from './relay/overdue-job.ts';
import { snapshotJob } from './relay/snapshot-job.ts';
import { transferSubscriber } from './relay/transfer-subscriber.ts';
import { webhookJob } from './relay/webhook-job.ts';

const PUSH_TIMEOUT_MS = 5_000;

async function main(config: Config, log: Logger): Promise<void> {
  const tracing = await startTracing(config, 'relay');
  const database = openDatabase({
    url: config.DATABASE_URL,
    maxConnections: config.DATABASE_MAX_CONNECTIONS,
    applicationName: 'wellpact-relay',
    log,
  });
  const metrics = createMetrics('relay');
  observeDatabase(metrics, database);
  const smtp = createSmtpSender({ url: config.SMTP_URL, from: config.MAIL_FROM });
  const sender = watched('smtp', { send: (email: Email) => smtp.send(email) }, metrics);
  const links = createLinkTokens(secretKey('LINK_KEY', config.LINK_KEY));
  const bus = createEmbeddedEventBus();
  bus.subscribe('notifications', notificationSubscriber({ database }));
  const fcm = createFcmPush({
    account: config.FCM_CREDENTIALS,
    apiUrl: config.FCM_API_URL,
    timeoutMs: PUSH_TIMEOUT_MS,
  });
  const push = watched('fcm', fcm, metrics);
  const channels = { email: emailChannel(sender), push: pushChannel({ database, push }) };

  const temporal = connectTemporal(config);
  const signals = createFlowSignals(temporal.client);
  bus.subscribe('transfers', transferSubscriber({ database, signals, log }));
  bus.subscribe('cases', caseSubscriber({ database, signals }));
  const jobs = [
    outboxJob({ database, bus, log, metrics }),
    webhookJob({ database, signals, log }),
    overdueJob({ signals, log }),
    figuresJob({ database, metrics }),
    booksJob({ database, metrics, log }),
    snapshotJob({ database }),
    ...notificationJobs({ database, channels, links, publicUrl: config.PUBLIC_URL, log, metrics }),
  ];
  const runner = startJobs({ database, fits: requireMigrations, log, metrics, jobs });
  const checks: readonly ReadinessCheck[] = [
    { name: 'database', check: () => database.query('SELECT 1') },
    { name: 'migrations', check: () => requireMigrations(database) },
    {
      // Standing by is being ready: another relay does the work.
      name: 'jobs',
      check: async () => {
        if (runner.state() === 'connecting') throw new Error('the relay neither leads nor stands by');
      },
    },
  ];
  // Without Temporal the relay still sends mails: it is not ready for nothing, but somebody has to know.
  const temporalCheck = { name: 'temporal', check: () => temporal.connection.workflowService.getSystemInfo({}) };
  observeDependencies(metrics, [...checks, temporalCheck], log);
  const operations = await startOperationsServer({
    host: config.HOST,
    port: config.ports.relayOperations,
    log,
    metrics,
    checks,
  });
  log.info('the relay runs', { host: config.HOST, port: operations.port });

  await stopSignal();
  log.info('stopping');
  await operations.close();
  await runner.stop();
  smtp.close();
  await temporal.close();
  await database.close();
  await tracing?.stop();
}

/** Resolves when the process is told to stop. */
const stopSignal = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });

const USAGE = `Usage: npm run relay

Publishes the outbox, sends mails and pushes. Of several relays one works and the others stand by. /healthz, /readyz and
/metrics on HOST and port 3002 (plus PORT_OFFSET).

${ABOUT_ROLES}`;

argumentsOrExit(USAGE, {});
const config = configOrExit();
const log = createLogger({ role: 'relay', level: config.LOG_LEVEL });
try {
  await main(config, log);
} catch (error) {
  // The jobs may run already: without an end they would keep a relay alive that nobody can look at.
  log.error('the relay stopped', { error });
  process.exit(1);
}
