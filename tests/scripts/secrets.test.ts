import { createPrivateKey } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadSecrets } from '../../scripts/stack/secrets.ts';
import { temporaryFolder } from '../setup/run-folder.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder('secrets');
});
afterEach(() => folder.remove());

const fileOf = (): string => join(folder.path, 'secrets.json');

it('are made once', async () => {
  const made = await loadSecrets(folder.path);
  expect(createPrivateKey(made.FCM_PRIVATE_KEY).asymmetricKeyType).toBe('rsa');
  expect(await loadSecrets(folder.path)).toEqual(made);
});

it('of before there were pushes get the key for them, and keep all others', async () => {
  const { FCM_PRIVATE_KEY: _key, ...old } = await loadSecrets(folder.path);
  writeFileSync(fileOf(), JSON.stringify(old));
  const completed = await loadSecrets(folder.path);
  expect(completed).toEqual({ ...old, FCM_PRIVATE_KEY: expect.stringContaining('PRIVATE KEY') as string });
  expect(JSON.parse(readFileSync(fileOf(), 'utf8'))).toEqual(completed);
  expect(statSync(fileOf()).mode & 0o777).toBe(0o600);
});

it('that are missing another one are refused, and left as they are', async () => {
  const { PAYLOAD_KEYS: _keys, ...broken } = await loadSecrets(folder.path);
  writeFileSync(fileOf(), JSON.stringify(broken));
  await expect(loadSecrets(folder.path)).rejects.toThrow('PAYLOAD_KEYS missing, wrong or unknown');
  expect(JSON.parse(readFileSync(fileOf(), 'utf8'))).toEqual(broken);
});
