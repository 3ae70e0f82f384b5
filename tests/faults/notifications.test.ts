/** The relay dies while it tells people things: everybody is told, and nobody twice of what was settled. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../platform/database.ts';
import { newId } from '../../platform/ids.ts';
import { createLogger } from '../../platform/logging.ts';
import { emit } from '../../platform/outbox.ts';
import { addDevice, allTold, type MailBody, mailsAbout, publishAgain, pushesAbout } from '../helpers/notifications.ts';
import { type Person, verifiedBuyer } from '../helpers/people.ts';
import { kill, pidOf, stack } from '../helpers/stack.ts';
import { waitFor } from '../helpers/wait-for.ts';

const MESSAGES = 60;

let buyer: Person;
let token: string;
let database: Database;
beforeAll(async () => {
  buyer = await verifiedBuyer();
  token = (await addDevice(buyer)).token;
  const log = createLogger({ role: 'test', level: 'error' });
  database = openDatabase({ url: stack().databases.app, maxConnections: 4, applicationName: 'test', log });
});
afterAll(() => database.close());

/** Events that are told whatever became of their purchase. @returns the ids of the purchases */
async function declined(): Promise<readonly string[]> {
  const ids = Array.from({ length: MESSAGES }, () => newId('pur'));
  await database.transaction(async (tx) => {
    for (const purchaseId of ids) {
      const data = { purchaseId, buyerId: buyer.id, sellerId: newId('usr') };
      await emit(tx, { type: 'purchase.declined', key: purchaseId, data });
    }
  });
  return ids;
}

const settled = async (ids: readonly string[]): Promise<number> => {
  const { rowCount } = await database.query(
    `SELECT FROM messaging.notifications WHERE data->>'purchaseId' = ANY ($1) AND recipient_id = $2 AND state = 'sent'`,
    [ids, buyer.id],
  );
  return rowCount ?? 0;
};

/** The lease of what the dead relay had claimed is over. */
const leaseIsOver = () => database.query(`UPDATE messaging.notifications SET due_at = now() WHERE state = 'waiting'`);

test('kill -9 in the middle: all arrive, only what was in the air may come again, and then under the same id', async () => {
  const ids = await declined();
  await waitFor(async () => (await settled(ids)) >= 5, { what: 'some messages to be sent', timeoutMs: 20_000 });
  const pid = pidOf('relay');
  if (pid === undefined) throw new Error('the relay does not run');
  process.kill(pid, 'SIGKILL');
  // At once, before there is a successor that claims others: a claim that is committed later than this was never sent.
  const doubtful = await database.query<{ purchase: string; channel: string }>(
    `SELECT data->>'purchaseId' AS purchase, channel FROM messaging.notifications
      WHERE data->>'purchaseId' = ANY ($1) AND state = 'waiting' AND attempts = 1 AND due_at > now()`,
    [ids],
  );
  const inTheAir = new Set(doubtful.rows.map(({ purchase, channel }) => `${channel} ${purchase}`));
  await leaseIsOver();
  for (const id of ids) await allTold(database, id);
  await publishAgainAll(ids);

  for (const id of ids) {
    const mails: readonly MailBody[] = await mailsAbout(buyer, id);
    expect(new Set(mails.map(({ messageId }) => messageId)).size, id).toBe(1);
    expect(mails.length, id).toBeLessThanOrEqual(inTheAir.has(`email ${id}`) ? 2 : 1);
    const pushes = await pushesAbout(token, id);
    expect(pushes.length, id).toBeGreaterThanOrEqual(1);
    expect(pushes.length, id).toBeLessThanOrEqual(inTheAir.has(`push ${id}`) ? 2 : 1);
  }
  // What was in the air are the lanes of both channels, and no more: the rest was settled or not begun.
  expect(inTheAir.size).toBeLessThanOrEqual(8);
});

test('kill -9 between publishing and remembering it: the events come again, and tell nothing again', async () => {
  const ids = await declined();
  for (const id of ids) await allTold(database, id);
  await database.query('UPDATE outbox.events SET published_at = NULL WHERE key = ANY ($1)', [ids]);
  await kill('relay');
  for (const id of ids) await allTold(database, id);
  for (const id of ids) {
    expect(await mailsAbout(buyer, id)).toHaveLength(1);
    expect(await pushesAbout(token, id)).toHaveLength(1);
  }
});

async function publishAgainAll(ids: readonly string[]): Promise<void> {
  for (const id of ids) await publishAgain(database, id);
  for (const id of ids) await allTold(database, id);
}
