/** The same code against services of others: Temporal behind TLS, client certificates and API keys, PostgreSQL behind TLS. */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../platform/database.ts';
import { migrate } from '../../platform/migrate.ts';
import { connectTemporal } from '../../platform/temporal/client.ts';
import { temporalProfile } from '../../platform/temporal/profile.ts';
import { ensureDatabases } from '../../scripts/stack/databases.ts';
import { postgresProcess, superuserUrl } from '../../scripts/stack/postgres.ts';
import { ProcessTable } from '../../scripts/stack/process-table.ts';
import { ROLES } from '../../scripts/stack/roles.ts';
import { SupervisedProcess } from '../../scripts/stack/supervised-process.ts';
import { TEST_PAYLOAD_KEYS } from '../helpers/payload-key.ts';
import { recordingLogger } from '../helpers/recording-log.ts';
import { startReplica } from '../helpers/replicas.ts';
import {
  type SecuredFrontend,
  type SecuredFrontendOptions,
  startSecuredFrontend,
} from '../helpers/secured-frontend.ts';
import { stack } from '../helpers/stack.ts';
import { type Authority, makeAuthority, type Pair } from '../helpers/tls.ts';
import { temporaryFolder } from '../setup/run-folder.ts';
import { freePortOffset } from '../setup/test-stack.ts';

let folder: ReturnType<typeof temporaryFolder>;
let ours: Authority;
let server: Pair;
let client: Pair;
beforeAll(() => {
  folder = temporaryFolder('secured');
  ours = makeAuthority(folder.path, 'ours');
  server = ours.issue('temporal.wellpact.test');
  client = ours.issue('worker');
});
afterAll(() => folder.remove());

type Env = Record<string, string>;

/** Whether client and worker can talk to Temporal with these settings. */
async function reaches(env: Env): Promise<{ client: boolean; worker: boolean }> {
  const temporal = temporalProfile({ TEMPORAL_NAMESPACE: stack().temporal.namespace, ...env });
  if (!('connection' in temporal)) throw new Error(JSON.stringify(temporal));
  const api = connectTemporal({ temporal, PAYLOAD_KEYS: [...TEST_PAYLOAD_KEYS] });
  const describeNamespace = { namespace: temporal.namespace };
  try {
    const [first, second] = await Promise.allSettled([
      api.client.withDeadline(Date.now() + 5_000, () =>
        api.connection.workflowService.describeNamespace(describeNamespace),
      ),
      (async () => {
        const native = await NativeConnection.connect(temporal.connection);
        try {
          await native.workflowService.describeNamespace(describeNamespace);
        } finally {
          await native.close();
        }
      })(),
    ]);
    return { client: first.status === 'fulfilled', worker: second.status === 'fulfilled' };
  } finally {
    await api.close();
  }
}

const BOTH = { client: true, worker: true };
const NEITHER = { client: false, worker: false };

describe('Temporal behind TLS', () => {
  let frontend: SecuredFrontend;
  afterEach(() => frontend.close());

  async function behind(options: Partial<SecuredFrontendOptions>): Promise<Env> {
    frontend = await startSecuredFrontend({ certificate: server, behind: stack().temporal.address, ...options });
    return { TEMPORAL_ADDRESS: frontend.address, TEMPORAL_TLS_SERVER_CA_CERT_PATH: ours.cert };
  }
  const withCertificate = ({ cert, key }: Pair): Env => ({
    TEMPORAL_TLS_CLIENT_CERT_PATH: cert,
    TEMPORAL_TLS_CLIENT_KEY_PATH: key,
  });

  test('is reached by its authority, and not by another one nor without TLS', async () => {
    const env = await behind({});
    expect(await reaches(env)).toEqual(BOTH);
    expect(await reaches({ ...env, TEMPORAL_TLS_SERVER_NAME: 'temporal.wellpact.test' })).toEqual(BOTH);
    expect(await reaches({ ...env, TEMPORAL_TLS_SERVER_NAME: 'somebody.else.test' })).toEqual(NEITHER);
    const theirs = makeAuthority(folder.path, 'theirs');
    expect(await reaches({ ...env, TEMPORAL_TLS_SERVER_CA_CERT_PATH: theirs.cert })).toEqual(NEITHER);
    expect(await reaches({ TEMPORAL_ADDRESS: frontend.address })).toEqual(NEITHER);
  });

  test('that asks for client certificates is reached with one of its authority', async () => {
    const env = await behind({ callers: ours.cert });
    expect(await reaches({ ...env, ...withCertificate(client) })).toEqual(BOTH);
    expect(await reaches(env)).toEqual(NEITHER);
    const stranger = makeAuthority(folder.path, 'strangers').issue('worker');
    expect(await reaches({ ...env, ...withCertificate(stranger) })).toEqual(NEITHER);
  });

  test('that asks for an API key hears it from client and worker', async () => {
    const env = await behind({ authorization: 'Bearer a-key' });
    expect(await reaches({ ...env, TEMPORAL_API_KEY: 'a-key' })).toEqual(BOTH);
    expect([...frontend.authorizations]).toEqual(['Bearer a-key']);
    expect(await reaches({ ...env, TEMPORAL_API_KEY: 'another-key' })).toEqual(NEITHER);
    expect(await reaches(env)).toEqual(NEITHER);
  });

  test('with certificates and a key serves whole processes', async () => {
    const env = await behind({ callers: ours.cert, authorization: 'Bearer a-key' });
    const settings = { ...env, ...withCertificate(client), TEMPORAL_API_KEY: 'a-key' };
    const started = await Promise.all(
      ROLES.filter(({ name }) => ['api', 'worker', 'relay'].includes(name)).map((role) => startReplica(role, settings)),
    );
    expect(await Promise.all(started.map((replica) => replica.stop()))).toEqual([0, 0, 0]);
  }, 120_000);
});

describe('PostgreSQL behind TLS', () => {
  let running: SupervisedProcess;
  let url: string;
  let ownerUrl: string;
  beforeAll(async () => {
    const port = 5433 + (await freePortOffset());
    const pair = ours.issue('localhost');
    // The server runs as another user than the one who wrote the file, when this runs as root.
    chmodSync(pair.key, 0o640);
    const spec = await postgresProcess({
      folder: join(folder.path, 'postgres'),
      port,
      password: 'superuser',
      logFile: join(folder.path, 'postgres.log'),
      durability: 'fast',
    });
    const tls = { ssl: 'on', ssl_cert_file: pair.cert, ssl_key_file: pair.key };
    const flags = Object.entries(tls).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    running = new SupervisedProcess({ ...spec, args: [...spec.args, ...flags] }, new ProcessTable(folder.path), {
      onNote: () => undefined,
      onGivenUp: () => undefined,
    });
    await running.start();
    const made = await ensureDatabases(superuserUrl(port, 'superuser'), { owner: 'o', app: 'a', sandbox: 's' });
    url = made.app.replace('127.0.0.1', 'localhost');
    ownerUrl = made.owner.replace('127.0.0.1', 'localhost');
  }, 60_000);
  afterAll(() => running?.stop());

  const isEncrypted = async (connectionUrl: string): Promise<boolean | undefined> => {
    const log = recordingLogger();
    const database = openDatabase({ url: connectionUrl, maxConnections: 1, applicationName: 'test', log });
    try {
      const query = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
      return (await database.query<{ ssl: boolean }>(query)).rows[0]?.ssl;
    } finally {
      await database.close();
    }
  };

  test('is spoken to encrypted with sslmode=verify-full, and in clear without', async () => {
    expect(await isEncrypted(`${url}?sslmode=verify-full&sslrootcert=${ours.cert}`)).toBe(true);
    expect(await isEncrypted(url)).toBe(false);
  });

  test('whose certificate nobody we trust has signed is not spoken to', async () => {
    await expect(isEncrypted(`${url}?sslmode=verify-full`)).rejects.toThrow(/certificate/);
    const theirs = makeAuthority(folder.path, 'theirs-too');
    await expect(isEncrypted(`${url}?sslmode=verify-full&sslrootcert=${theirs.cert}`)).rejects.toThrow(/certificate/);
  });

  test('is migrated over TLS', async () => {
    const names = await migrate(`${ownerUrl}?sslmode=verify-full&sslrootcert=${ours.cert}`, 'wellpact_app');
    expect(names.length).toBeGreaterThan(0);
    await expect(migrate(`${ownerUrl}?sslmode=verify-full`, 'wellpact_app')).rejects.toThrow(/certificate/);
  });
});
