import { defineConfig } from 'vitest/config';

/** The folders whose unit tests stand beside their source. */
const SOURCES =
  '{activities,api,bench,contracts,migrations,platform,providers,sandbox,scripts,services,workers,workflows}';

export default defineConfig({
  test: {
    pool: 'forks',
    // Most tests wait for processes that they have started; with one at a time, a second processor would idle.
    maxWorkers: 2,
    // A `process.exit` or a native module of one file never touches another one.
    isolate: true,
    // Each bound below is far above what a good run takes: it turns a hang into a failure.
    testTimeout: 20_000,
    hookTimeout: 60_000,
    teardownTimeout: 60_000,
    allowOnly: false,
    projects: [
      // Pure, and many: what they import is read once.
      { extends: true, test: { name: 'unit', include: [`${SOURCES}/**/*.test.ts`], isolate: false } },
      { extends: true, test: { name: 'replay', include: ['tests/replay/**/*.test.ts'], testTimeout: 60_000 } },
      {
        extends: true,
        test: {
          name: 'integration',
          // Time travel shares the stack: its steps run against the same PostgreSQL and the same sandbox.
          include: ['tests/{integration,time-travel}/**/*.test.ts'],
          globalSetup: ['tests/setup/integration.ts', 'tests/setup/time-skipping.ts'],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'scenarios',
          include: ['tests/scenarios/**/*.test.ts'],
          globalSetup: ['tests/setup/scenarios.ts'],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'traces',
          include: ['tests/traces/**/*.test.ts'],
          globalSetup: ['tests/setup/traces.ts'],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'faults',
          // One file after another: faults are planted in the one sandbox that all of them use.
          fileParallelism: false,
          include: ['tests/faults/**/*.test.ts'],
          globalSetup: ['tests/setup/faults.ts'],
          testTimeout: 90_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'random-paths',
          include: ['tests/random-paths/**/*.test.ts'],
          globalSetup: ['tests/setup/random-paths.ts'],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'afresh',
          include: ['tests/afresh/**/*.test.ts'],
          globalSetup: ['tests/setup/afresh.ts'],
          testTimeout: 90_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'deploys',
          include: ['tests/deploys/**/*.test.ts'],
          globalSetup: ['tests/setup/deploys.ts'],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        // Plants defects in a copy of the sources; each one starts tests of its own.
        test: { name: 'plant', include: ['tests/plant/**/*.test.ts'], testTimeout: 8 * 60_000 },
      },
      {
        extends: true,
        // Pages of docs/how-to, followed in a fresh copy of the sources: each step starts tests of its own.
        test: { name: 'docs', include: ['tests/docs/**/*.test.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'security',
          // One file after another: what is stored is counted before and after, and what is forged stays forged.
          fileParallelism: false,
          include: ['tests/{security,judge}/**/*.test.ts'],
          globalSetup: ['tests/setup/integration.ts'],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'outside',
          // One file after another: they replace the processes of the one stack.
          fileParallelism: false,
          include: ['tests/outside/**/*.test.ts'],
          globalSetup: ['tests/setup/outside.ts'],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          globalSetup: ['tests/setup/browser.ts'],
          testTimeout: 90_000,
        },
      },
      {
        extends: true,
        test: { name: 'conformance', include: ['tests/conformance/**/*.test.ts'], testTimeout: 60_000 },
      },
      { extends: true, test: { name: 'scripts', include: ['tests/{scripts,lint}/**/*.test.ts'], testTimeout: 90_000 } },
    ],
  },
});
