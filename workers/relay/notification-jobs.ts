import type { Database } from '../../platform/database.ts';
import type { Logger } from '../../platform/logging.ts';
import type { Metrics } from '../../platform/metrics.ts';
import { SpanKind, traced } from '../../platform/tracing.ts';
import { PushUnavailable } from '../../providers/push.ts';
import {
  type ClaimedNotification,
  claimNotification,
  deleteOldNotifications,
  type MessagingLinks,
  messageOf,
  postponeNotification,
  type Settlement,
  settleNotification,
  waitQuietly,
} from '../../services/messaging/index.ts';
import { CHANNELS, type Channel, MAX_ATTEMPTS, retryPauseMs } from '../../services/messaging/rules.ts';
import type { Channels } from './channels.ts';
import type { Job } from './jobs.ts';

export interface NotificationDeps extends MessagingLinks {
  readonly database: Database;
  readonly channels: Channels;
  readonly log: Logger;
  readonly metrics: Metrics;
}

const IDLE_MS = 250;
/** So many messages of a channel are handed over side by side. */
const LANES = 4;
/** A round hands over at most so many in each lane. */
const MAX_PER_LANE = 50;
/**
 * A message that is being handed over is left alone for so long: more than its provider's time-outs add up to, for as many
 * devices as one person has. After a death it waits that long for its next try.
 */
const LEASE_SECONDS = 240;

/** One job a channel, so that a provider that is away holds back its own channel only; and one that forgets old messages. */
export function notificationJobs(deps: NotificationDeps): Job[] {
  const settled = deps.metrics.counter('wellpact_notifications_settled_total');
  const sending = CHANNELS.map(
    (channel): Job => ({
      name: `notify-${channel}`,
      idleMs: IDLE_MS,
      run: async (_leader, signal) => {
        // One question when there is nothing to do, which is most of the time.
        const first = await claimNotification(deps.database, channel, LEASE_SECONDS);
        if (first === undefined) return false;
        const count: Count = ({ name }, outcome) => settled.inc({ channel, name, outcome });
        const others = Array.from({ length: LANES - 1 }, () => lane(deps, channel, signal, count));
        const lanes = await Promise.all([handOver(deps, first, count).then(() => true), ...others]);
        return lanes.some(Boolean);
      },
    }),
  );
  return [...sending, forgetJob(deps.database)];
}

type Count = (notification: ClaimedNotification, outcome: Settlement) => void;

/** Hands over one message after another. @returns true when it stopped for having done enough */
async function lane(deps: NotificationDeps, channel: Channel, signal: AbortSignal, count: Count): Promise<boolean> {
  for (let handed = 0; handed < MAX_PER_LANE; handed++) {
    if (signal.aborted) return false;
    const claimed = await claimNotification(deps.database, channel, LEASE_SECONDS);
    if (claimed === undefined) return false;
    await handOver(deps, claimed, count);
  }
  return true;
}

/** Hours may have passed since the event, quiet ones for example: a trace of its own, found by the event's id. */
function handOver(deps: NotificationDeps, claimed: ClaimedNotification, count: Count): Promise<void> {
  const { channel, name, occasion } = claimed;
  const attributes = { 'messaging.system': channel, 'messaging.message.id': occasion };
  const span = { kind: SpanKind.CONSUMER, parent: null, attributes };
  return traced(`notify ${name}`, span, () => handOverOnce(deps, claimed, count));
}

async function handOverOnce(deps: NotificationDeps, claimed: ClaimedNotification, count: Count): Promise<void> {
  const { database, channels, log } = deps;
  const message = await messageOf(database, deps, claimed, new Date());
  if (message instanceof Date) return waitQuietly(database, claimed, message);
  const outcome =
    typeof message === 'string'
      ? message
      : await tried(deps, () => channels[claimed.channel](claimed, message), claimed);
  if (outcome === undefined) return;
  await settleNotification(database, claimed, outcome);
  count(claimed, outcome);
  const { occasion, channel, name, recipientId } = claimed;
  const isBad = outcome === 'refused' || outcome === 'given_up';
  log[isBad ? 'warn' : 'info']('a notification was settled', { occasion, channel, name, recipientId, outcome });
}

/** What became of a try; undefined when the message was put off to another one. */
async function tried(
  { database, log }: NotificationDeps,
  deliver: () => Promise<Settlement>,
  claimed: ClaimedNotification,
): Promise<Settlement | undefined> {
  try {
    return await deliver();
  } catch (error) {
    const { occasion, channel, name, attempts } = claimed;
    log.warn('a notification could not be handed over', { occasion, channel, name, attempts, error });
    if (attempts >= MAX_ATTEMPTS) return 'given_up';
    const askedForMs = error instanceof PushUnavailable ? error.retryAfterMs : undefined;
    await postponeNotification(database, claimed, retryPauseMs(attempts, askedForMs));
    return undefined;
  }
}

const FORGET_EVERY_MS = 60 * 60 * 1_000;
const FORGET_BATCH = 1_000;

function forgetJob(database: Database): Job {
  return {
    name: 'forget-notifications',
    idleMs: FORGET_EVERY_MS,
    run: async () => (await deleteOldNotifications(database, FORGET_BATCH)) === FORGET_BATCH,
  };
}
