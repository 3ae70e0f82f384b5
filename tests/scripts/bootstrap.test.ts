import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { complaintAboutNode } from '../../scripts/bootstrap/begin.mjs';
import { ensureInstalled } from '../../scripts/bootstrap/install.mjs';
import { temporaryFolder } from '../setup/run-folder.ts';

describe('the version of Node', () => {
  it.each(['20.20.0', '20.21.3', '22.0.0', '24.1.0'])('%s is good for >=20.20', (version) => {
    expect(complaintAboutNode('>=20.20', version)).toBeUndefined();
  });

  it.each(['20.19.9', '18.20.4', '9.11.2'])('%s is too old for >=20.20, and is told so in one line', (version) => {
    const complaint = complaintAboutNode('>=20.20', version);
    expect(complaint).toContain(`this is Node ${version}`);
    expect(complaint).toContain('Node 20.20 or newer');
    expect(complaint).not.toContain('\n');
  });
});

describe('installing', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let said: string[];
  const install = (signal = new AbortController().signal): Promise<void> =>
    ensureInstalled({ root: folder.path, signal, say: (line) => said.push(line) });

  beforeEach(() => {
    folder = temporaryFolder('a clone with spaces');
    said = [];
    // A clone whose only dependency lies beside it: npm does all it does, but downloads nothing.
    mkdirSync(join(folder.path, 'balm'));
    writeFileSync(join(folder.path, 'balm', 'package.json'), JSON.stringify({ name: 'balm', version: '1.0.0' }));
    writeManifest('1.0.0');
  });
  afterEach(() => folder.remove());

  it('happens once, and again when the lock changes', async () => {
    await install();
    expect(said).toHaveLength(2);
    expect(said[0]).toContain('npm ci');
    await install();
    expect(said).toHaveLength(2);
    writeManifest('1.0.1');
    await install();
    expect(said).toHaveLength(4);
  });

  it('happens again when node_modules is gone', async () => {
    await install();
    rmSync(join(folder.path, 'node_modules'), { recursive: true });
    await install();
    expect(said).toHaveLength(4);
  });

  it('is repeated after it was interrupted', async () => {
    mkdirSync(join(folder.path, 'node_modules'));
    const interruption = new AbortController();
    const interrupted = install(interruption.signal);
    interruption.abort(new Error('Ctrl-C'));
    await expect(interrupted).rejects.toThrow('Ctrl-C');
    said = [];
    await install();
    expect(said[0]).toContain('npm ci');
  });

  it('happens once when two ask at the same time', async () => {
    await Promise.all([install(), install()]);
    expect(said.filter((line) => line.startsWith('Packages installed'))).toHaveLength(1);
    expect(existsSync(join(folder.path, '.wellpact', 'install.lock'))).toBe(false);
  });

  it('says what to do when it fails', async () => {
    writeFileSync(join(folder.path, 'package-lock.json'), JSON.stringify({ name: 'clone', lockfileVersion: 3 }));
    await expect(install()).rejects.toThrow(/npm ci failed with exit code 1.*try again/);
  });

  function writeManifest(version: string): void {
    const own = { name: 'clone', version, dependencies: { balm: 'file:balm' } };
    const packages = {
      '': own,
      balm: { version: '1.0.0' },
      'node_modules/balm': { resolved: 'balm', link: true },
    };
    writeFileSync(join(folder.path, 'package.json'), JSON.stringify(own));
    writeFileSync(
      join(folder.path, 'package-lock.json'),
      JSON.stringify({ name: 'clone', version, lockfileVersion: 3, requires: true, packages }),
    );
  }
});
