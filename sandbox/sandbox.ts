import { createServer, type Server } from 'node:http';
import type { ListenOptions } from 'node:net';
import type Koa from 'koa';
import type { Logger } from '../platform/logging.ts';
import { controlApplication } from './control/server.ts';
import { createHolds } from './faults/holds.ts';
import { createMailCatcher } from './mail/catcher.ts';
import { mailApplication } from './mail/pages.ts';
import { onfidoApplication } from './onfido/server.ts';
import type { Steps } from './pages/hosted.ts';
import { pushApplication } from './push/server.ts';
import type { SandboxSettings } from './settings.ts';
import { type Clock, openClock } from './store/clock.ts';
import { type Database, openDatabase } from './store/database.ts';
import { prune } from './store/prune.ts';
import { createSchema } from './store/schema.ts';
import { STRIPE_KINDS, STRIPE_OPERATIONS } from './stripe/index.ts';
import { letTimePass } from './stripe/passing-time.ts';
import { platformAccountId } from './stripe-api/authentication.ts';
import type { Call } from './stripe-api/operation.ts';
import { stripeApplication } from './stripe-api/server.ts';
import { type Deliveries, startDeliveries } from './webhooks/deliveries.ts';
import { receiversOf } from './webhooks/receivers.ts';

export interface Sandbox {
  /** Finishes what is under way and closes everything. */
  stop(): Promise<void>;
}

/** How often it is looked at what is over by the sandbox's clock. */
const SWEEP_MS = 5_000;
const DRAIN_MS = 3_000;

/**
 * Starts all servers of the sandbox. It is ready when this returns.
 * @throws Error when the database cannot be reached or a port is taken
 */
export async function startSandbox(settings: SandboxSettings, log: Logger): Promise<Sandbox> {
  const database = openDatabase(settings.databaseUrl, log);
  const closers: (() => Promise<void>)[] = [() => database.close()];
  const stop = async (): Promise<void> => {
    for (const close of closers.toReversed()) await close();
  };
  try {
    await createSchema(database);
    const clock = await openClock(database);
    await prune(database.pool, clock.seconds());
    const deliveries = startDeliveries(database, log, receiversOf(settings, database));
    closers.push(() => deliveries.stop());
    const steps = createSteps(settings, database, clock, deliveries);
    closers.push(startSweep(steps, log));
    for (const [port, application] of applications(settings, log, database, clock, deliveries, steps)) {
      closers.push(await listen(application, { host: settings.host, port }));
    }
    closers.push(await listenForMail(settings, database, log));
    log.info('The sandbox is ready', { pages: settings.pagesUrl });
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function applications(
  settings: SandboxSettings,
  log: Logger,
  database: Database,
  clock: Clock,
  deliveries: Deliveries,
  steps: Steps,
): readonly (readonly [number, Koa])[] {
  const { ports, pagesUrl } = settings;
  const holds = createHolds();
  const shared = { database, holds, clock, log, pagesUrl, wakeDeliveries: () => deliveries.wake() };
  const platform = platformAccountId(settings.stripe.apiKey);
  return [
    [
      ports.stripe,
      stripeApplication({ ...shared, kinds: STRIPE_KINDS, platform }, STRIPE_OPERATIONS, settings.stripe.apiKey),
    ],
    [
      ports.onfido,
      onfidoApplication({ ...shared, apiToken: settings.onfido.apiToken, workflowId: settings.onfido.workflowId }),
    ],
    [ports.mail, mailApplication(database, log)],
    [ports.push, pushApplication(database, log, settings.fcm)],
    // Last, since this is the port that says everything is ready.
    [ports.sandboxControl, controlApplication({ database, holds, clock, log, settings, steps })],
  ];
}

function createSteps(settings: SandboxSettings, database: Database, clock: Clock, deliveries: Deliveries): Steps {
  const platform = platformAccountId(settings.stripe.apiKey);
  const woken = async <Result>(work: Promise<Result>): Promise<Result> => {
    const result = await work;
    deliveries.wake();
    return result;
  };
  return {
    stripe: (step) =>
      woken(
        database.transaction((tx) => {
          const call: Call = {
            tx,
            clock,
            now: clock.seconds(),
            platform,
            account: platform,
            requestId: null,
            idempotencyKey: null,
            pagesUrl: settings.pagesUrl,
            clientSecret: null,
            publishableKey: false,
          };
          return step(call);
        }),
      ),
    onfido: (step) =>
      woken(
        database.transaction((tx) =>
          step({ tx, clock, pagesUrl: settings.pagesUrl, workflowId: settings.onfido.workflowId }),
        ),
      ),
  };
}

/** Lets time pass at Stripe. Answers how to stop it. */
function startSweep(steps: Steps, log: Logger): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    running = running
      .then(() => letTimePass((step) => steps.stripe(step)))
      .catch((error: unknown) => log.warn('Time could not pass at Stripe', { error }));
  }, SWEEP_MS);
  return async () => {
    clearInterval(timer);
    await running;
  };
}

/** Serves an application; answers how to stop: what is under way gets a moment to finish. */
async function listen(application: Koa, options: ListenOptions): Promise<() => Promise<void>> {
  const handle = application.callback();
  const server = createServer((request, response) => void handle(request, response));
  await listening(server, options);
  return async () => {
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    server.closeIdleConnections();
    const impatient = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    await closed;
    clearTimeout(impatient);
  };
}

function listening(server: Pick<Server, 'once' | 'off' | 'listen'>, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function listenForMail(settings: SandboxSettings, database: Database, log: Logger): Promise<() => Promise<void>> {
  const catcher = createMailCatcher(database, log);
  await listening(catcher.server as unknown as Server, { host: settings.host, port: settings.ports.smtp });
  return () =>
    new Promise((resolve) => {
      catcher.close(() => resolve());
    });
}
