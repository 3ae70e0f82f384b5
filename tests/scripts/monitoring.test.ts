/** Alerts and dashboards ask for figures that there are; each alert has its runbook, and fires when it should. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { METRICS, SDK_METRICS } from '../../platform/metrics-table.ts';
import { ROOT } from '../setup/test-stack.ts';

/** What each alert does with planted figures. */
const TRIALS = ['alerts/wellpact.test.yml', 'alerts/wellpact.long.test.yml'];

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const rulesSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          labels: z.object({ severity: z.enum(['page', 'ticket']) }),
          annotations: z.object({ summary: z.string(), description: z.string(), runbook_url: z.string() }),
        }),
      ),
    }),
  ),
});
const alerts = rulesSchema.parse(parse(read('ops/alerts/wellpact.yml'))).groups.flatMap(({ rules }) => rules);

const dashboardSchema = z.object({
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).min(1) })),
});
const dashboards = readdirSync(join(ROOT, 'ops/grafana')).filter((name) => name.endsWith('.json'));
const panels = dashboards.flatMap((name) => dashboardSchema.parse(JSON.parse(read(`ops/grafana/${name}`))).panels);

/** Of Node.js, as prom-client names them. */
const OF_NODE = ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds'];
const KNOWN = new Set([...Object.keys(METRICS), ...Object.keys(SDK_METRICS), ...OF_NODE]);

/** The figures that a query asks for, without what Prometheus adds to the names of histograms. */
function figuresIn(expr: string): string[] {
  const names = expr.match(/\b(?:wellpact|temporal|process|nodejs)_\w+/g) ?? [];
  return names.map((name) => (KNOWN.has(name) ? name : name.replace(/_(?:bucket|count|sum)$/, '')));
}

/** The labels that a query filters or groups by, of one of our figures. */
function labelsIn(expr: string, name: string): string[] {
  const filters = [...expr.matchAll(new RegExp(`${name}\\w*\\{([^}]*)\\}`, 'g'))].flatMap(([, filter]) => [
    ...(filter ?? '').matchAll(/(\w+)\s*[=!]/g),
  ]);
  return filters.map(([, label]) => label ?? '');
}

const queries = [
  ...alerts.map(({ alert, expr }) => [alert, expr] as const),
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
];

describe('every query', () => {
  test.each(queries)('%s asks for figures and labels that there are', (_name, expr) => {
    const figures = figuresIn(expr);
    expect(figures.length).toBeGreaterThan(0);
    expect(figures.filter((name) => !KNOWN.has(name))).toEqual([]);
    for (const name of figures) {
      if (!(name in METRICS)) continue;
      const allowed: readonly string[] = [...METRICS[name as keyof typeof METRICS].labels, 'role'];
      expect(labelsIn(expr, name).filter((label) => !allowed.includes(label))).toEqual([]);
    }
  });
});

test('every figure of ours, and of the SDK, is shown or watched', () => {
  const asked = new Set(queries.flatMap(([, expr]) => figuresIn(expr)));
  expect([...Object.keys(METRICS), ...Object.keys(SDK_METRICS)].filter((name) => !asked.has(name))).toEqual([]);
});

describe('every alert', () => {
  const runbook = read('docs/how-to/alerts.md');
  const sections = new Map(
    runbook
      .split(/^## /m)
      .slice(1)
      .map((section) => [section.split('\n', 1)[0] ?? '', section]),
  );

  test.each(alerts)('$alert has its section of the runbook', ({ alert, annotations }) => {
    expect(annotations.runbook_url).toBe(`docs/how-to/alerts.md#${alert.toLowerCase()}`);
    const section = sections.get(alert) ?? '';
    for (const part of ['**Means:**', '**Look:**', '**Do:**']) expect(section).toContain(part);
  });

  test('no section is left of one that is gone', () => {
    expect([...sections.keys()].toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted());
  });

  test('is tried out both ways', () => {
    const schema = z.object({ tests: z.array(z.object({ name: z.string() })) });
    const tried = TRIALS.flatMap((file) => schema.parse(parse(read(`ops/${file}`))).tests.map(({ name }) => name));
    const names = alerts.flatMap(({ alert }) => [`${alert} fires`, `${alert} is quiet`]);
    expect(tried.toSorted()).toEqual(names.toSorted());
  });
});

const PROMTOOL = process.env['PROMTOOL'] ?? 'promtool';
const hasPromtool = spawnSync(PROMTOOL, ['--version']).status === 0;
if (!hasPromtool)
  console.warn('skipped: promtool is not there (Debian: apt-get install prometheus), so no alert is tried out');

describe.skipIf(!hasPromtool)('promtool', () => {
  const promtool = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(PROMTOOL, args, { cwd: join(ROOT, 'ops'), encoding: 'utf8' });
    return { status, output: stdout + stderr };
  };

  test('takes the configuration and the rules', () => {
    expect(promtool('check', 'config', 'prometheus.yml')).toMatchObject({ status: 0 });
  });

  test('sees each alert fire when it should, and be quiet when it should', () => {
    expect(promtool('test', 'rules', ...TRIALS)).toMatchObject({ status: 0 });
  });
});
