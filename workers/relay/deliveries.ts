import type { Database } from '../../platform/database.ts';

/**
 * Does something for an event once per subscriber, as far as that can be told: it is remembered after it was done, so only
 * a death between the two does it again. What cannot be undone has to be recognisable at the other end as well.
 */
export async function oncePerEvent(
  database: Database,
  subscriber: string,
  eventId: string,
  work: () => Promise<void>,
): Promise<void> {
  const { rowCount } = await database.query({
    name: 'deliveries_find',
    text: `SELECT FROM relay.deliveries WHERE subscriber = $1 AND event_id = $2`,
    values: [subscriber, eventId],
  });
  if (rowCount === 1) return;
  await work();
  await database.query({
    name: 'deliveries_insert',
    text: `INSERT INTO relay.deliveries (subscriber, event_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
    values: [subscriber, eventId],
  });
}
