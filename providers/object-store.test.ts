/** What an object store promises, asked of each. S3_TEST_URL names a bucket of a real server, with any credentials. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createLocalObjectStore } from './local-object-store.ts';
import type { ObjectStore } from './object-store.ts';
import { createS3ObjectStore } from './s3-object-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'wellpact-objects-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bucketUrl = process.env['S3_TEST_URL'];
const STORES: readonly (readonly [string, ObjectStore])[] = [
  ['a folder', createLocalObjectStore(folder)],
  ...(bucketUrl === undefined
    ? []
    : [
        [
          'S3',
          createS3ObjectStore({
            bucketUrl,
            region: 'us-east-1',
            accessKeyId: process.env['S3_TEST_KEY_ID'] ?? 'S3RVER',
            secretAccessKey: process.env['S3_TEST_SECRET'] ?? 'S3RVER',
            timeoutMs: 10_000,
          }),
        ] as const,
      ]),
];

describe.each(STORES)('%s', (_name, store) => {
  const newKey = (): string => `evidence/dsp_${randomUUID().replaceAll('-', '')}/1`;

  test('gives back what was put, byte for byte', async () => {
    const key = newKey();
    for (const bytes of [Buffer.alloc(0), randomBytes(3), randomBytes(5 * 1024 * 1024)]) {
      await store.put(key, bytes);
      expect((await store.get(key))?.equals(bytes)).toBe(true);
    }
  });

  test('what is not there is nothing, before and after', async () => {
    const key = newKey();
    expect(await store.get(key)).toBeUndefined();
    await store.delete(key);
    await store.put(key, Buffer.from('x'));
    await store.delete(key);
    expect(await store.get(key)).toBeUndefined();
    await store.delete(key);
  });

  test('written by many at once, it is one of them whole', async () => {
    const key = newKey();
    const all = Array.from({ length: 8 }, (_, index) => Buffer.alloc(100_000, index));
    await Promise.all(all.map((bytes) => store.put(key, bytes)));
    const found = await store.get(key);
    expect(all.some((bytes) => found?.equals(bytes))).toBe(true);
  });

  test.each([
    '../secret',
    'a/../../b',
    '/etc/passwd',
    'a//b',
    '',
    'a/b/',
    'A',
    'a b',
    'a\0b',
    '%2e%2e/x',
    'a'.repeat(101),
  ])('a key like %j is refused', async (key) => {
    await expect(async () => store.put(key, Buffer.from('x'))).rejects.toThrow(RangeError);
    await expect(async () => store.get(key)).rejects.toThrow(RangeError);
    await expect(async () => store.delete(key)).rejects.toThrow(RangeError);
  });
});

test('files are for the user of the process alone, and nothing half written is left', async () => {
  const store = createLocalObjectStore(join(folder, 'own'));
  await store.put('a/b', Buffer.from('x'));
  expect(statSync(join(folder, 'own', 'a', 'b')).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'own', 'a')).mode & 0o777).toBe(0o700);
  expect(readdirSync(join(folder, 'own', 'a'))).toEqual(['b']);
});

test('a bucket that is not there is no empty one', async () => {
  const options = { region: 'us-east-1', accessKeyId: 'x', secretAccessKey: 'x', timeoutMs: 2_000 };
  const nowhere = createS3ObjectStore({ ...options, bucketUrl: 'http://127.0.0.1:9/none' });
  await expect(nowhere.get('a')).rejects.toThrow();
});
