import type { Logger } from '../../platform/logging.ts';
import type { Database } from '../store/database.ts';
import {
  abandonDeliveries,
  type ConfiguredEndpoint,
  type Delivery,
  markDelivered,
  markFailedAttempt,
  nextDelivery,
} from '../store/outbox.ts';

/** Where an endpoint's webhooks go and how they are signed. */
export interface Receiver {
  readonly url: string;
  headers(body: string): Readonly<Record<string, string>>;
}

export interface Receivers {
  /** Those of the settings. */
  readonly configured: Readonly<Record<ConfiguredEndpoint, Receiver>>;
  /** Endpoints made over Stripe's API for which something waits. */
  waiting(): Promise<readonly string[]>;
  /** One of them as it is now; undefined when it is gone or disabled. */
  made(id: string): Promise<Receiver | undefined>;
}

export interface Deliveries {
  /** There may be something to send. */
  wake(): void;
  /** Ends after the webhook that is on its way. */
  stop(): Promise<void>;
}

/** How often the outbox is looked at when nobody calls: retries become due without anybody noticing. */
const IDLE_MS = 250;
const TIMEOUT_MS = 10_000;
/** First retry after half a second, then twice as long each time, at most half a minute: a test waits for none of them long. */
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 30_000;
/** With the waits above this is about two hours. Stripe itself goes on for three days. */
const MAX_ATTEMPTS = 250;

/** Sends webhooks from the outbox until stopped: per endpoint one at a time, in order of creation. */
export function startDeliveries(database: Database, log: Logger, receivers: Receivers): Deliveries {
  const stopping = new AbortController();
  const loops = new Map<string, Loop>();
  const start = (endpoint: string, receiver: () => Promise<Receiver | undefined>): void => {
    const loop = deliveryLoop(database, log, { name: endpoint, receiver }, stopping.signal);
    loops.set(endpoint, loop);
    void loop.ended.then(() => loops.delete(endpoint));
  };
  for (const [endpoint, receiver] of Object.entries(receivers.configured)) start(endpoint, async () => receiver);
  const watch = createBell();
  const watching = watchEndpoints(log, receivers, watch, stopping.signal, (id) => {
    if (!loops.has(id)) start(id, () => receivers.made(id));
  });
  return {
    wake: () => {
      for (const loop of loops.values()) loop.wake();
    },
    stop: async () => {
      stopping.abort();
      watch.ring();
      await watching;
      for (const loop of loops.values()) loop.wake();
      await Promise.all([...loops.values()].map((loop) => loop.ended));
    },
  };
}

/** Notices endpoints that were made while the sandbox runs. */
async function watchEndpoints(
  log: Logger,
  receivers: Receivers,
  bell: ReturnType<typeof createBell>,
  stopped: AbortSignal,
  found: (id: string) => void,
): Promise<void> {
  while (!stopped.aborted) {
    try {
      for (const id of await receivers.waiting()) found(id);
    } catch (error) {
      log.warn('The webhook endpoints cannot be read', { error });
    }
    await bell.wait(IDLE_MS);
  }
}

interface Endpoint {
  readonly name: string;
  readonly receiver: () => Promise<Receiver | undefined>;
}

interface Loop {
  wake(): void;
  readonly ended: Promise<void>;
}

function deliveryLoop(database: Database, log: Logger, endpoint: Endpoint, stopped: AbortSignal): Loop {
  const bell = createBell();
  const run = async (): Promise<void> => {
    while (!stopped.aborted) {
      try {
        const receiver = await endpoint.receiver();
        if (receiver === undefined) return await abandonDeliveries(database.pool, endpoint.name);
        const delivery = await nextDelivery(database.pool, endpoint.name);
        if (delivery === undefined) await bell.wait(IDLE_MS);
        else await deliver(database, log, receiver, delivery);
      } catch (error) {
        // The database is away; what waits in the outbox is still there when it comes back.
        log.warn('The webhook outbox cannot be read', { endpoint: endpoint.name, error });
        await bell.wait(IDLE_MS * 4);
      }
    }
  };
  return { wake: bell.ring, ended: run() };
}

async function deliver(database: Database, log: Logger, receiver: Receiver, delivery: Delivery): Promise<void> {
  const refusal = await send(receiver, delivery);
  if (refusal === undefined) {
    await markDelivered(database.pool, delivery.id);
    return;
  }
  const attempts = delivery.attempts + 1;
  const delayMs = attempts < MAX_ATTEMPTS ? Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), MAX_RETRY_MS) : undefined;
  await markFailedAttempt(database.pool, delivery.id, refusal, delayMs);
  const fields = { topic: delivery.topic, eventId: delivery.eventId, attempts, reason: refusal };
  if (delayMs === undefined) log.error('A webhook was given up', fields);
  else log.debug('A webhook was not accepted, it is sent again', { ...fields, delayMs });
}

/** Posts one webhook; answers why it was not accepted, or undefined when it was. */
async function send(receiver: Receiver, delivery: Delivery): Promise<string | undefined> {
  try {
    const response = await fetch(receiver.url, {
      method: 'POST',
      headers: receiver.headers(delivery.body),
      body: delivery.body,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    return response.status >= 200 && response.status < 300 ? undefined : `HTTP ${response.status}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A wait that ends early when somebody rings. A ring while nobody waits is kept for the next wait. */
function createBell(): { readonly ring: () => void; readonly wait: (milliseconds: number) => Promise<void> } {
  let rung = false;
  let answer: (() => void) | undefined;
  return {
    ring: () => {
      rung = true;
      answer?.();
    },
    wait: async (milliseconds) => {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, milliseconds);
          answer = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      answer = undefined;
      rung = false;
    },
  };
}
