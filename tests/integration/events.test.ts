/** What is published is what the table of events says, to the member. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EVENTS } from '../../contracts/events.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import { createLogger } from '../../platform/logging.ts';
import { runDemo } from '../../scripts/demo.ts';
import { stack } from '../helpers/stack.ts';

let database: Database;
beforeAll(() => {
  const log = createLogger({ role: 'test', level: 'error' });
  database = openDatabase({ url: stack().databases.app, maxConnections: 1, applicationName: 'test', log });
});
afterAll(() => database.close());

/** The other files of this suite have written theirs, too, when they came before. */
const MAX_EVENTS = 20_000;

test('every event that was written is in the table, with the members that it says', async () => {
  const { api, mail } = stack().urls;
  await runDemo({ api, mail });
  const { rows } = await database.query<{ type: string; members: string[] }>(
    `SELECT DISTINCT type, ARRAY(SELECT jsonb_object_keys(data::jsonb) ORDER BY 1) AS members
       FROM (SELECT type, data FROM outbox.events ORDER BY id DESC LIMIT ${MAX_EVENTS}) AS latest`,
  );
  const types = new Set(rows.map(({ type }) => type));
  const ofTheDemo = [
    'user.signed_up',
    'onboarding.verified',
    'listing.published',
    'purchase.held',
    'purchase.released',
  ];
  expect([...types]).toEqual(expect.arrayContaining(ofTheDemo));
  for (const { type, members } of rows) {
    expect(Object.keys(EVENTS)).toContain(type);
    const declared = EVENTS[type as keyof typeof EVENTS].data as readonly string[];
    const allowed = declared.map((member) => member.replace('?', ''));
    const needed = declared.filter((member) => !member.endsWith('?'));
    expect(allowed, type).toEqual(expect.arrayContaining(members));
    expect(members, type).toEqual(expect.arrayContaining(needed));
  }
});
