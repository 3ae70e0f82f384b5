import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheEntry } from '../../scripts/stack/cache-folder.ts';
import { findOnPath } from '../../scripts/stack/programs.ts';
import { acquireTemporalCli, TEMPORAL_CLI_VERSION } from '../../scripts/stack/temporal-cli.ts';
import { temporaryFolder } from '../setup/run-folder.ts';

/** A program that says what the Temporal CLI says of itself. */
const cli = (server: string): string => `#!/bin/sh\necho "temporal version 1.5.1 (Server ${server}, UI 2.42.1)"\n`;

describe('the Temporal CLI', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let notes: string[];
  let downloads: Server | undefined;

  beforeEach(() => {
    folder = temporaryFolder('temporal cli');
    notes = [];
  });
  afterEach(async () => {
    const server = downloads;
    downloads = undefined;
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
    folder.remove();
  });

  it('is the one that TEMPORAL_CLI names', async () => {
    const chosen = program('chosen', 'my temporal', cli('1.30.0'));
    expect(await acquire({ TEMPORAL_CLI: chosen })).toBe(chosen);
  });

  it('named by TEMPORAL_CLI but missing is an error', async () => {
    await expect(acquire({ TEMPORAL_CLI: '/nowhere/temporal' })).rejects.toThrow(/^TEMPORAL_CLI is .* unset it\.$/);
  });

  it('named by TEMPORAL_CLI but too old is an error', async () => {
    const chosen = program('chosen', 'temporal', cli('1.28.9'));
    await expect(acquire({ TEMPORAL_CLI: chosen })).rejects.toThrow(/server 1\.28 is older than 1\.29/);
  });

  it('is the one on the PATH, if it is new enough', async () => {
    const good = program('new', 'temporal', cli('1.29.0'));
    expect(await acquire({ PATH: `${join(folder.path, 'new')}:${process.env['PATH']}` })).toBe(good);
  });

  it('on the PATH is passed over when it is too old', async () => {
    program('old', 'temporal', cli('1.20.0'));
    const cached = program(`cache/wellpact/temporal-${TEMPORAL_CLI_VERSION}`, 'temporal', cli('1.29.1'));
    expect(await acquire({ PATH: `${join(folder.path, 'old')}:${process.env['PATH']}` })).toBe(cached);
    expect(notes[0]).toMatch(/^Not using .*older than 1\.29/);
  });

  it('is downloaded into the cache once', async () => {
    const base = await serveArchive(cli('1.29.1'));
    const expected = join(folder.path, 'cache', 'wellpact', `temporal-${TEMPORAL_CLI_VERSION}`, 'temporal');
    expect(await acquire({}, base)).toBe(expected);
    expect(readFileSync(expected, 'utf8')).toBe(cli('1.29.1'));
    await new Promise((resolve) => downloads?.close(resolve));
    expect(await acquire({}, base)).toBe(expected);
  });

  it('is downloaded once when two clones need it at the same time', async () => {
    const base = await serveArchive(cli('1.29.1'));
    const [one, other] = await Promise.all([acquire({}, base), acquire({}, base)]);
    expect(one).toBe(other);
    expect(notes.filter((note) => note.startsWith('Downloading'))).toHaveLength(1);
    expect(readdirSync(join(folder.path, 'cache', 'wellpact'))).toEqual([`temporal-${TEMPORAL_CLI_VERSION}`]);
  });

  it('is built by Go when it cannot be downloaded', async () => {
    // What stands for Go does what "go install" promises: a program in GOBIN.
    program('bin', 'go', `#!/bin/sh\n[ "$1" = install ] && printf '#!/bin/sh\\n' > "$GOBIN/temporal"\n`);
    const path = await acquire({ GOOS: 'plan9', GOFLAGS: '-mod=vendor' }, 'http://127.0.0.1:1');
    expect(existsSync(path)).toBe(true);
    expect(notes.join('\n')).toMatch(/cannot be had[\s\S]*Building/);
  });

  it('that cannot be had in any way is one clear line, and leaves nothing in the cache', async () => {
    const refusal = acquire({}, 'http://127.0.0.1:1');
    await expect(refusal).rejects.toThrow(
      /^The Temporal CLI is missing: .*Install it .* or Go .*, or set TEMPORAL_CLI\.$/,
    );
    expect(readdirSync(join(folder.path, 'cache', 'wellpact'))).toEqual([]);
  });

  it('is not taken from a download that is broken', async () => {
    const base = await serve((_request, response) => response.end('not an archive'));
    await expect(acquire({}, base)).rejects.toThrow('The Temporal CLI is missing');
    expect(readdirSync(join(folder.path, 'cache', 'wellpact'))).toEqual([]);
  });

  it('stops being fetched when it is interrupted', async () => {
    const base = await serve((_request, response) => {
      // It begins to answer and then falls silent.
      response.writeHead(200).flushHeaders();
    });
    const interruption = new AbortController();
    const acquiring = acquire({}, base, interruption.signal);
    setTimeout(() => interruption.abort(new Error('Ctrl-C')), 200);
    await expect(acquiring).rejects.toThrow('Ctrl-C');
    downloads?.closeAllConnections();
    expect(readdirSync(join(folder.path, 'cache', 'wellpact'))).toEqual([]);
  });

  function acquire(env: Record<string, string>, downloadBase = 'http://127.0.0.1:1', signal?: AbortSignal) {
    return acquireTemporalCli({
      // Neither a temporal nor a Go of this machine, but tar and a shell.
      env: { PATH: join(folder.path, 'bin'), XDG_CACHE_HOME: join(folder.path, 'cache'), ...env },
      onNote: (line) => notes.push(line),
      downloadBase,
      signal,
    });
  }

  function program(where: string, name: string, text: string): string {
    const path = join(folder.path, where, name);
    mkdirSync(join(folder.path, where), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, 0o755);
    return path;
  }

  function serveArchive(text: string): Promise<string> {
    program('archive', 'temporal', text);
    const archive = execFileSync('tar', ['-czf', '-', '-C', join(folder.path, 'archive'), 'temporal']);
    return serve((_request, response) => response.end(archive));
  }

  async function serve(answer: Parameters<typeof createServer>[1]): Promise<string> {
    const server = createServer(answer);
    downloads = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
});

describe('the cache', () => {
  it('never shows half an entry', async () => {
    const folder = temporaryFolder('cache');
    const failing = cacheEntry({
      cache: folder.path,
      name: 'thing-1',
      make: async (target) => {
        writeFileSync(join(target, 'half'), '');
        throw new Error('power cut');
      },
      timeoutMs: 1_000,
    });
    await expect(failing).rejects.toThrow('power cut');
    expect(readdirSync(folder.path)).toEqual([]);
    folder.remove();
  });

  it('finds programs only in absolute folders of the PATH', () => {
    expect(findOnPath('sh', { PATH: '.:bin:/bin' })).toBe('/bin/sh');
    expect(findOnPath('no-such-program', { PATH: '/bin' })).toBeUndefined();
  });
});
