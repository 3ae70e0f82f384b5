import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporalProfile } from './profile.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'profile-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('the way to Temporal', () => {
  test('is an address alone on this machine', () => {
    expect(temporalProfile({ TEMPORAL_ADDRESS: '127.0.0.1:7233', TEMPORAL_NAMESPACE: '' })).toEqual({
      namespace: 'default',
      connection: { address: '127.0.0.1:7233' },
    });
  });

  test('has certificates, from files or from the environment', () => {
    const profile = temporalProfile({
      TEMPORAL_ADDRESS: 'temporal:7233',
      TEMPORAL_NAMESPACE: 'wellpact',
      TEMPORAL_TLS_CLIENT_CERT_PATH: file('cert.pem', 'certificate'),
      TEMPORAL_TLS_CLIENT_KEY_DATA: 'key',
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: file('ca.pem', 'authority'),
      TEMPORAL_TLS_SERVER_NAME: 'frontend',
    });
    const bytes = (text: string) => expect.objectContaining(Uint8Array.from(Buffer.from(text)));
    expect(profile).toEqual({
      namespace: 'wellpact',
      connection: {
        address: 'temporal:7233',
        tls: {
          serverNameOverride: 'frontend',
          serverRootCACertificate: bytes('authority'),
          clientCertPair: { crt: bytes('certificate'), key: bytes('key') },
        },
      },
    });
  });

  test('comes from a profile of a file, and the environment wins over it', () => {
    const path = file('temporal.toml', '[profile.live]\naddress = "live:7233"\nnamespace = "n"\napi_key = "secret"\n');
    const env = { TEMPORAL_CONFIG_FILE: path, TEMPORAL_PROFILE: 'live', TEMPORAL_NAMESPACE: 'other' };
    expect(temporalProfile(env)).toEqual({
      namespace: 'other',
      connection: { address: 'live:7233', apiKey: 'secret', tls: true },
    });
  });

  test('never comes from a file that nobody named', () => {
    const home = join(folder, 'home');
    mkdirSync(join(home, 'temporalio'), { recursive: true });
    writeFileSync(join(home, 'temporalio', 'temporal.toml'), '[profile.default]\nnamespace = "private"\n');
    const env = { XDG_CONFIG_HOME: home, HOME: home, TEMPORAL_ADDRESS: '127.0.0.1:7233' };
    expect(temporalProfile(env)).toMatchObject({ namespace: 'default' });
  });
});

describe('what would be passed over in silence is told', () => {
  const ADDRESS = { TEMPORAL_ADDRESS: 'temporal:7233' };
  test.each([
    ['TEMPORAL_ADDRESS', {}],
    ['TEMPORAL_TLS', { ...ADDRESS, TEMPORAL_TLS: 'yes' }],
    ['TEMPORAL_CONFIG_FILE', { ...ADDRESS, TEMPORAL_CONFIG_FILE: '/nowhere.toml' }],
    ['TEMPORAL_PROFILE', { ...ADDRESS, TEMPORAL_PROFILE: 'nobody' }],
    ['TEMPORAL_TLS_CLIENT_KEY_PATH', { ...ADDRESS, TEMPORAL_TLS_CLIENT_CERT_DATA: 'c' }],
    ['TEMPORAL_TLS_CLIENT_CERT_PATH', { ...ADDRESS, TEMPORAL_TLS_CLIENT_KEY_DATA: 'k' }],
    ['TEMPORAL_TLS_DISABLE_HOST_VERIFICATION', { ...ADDRESS, TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: 'true' }],
  ])('%s', (setting, env) => {
    expect(temporalProfile(env)).toEqual([{ setting, problem: expect.any(String) }]);
  });

  test('a certificate that cannot be read', () => {
    const profile = temporalProfile({ ...ADDRESS, TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/nowhere.pem' });
    expect(profile).toEqual([
      { setting: expect.stringContaining('TEMPORAL_'), problem: expect.stringContaining('ENOENT') },
    ]);
  });
});
