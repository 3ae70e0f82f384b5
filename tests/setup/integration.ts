import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { migrate } from '../../platform/migrate.ts';
import { ensureDatabase, roleOf } from '../../scripts/stack/databases.ts';
import type { StackUrls } from '../../scripts/stack/environment.ts';
import type { StackOptions } from '../../scripts/stack/types.ts';
import { startTestStack } from './test-stack.ts';

/** What a test file is told about the one stack that all of them share. */
export interface ProvidedStack {
  readonly urls: StackUrls;
  readonly dataDir: string;
  readonly portOffset: number;
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly databases: {
    readonly app: string;
    readonly owner: string;
    readonly sandbox: string;
    readonly superuser: string;
    /** The name of a migrated database without rows and without connections: what clones are made of. */
    readonly template: string;
  };
  /** The settings of the application's roles. */
  readonly env: Readonly<Record<string, string>>;
}

declare module 'vitest' {
  interface ProvidedContext {
    stack: ProvidedStack;
  }
}

const TEMPLATE = 'wellpact_template';

/** Starts one stack for all integration tests. */
export default (project: TestProject): Promise<() => Promise<void>> => provideStack(project);

/** Starts one stack for all tests of a project. @returns what stops it */
export async function provideStack(
  project: TestProject,
  options: Partial<StackOptions> = {},
): Promise<() => Promise<void>> {
  const { stack, stop } = await startTestStack(options);
  try {
    const { app, owner, sandbox, superuser } = stack.databases;
    if (superuser === undefined) throw new Error('The test stack runs the embedded PostgreSQL.');
    await makeTemplate(superuser, owner, app);
    project.provide('stack', {
      urls: stack.urls,
      dataDir: stack.dataDir,
      portOffset: stack.portOffset,
      temporal: stack.temporal,
      databases: { app, owner, sandbox, superuser, template: TEMPLATE },
      env: stack.env,
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

async function makeTemplate(superuser: string, owner: string, app: string): Promise<void> {
  const client = new pg.Client({ connectionString: superuser });
  await client.connect();
  try {
    await ensureDatabase(client, TEMPLATE, roleOf(owner));
  } finally {
    await client.end();
  }
  const url = new URL(owner);
  url.pathname = `/${TEMPLATE}`;
  await migrate(url.href, roleOf(app));
}
