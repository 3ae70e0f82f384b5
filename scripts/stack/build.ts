import { createHash } from 'node:crypto';
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { cacheEntry } from './cache-folder.ts';
import { lastLines, run } from './commands.ts';
import { keepNewest } from './keep-newest.ts';
import { StartError } from './problems.ts';

const COMPILE_TIMEOUT_MS = 2 * 60_000;
/** The newest ones are kept, so that going back and forth between branches stays quick. */
const BUILDS_KEPT = 3;
const BUILD_CONFIG = 'tsconfig.build.json';

/**
 * The folder with the roles compiled to JavaScript, by the hash of their sources: compiled only when they have changed.
 * Compiling as it is imported takes every role about a second at every start (docs/decisions/0032). Types are not
 * checked here: that is what `npm test` is for.
 * @throws StartError when a source cannot be compiled
 */
export async function buildRoles(root: string, signal: AbortSignal | undefined): Promise<string> {
  const builds = join(root, '.wellpact', 'builds');
  const folder = await cacheEntry({
    cache: builds,
    name: hashOfSources(root),
    make: (target) => compile(root, target, signal),
    timeoutMs: COMPILE_TIMEOUT_MS,
    signal,
  });
  keepNewest(builds, BUILDS_KEPT);
  return folder;
}

async function compile(root: string, target: string, signal: AbortSignal | undefined): Promise<void> {
  const { code, output } = await run(join(root, 'node_modules', '.bin', 'tsc'), {
    args: ['-p', BUILD_CONFIG, '--noCheck', '--outDir', target],
    cwd: root,
    timeoutMs: COMPILE_TIMEOUT_MS,
    signal,
  });
  if (code !== 0) throw new StartError(`The sources cannot be compiled:\n${lastLines(output, 10)}`);
  copyFileSync(join(root, 'package.json'), join(target, 'package.json'));
}

const configSchema = z.object({ include: z.array(z.string()) });

function hashOfSources(root: string): string {
  const config = readFileSync(join(root, BUILD_CONFIG), 'utf8');
  const hash = createHash('sha256').update(config);
  for (const name of ['package.json', 'package-lock.json', 'tsconfig.json']) {
    hash.update(readFileSync(join(root, name)));
  }
  for (const source of configSchema.parse(JSON.parse(config)).include) {
    const files = readdirSync(join(root, source), { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((name) => name.endsWith('.ts')).sort()) {
      const content = readFileSync(join(root, source, file));
      hash.update(`${source}/${file} ${content.length}\n`).update(content);
    }
  }
  return hash.digest('hex').slice(0, 32);
}
