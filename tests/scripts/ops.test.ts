/** What lies in ops/ names what is there: a container engine would only tell an operator. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { SETTINGS } from '../../platform/config.ts';
import { findOnPath } from '../../scripts/stack/programs.ts';
import { TEMPORAL_SERVER_VERSION } from '../../scripts/stack/temporal-programs.ts';
import { ROOT } from '../setup/test-stack.ts';

const OPS = join(ROOT, 'ops');
const read = (path: string): string => readFileSync(join(OPS, path), 'utf8');
const FILES = readdirSync(OPS, { recursive: true, encoding: 'utf8' }).filter((file) =>
  /file$|\.(ya?ml|sh)$/.test(file),
);

interface Compose {
  readonly services: Readonly<
    Record<string, { readonly image: string; readonly environment?: Readonly<Record<string, string>> }>
  >;
}
const compose = parse(read('compose/compose.yml'), { merge: true }) as Compose;
const isSetting = (name: string): boolean => name in SETTINGS;

test('every entry that is started is one', () => {
  const entries = FILES.flatMap((file) => [...read(file).matchAll(/dist\/([\w/-]+)\.js/g)].map(([, entry]) => entry));
  expect(entries.length).toBeGreaterThan(8);
  for (const entry of new Set(entries)) expect([entry, existsSync(join(ROOT, `${entry}.ts`))]).toEqual([entry, true]);
});

test('compose gives each process all settings that have no default, and none that is not one', () => {
  const example = [...read('compose/settings.example').matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name ?? '');
  expect(example.filter((name) => !isSetting(name))).toEqual([]);
  for (const role of ['api', 'worker', 'relay']) {
    const environment = compose.services[role]?.environment ?? {};
    const unknown = Object.keys(environment).filter((name) => !isSetting(name) && name !== 'HEALTH_URL');
    expect([role, unknown]).toEqual([role, []]);
    const given = new Set([...example, ...Object.keys(environment)]);
    const needed = Object.entries(SETTINGS).filter(
      ([, setting]) => !('default' in setting) && !setting.schema.safeParse(undefined).success,
    );
    expect([role, needed.map(([name]) => name).filter((name) => !given.has(name))]).toEqual([role, []]);
  }
});

test('compose makes addresses of passwords that its example names, and gives no process more than its own', () => {
  const passwords = [...read('compose/passwords.example').matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
  const used = [...read('compose/compose.yml').matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name);
  expect(used.filter((name) => name !== 'TEMPORAL_ADMIN_TOOLS_TAG' && !passwords.includes(name))).toEqual([]);
  for (const role of ['api', 'worker', 'relay']) {
    const values = JSON.stringify(compose.services[role]?.environment);
    expect(values).not.toMatch(/POSTGRES_PASSWORD|OWNER_PASSWORD|TEMPORAL_PASSWORD/);
  }
});

test('compose runs the Temporal that the tests run', () => {
  expect(compose.services['temporal']?.image).toBe(`temporalio/server:${TEMPORAL_SERVER_VERSION}`);
});

test('workers are given no version where one build replaces the other, and no image is whatever is newest', () => {
  // A versioned build gets no work before it is made current, and here the one of before is gone by then.
  for (const { environment } of Object.values(compose.services))
    expect(environment ?? {}).not.toHaveProperty('WELLPACT_BUILD_ID');
  const [worker] = parseAllDocuments(read('kubernetes/worker.yaml')).map((document) => document.toJSON());
  expect(worker.spec.strategy).toEqual({ type: 'Recreate' });
  expect(JSON.stringify(worker.spec.template)).not.toContain('WELLPACT_BUILD_ID');
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const tags = [
    /^WELLPACT_TAG=(.*)$/m.exec(read('compose/passwords.example'))?.[1],
    /newTag: "(.*)"/.exec(read('kubernetes/kustomization.yaml'))?.[1],
    /image: wellpact:(.*)/.exec(read('kubernetes/migrate.yaml'))?.[1],
  ];
  expect(tags).toEqual([version, version, version]);
  for (const file of FILES) expect([file, /image:.*latest|newTag:.*latest/.test(read(file))]).toEqual([file, false]);
});

test('the image holds each folder that the processes read where they are started', () => {
  const lastStage =
    read('Containerfile')
      .split(/^FROM /m)
      .at(-1) ?? '';
  for (const folder of ['console', 'services/transactions/policy.yml']) expect(lastStage).toContain(`COPY ${folder} `);
});

test('every manifest is one', () => {
  const files = readdirSync(join(OPS, 'kubernetes'));
  for (const file of files) {
    for (const document of parseAllDocuments(read(`kubernetes/${file}`))) {
      expect([file, document.errors]).toEqual([file, []]);
      expect(document.toJSON()).toMatchObject({ apiVersion: expect.any(String), kind: expect.any(String) });
    }
  }
});

test.skipIf(findOnPath('kubectl', process.env) === undefined)('the manifests render to one whole', () => {
  const rendered = execFileSync('kubectl', ['kustomize', join(OPS, 'kubernetes')], { encoding: 'utf8' });
  const kinds = parseAllDocuments(rendered).map((document) => String(document.get('kind')));
  const ofEach = (kind: string): string[] => [kind, kind, kind];
  expect(kinds.toSorted()).toEqual([...ofEach('Deployment'), ...ofEach('PodDisruptionBudget'), 'Service']);
});
