import { expect, test } from 'vitest';
import { FIRST_SUITE, LATER_SUITES, ON_DEMAND } from '../../scripts/test/suites.ts';
import config from '../../vitest.config.ts';

test('every project of vitest.config.ts runs once, in one suite, or on demand', () => {
  const projects = (config.test?.projects ?? []).map((project) =>
    typeof project === 'object' && 'test' in project ? project.test?.name : undefined,
  );
  expect(projects).not.toContain(undefined);
  const suites = [FIRST_SUITE, ...LATER_SUITES.filter(({ node }) => node === undefined)];
  const run = [...suites.flatMap((suite) => suite.projects), ...ON_DEMAND];
  expect(new Set(run)).toEqual(new Set(projects));
  expect(run).toHaveLength(projects.length);
});
