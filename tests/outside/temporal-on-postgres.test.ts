/** The Temporal server that operators run, with its data in PostgreSQL. */
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { loadTemporalDevConfig } from '../../scripts/stack/temporal-dev-config.ts';
import { kill, stack } from '../helpers/stack.ts';
import { ROOT } from '../setup/test-stack.ts';

describe('Temporal on PostgreSQL', () => {
  test('has the search attributes of temporal-dev.yml', async () => {
    const { searchAttributes } = loadTemporalDevConfig(join(ROOT, 'temporal-dev.yml'));
    await withClient(async (_client, connection) => {
      const { namespace } = stack().temporal;
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
      expect(Object.keys(customAttributes)).toEqual(expect.arrayContaining(Object.keys(searchAttributes)));
    });
  });

  test('finds a workflow by its attributes, and keeps it over the death and the restart of the server', async () => {
    await withClient(({ workflow }) =>
      workflow.start('sleeper', {
        taskQueue: 'none',
        workflowId: 'kept',
        searchAttributes: { PurchaseState: ['authorised'] },
      }),
    );
    const found = async (): Promise<number> =>
      withClient(async ({ workflow }) => (await workflow.count("PurchaseState = 'authorised'")).count);
    await expect.poll(found, { timeout: 15_000 }).toBe(1);
    await kill('temporal', 'SIGKILL');
    await expect.poll(found, { timeout: 30_000 }).toBe(1);
    await kill('temporal', 'SIGTERM');
    await expect.poll(found, { timeout: 30_000 }).toBe(1);
    await withClient(async ({ workflow }) => {
      expect((await workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
    });
  }, 120_000);

  test('has its data in two databases of its own, which our role may not enter', async () => {
    const url = new URL(stack().databases.superuser);
    url.pathname = '/temporal';
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    try {
      const { rows } = await client.query(`SELECT workflow_id FROM executions WHERE workflow_id = 'kept'`);
      expect(rows).toHaveLength(1);
    } finally {
      await client.end();
    }
    for (const name of ['temporal', 'temporal_visibility']) {
      const ours = new URL(stack().databases.app);
      ours.pathname = `/${name}`;
      await expect(new pg.Client({ connectionString: ours.href }).connect()).rejects.toThrow('permission denied');
    }
  });
});

async function withClient<T>(work: (client: Client, connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: stack().temporal.address, connectTimeout: 5_000 });
  try {
    return await work(new Client({ connection, namespace: stack().temporal.namespace }), connection);
  } finally {
    await connection.close();
  }
}
