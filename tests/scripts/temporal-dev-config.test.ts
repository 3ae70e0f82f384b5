import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SEARCH_ATTRIBUTES } from '../../contracts/search-attributes.ts';
import { portsFor } from '../../platform/ports.ts';
import {
  loadTemporalDevConfig,
  parseTemporalDevConfig,
  SEARCH_ATTRIBUTE_TYPES,
} from '../../scripts/stack/temporal-dev-config.ts';
import { ROOT } from '../setup/test-stack.ts';

const PATH = join(ROOT, 'temporal-dev.yml');
const TEXT = readFileSync(PATH, 'utf8');

const lineOf = (text: string, part: string): number => text.slice(0, text.indexOf(part)).split('\n').length;

describe('temporal-dev.yml', () => {
  it('is understood', () => {
    expect(loadTemporalDevConfig(PATH)).toMatchObject({ namespace: 'default', dataFile: 'temporal.db' });
  });

  it('declares the very search attributes that workflows use', () => {
    const declared = Object.entries(loadTemporalDevConfig(PATH).searchAttributes);
    const normalised = (name: string, type: string): string => `${name}: ${type.replaceAll('_', '').toLowerCase()}`;
    expect(declared.map(([name, type]) => normalised(name, type)).sort()).toEqual(
      SEARCH_ATTRIBUTES.map(({ name, type }) => normalised(name, type)).sort(),
    );
  });

  it('has the ports that everybody else expects', () => {
    const { ports, ui } = loadTemporalDevConfig(PATH);
    const expected = portsFor(0);
    expect(ports).toEqual({ frontend: expected.temporal, ui: expected.temporalUi });
    expect(new URL(ui.codecEndpoint).port).toBe(String(expected.codec));
  });

  it.each([
    ['at the top', 'namespace: default', 'namspace: default', 'unknown key "namspace"'],
    ['further down', '  frontend: 7233', '  frontend: 7233\n  grpc: 7234', 'unknown key "ports.grpc"', '  grpc'],
    ['in the UI', '  enabled: true', '  enabled: true\n  theme: dark', 'unknown key "ui.theme"', '  theme'],
  ])('with an unknown key %s is refused, naming the line', (_where, from, to, message, marker = to) => {
    const text = TEXT.replace(from, to);
    expect(() => parseTemporalDevConfig(text, PATH)).toThrow(`${PATH}:${lineOf(text, marker)}: ${message}`);
  });

  it.each([
    ['a port that is none', '  ui: 8233', '  ui: 82330', '"ports.ui"'],
    ['a type that Temporal does not have', 'BuyerId: Keyword', 'BuyerId: keyword', '"searchAttributes.BuyerId"'],
    ['a data file outside the data folder', 'dataFile: temporal.db', 'dataFile: ../temporal.db', '"dataFile"'],
  ])('with %s is refused, naming the line', (_what, from, to, message) => {
    const text = TEXT.replace(from, to);
    expect(() => parseTemporalDevConfig(text, PATH)).toThrow(`${PATH}:${lineOf(text, to)}: ${message}`);
  });

  it('that is no YAML is refused, naming the line', () => {
    expect(() => parseTemporalDevConfig('namespace: default\nports: [7233\n', PATH)).toThrow(`${PATH}:3: `);
    expect(() => parseTemporalDevConfig('namespace: a\nnamespace: b\n', PATH)).toThrow(`${PATH}:2: `);
  });

  it('that is missing is told how to get it back', () => {
    expect(() => loadTemporalDevConfig('/nowhere/temporal-dev.yml')).toThrow(/is missing.*git checkout/);
  });

  it('knows every type that its comment names', () => {
    for (const type of SEARCH_ATTRIBUTE_TYPES) expect(TEXT).toContain(type);
  });
});
