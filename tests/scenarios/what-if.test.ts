/** The rules run again over purchases that truly ended, by the command as it is typed. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, type PurchaseAction, publishedListing, reached } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const POLICY = fileURLToPath(new URL('../setup/policy-of-seconds.yml', import.meta.url));

let seller: Person;
let buyer: Person;
let folder: string;

beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
  folder = await mkdtemp(join(tmpdir(), 'what-if-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function bought(...actions: readonly (readonly [Person, PurchaseAction])[]): Promise<string> {
  const { body } = await buy(buyer, await publishedListing(seller));
  for (const [who, action] of actions) expect((await act(who, body.id, action)).status, action).toBe(200);
  return body.id;
}

/** @returns what it prints, and a line of its table for each purchase */
async function whatIf(policy: string): Promise<{ said: string; csv: string; lines: Map<string, string[]> }> {
  const file = join(folder, 'out.csv');
  const words = ['--import', 'tsx', 'scripts/what-if.ts', '--policy', policy, '--csv', file];
  const env = { ...process.env, DATABASE_URL: stack().databases.app };
  const { stdout: said } = await promisify(execFile)(process.execPath, words, { cwd: ROOT, env });
  const csv = await readFile(file, 'utf8');
  const lines = new Map(csv.split('\r\n').map((line) => [line.split(',')[0] ?? '', line.split(',')]));
  return { said, csv, lines };
}

test('what ended is run again: under its own policy as it was, under another one otherwise, the same each time', async () => {
  const [released, refunded, declined, silent] = await Promise.all([
    bought([seller, 'accept'], [seller, 'deliver'], [buyer, 'confirm']),
    bought([seller, 'accept'], [seller, 'refunds']),
    bought([seller, 'decline']),
    bought([seller, 'accept'], [seller, 'deliver']),
  ]);
  await reached(buyer, released, 'completed');
  await reached(buyer, silent, 'completed');

  const same = await whatIf(POLICY);
  for (const id of [released, refunded, declined, silent]) expect(same.lines.get(id)?.at(-2), id).toBe('no');
  expect(same.lines.get(released)?.slice(1, 6)).toEqual(['EUR', 'completed', '2500', '2250', '250']);

  const other = join(folder, 'other.yml');
  const text = await readFile(POLICY, 'utf8');
  const changed = text
    .replace('version: 900', 'version: 901')
    .replace('handlingDay: PT5S', 'handlingDay: PT0.001S')
    .replace('basisPoints: 1000', 'basisPoints: 2000');
  expect(changed.split('\n').filter((line, index) => line !== text.split('\n')[index])).toHaveLength(3);
  await writeFile(other, changed);
  const first = await whatIf(other);
  // Nobody could have delivered in time.
  expect(first.lines.get(released)?.slice(2)).toEqual([
    'completed',
    '2500',
    '2250',
    '250',
    'cancelled',
    '0',
    '0',
    '0',
    'yes',
    'deliver confirm',
  ]);
  expect(first.lines.get(declined)?.at(-2)).toBe('no');
  expect(first.said).toContain('Under policy 901,');
  expect(first.said).toMatch(/completed\s+│\s+cancelled/);

  const second = await whatIf(other);
  for (const id of [released, refunded, declined, silent]) expect(second.lines.get(id)).toEqual(first.lines.get(id));
  // A purchase that goes all its way, and then three runs of a command that loads the sources each time.
}, 120_000);
