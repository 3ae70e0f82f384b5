/** What the relay takes up again, round after round: webhooks that could not be told, and purchases that are late. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../platform/ids.ts';
import { overduePurchases } from '../../services/transactions/index.ts';
import { type FlowSignals, putEvent, type WebhookEvent } from '../../services/webhooks/index.ts';
import { webhookJob } from '../../workers/relay/webhook-job.ts';
import { type ClonedDatabase, cloneDatabase } from '../helpers/database.ts';
import { recordingLogger } from '../helpers/recording-log.ts';

let clone: ClonedDatabase;
beforeAll(async () => {
  clone = await cloneDatabase();
});
afterAll(() => clone.drop());

const aborted = (): AbortSignal => new AbortController().signal;

/** A purchase in a state that is not final, late by so much. */
async function late(seconds: number, paymentId: string | null = null): Promise<string> {
  const id = newId('pur');
  await clone.database.query(
    `INSERT INTO transactions.purchases (id, buyer_id, seller_id, listing_id, quantity, currency, terms, payment_intent_id,
       accepted_disclaimers, state, state_since, deadline_at, payment_status, transfer_status, created_at, updated_at)
     VALUES ($1, 'usr_b', 'usr_s', 'lst_1', 1, 'EUR', '{}', $3, '{}', 'payment_pending', now(),
       now() - make_interval(secs => $2), 'requires_payment_method', 'none', now(), now())`,
    [id, seconds, paymentId],
  );
  return id;
}

describe('webhooks', () => {
  /** Temporal as it is when it is away; or as it is when it is there. */
  const temporal = (isThere: boolean, told: string[] = []): FlowSignals => {
    const tell = async (_of: unknown, { eventId }: { eventId: string }): Promise<boolean> => {
      if (!isThere) throw new Error('14 UNAVAILABLE');
      told.push(eventId);
      return true;
    };
    return { payment: tell, refund: tell, payout: tell, chargeback: tell, account: tell, identity: tell };
  };

  async function stored(eventId: string, paymentId: string): Promise<void> {
    const event: WebhookEvent = {
      provider: 'stripe',
      eventId,
      eventType: 'payment_intent.amount_capturable_updated',
      accountId: null,
      objectId: paymentId,
      purchaseId: null,
      paymentId,
    };
    await putEvent(clone.database, { ...event, body: Buffer.from('{}') });
  }

  /** A round, after every pause has passed. */
  async function round(signals: FlowSignals): Promise<void> {
    await clone.database.query(
      `UPDATE webhooks.inbox SET received_at = now() - interval '1 day', retry_at = now() WHERE status = 'received'`,
    );
    await webhookJob({ database: clone.database, signals, log: recordingLogger() }).run(clone.database, aborted());
  }

  const statusOf = async (eventId: string) => {
    const { rows } = await clone.database.query<{ status: string; pause: number }>(
      `SELECT status, extract(epoch FROM retry_at - now())::float8 AS pause FROM webhooks.inbox WHERE event_id = $1`,
      [eventId],
    );
    return rows[0];
  };

  it('of a flow that cannot be told wait for as long as it takes, and are told then', async () => {
    await late(0, 'pi_away');
    await stored('evt_away', 'pi_away');
    for (let n = 0; n < 60; n++) await round(temporal(false));
    const waits = await statusOf('evt_away');
    expect(waits).toMatchObject({ status: 'received' });
    expect(waits?.pause).toBeGreaterThan(200);
    expect(waits?.pause).toBeLessThanOrEqual(300);
    const told: string[] = [];
    await round(temporal(true, told));
    expect(told).toEqual(['evt_away']);
    expect(await statusOf('evt_away')).toMatchObject({ status: 'signalled' });
  });

  it('that match nothing are given up in the end', async () => {
    await stored('evt_nobody', 'pi_nobody');
    for (let n = 0; n < 15; n++) await round(temporal(true));
    expect(await statusOf('evt_nobody')).toMatchObject({ status: 'received' });
    await round(temporal(true));
    expect(await statusOf('evt_nobody')).toMatchObject({ status: 'unmatched' });
  });
});

describe('purchases that are late', () => {
  const rounds = { graceSeconds: 120, everySeconds: 300, limit: 100 };

  it('are told in every round of their first hour, then once an hour', async () => {
    const HOUR = 3_600;
    const [early, first, between, hourly] = [
      await late(60),
      await late(1_800),
      await late(1.5 * HOUR),
      await late(HOUR * 7 + 60),
    ];
    const asked = await overduePurchases(clone.database, rounds);
    expect(asked).not.toContain(early);
    expect(asked).toContain(first);
    expect(asked).not.toContain(between);
    expect(asked).toContain(hourly);
  });

  it('come up all in the end, however many there are', async () => {
    const many = new Set(await Promise.all(Array.from({ length: 10 }, () => late(1_000))));
    for (let round = 0; round < 1_000 && many.size > 0; round++) {
      for (const id of await overduePurchases(clone.database, { ...rounds, limit: 2 })) many.delete(id);
    }
    expect(many.size).toBe(0);
  });
});
