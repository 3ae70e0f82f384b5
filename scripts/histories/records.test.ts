import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { History } from '../../platform/temporal/history.ts';
import { recordText, shelve } from './records.ts';

let from: string;
let to: string;
beforeEach(() => {
  [from, to] = [mkdtempSync(join(tmpdir(), 'from-')), mkdtempSync(join(tmpdir(), 'to-'))];
});
afterEach(() => {
  for (const folder of [from, to]) rmSync(folder, { recursive: true });
});

const marker = (data: Record<string, string>, field = 'data') => ({
  markerRecordedEventAttributes: {
    markerName: field === 'data' ? 'core_local_activity' : 'core_patch',
    details: { [field]: { payloads: [{ data: Buffer.from(JSON.stringify(data)) }] } },
  },
});
const step = (name: string) => marker({ activity_type: name });
const put = (folder: string, name: string, ...events: object[]): void => {
  const history = { events: events.map((event, index) => ({ eventId: index + 1, ...event })) } as unknown as History;
  writeFileSync(
    join(folder, `${name}.json`),
    recordText({ workflowId: `purchase/${name}`, recordedBy: 'a.test.ts', history }),
  );
};
const outcomes = (replace = false) =>
  shelve(from, to, { replace }).map(({ path, outcome, keptAs }) => [path, outcome, keptAs]);

test('a path that is not there is new', () => {
  put(from, 'declined', step('openPurchase'));
  expect(outcomes()).toEqual([['declined', 'new', 'declined']]);
  expect(readdirSync(to)).toEqual(['declined.json']);
});

test('other times, repetitions and looks after hints change nothing', () => {
  put(to, 'declined', step('openPurchase'), step('beginPayment'));
  put(from, 'declined', step('openPurchase'), step('readStanding'), step('beginPayment'), step('beginPayment'));
  expect(outcomes()).toEqual([['declined', 'unchanged', undefined]]);
});

test('a step more is kept beside the old one, and the next one beside both', () => {
  put(to, 'declined', step('openPurchase'));
  put(from, 'declined', step('openPurchase'), step('checkBuyer'));
  expect(outcomes()).toEqual([['declined', 'changed', 'declined@2']]);
  expect(outcomes()).toEqual([['declined', 'unchanged', undefined]]);
  put(from, 'declined', step('openPurchase'), step('checkBuyer'), marker({ id: 'later' }, 'patch-data'));
  expect(outcomes()).toEqual([['declined', 'changed', 'declined@3']]);
  expect(readdirSync(to)).toEqual(['declined.json', 'declined@2.json', 'declined@3.json']);
});

test('only when it is asked for, the newest one is replaced', () => {
  put(to, 'declined', step('openPurchase'));
  put(to, 'declined@2', step('openPurchase'), step('checkBuyer'));
  put(from, 'declined', step('openPurchase'));
  expect(outcomes(true)).toEqual([['declined', 'replaced', 'declined@2']]);
});
