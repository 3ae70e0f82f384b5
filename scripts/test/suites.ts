/** Which suites there are, and when they run. A suite is some of the projects of vitest.config.ts. */
export interface Suite {
  readonly name: string;
  /** Projects of vitest.config.ts. */
  readonly projects: readonly string[];
  /** The version of Node.js that runs it, and all that it starts; that of this process unless told. */
  readonly node?: string;
}

/** What `npm test` runs. */
export const FIRST_SUITE: Suite = {
  name: 'tests',
  projects: ['unit', 'replay', 'conformance', 'integration', 'scenarios'],
};

/**
 * Projects that are run by hand: `npm run random-paths` and `npm run plant`, or by their name. They take minutes of a quiet
 * machine, which a change does not always have.
 */
export const ON_DEMAND: readonly string[] = ['random-paths', 'plant'];

/** What `npm run test:full` runs after it. */
export const LATER_SUITES: readonly Suite[] = [
  { name: 'security, traces and scripts', projects: ['security', 'traces', 'scripts'] },
  { name: 'faults', projects: ['faults'] },
  // Skipped where there is no Chromium.
  { name: 'browser', projects: ['browser'] },
  // Temporal on PostgreSQL: its server is built by Go once for each user.
  { name: 'outside services', projects: ['outside'] },
  { name: 'deploys and long histories', projects: ['deploys', 'afresh'] },
  { name: 'pages that are followed', projects: ['docs'] },
  // The rules, the recorded histories, and a whole stack in which purchases go through: another Node.js changes no more.
  { name: 'Node.js 24', node: '24.9.0', projects: ['unit', 'replay', 'traces'] },
];
