import { join } from 'node:path';
import { arch, platform } from 'node:process';
import { cacheEntry, cacheFolder } from '../stack/cache-folder.ts';
import { lastLines, run } from '../stack/commands.ts';
import { StartError } from '../stack/problems.ts';

const INSTALL_TIMEOUT_MS = 5 * 60_000;

/**
 * The program of another version of Node.js, from the package of npm that carries it; kept in the user's cache.
 * @returns the path of `node`
 * @throws StartError when npm cannot fetch it, or has none for this machine
 */
export async function otherNode(version: string, signal: AbortSignal): Promise<string> {
  const packageName = `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
  const folder = await cacheEntry({
    cache: cacheFolder(),
    name: `node-${version}`,
    timeoutMs: INSTALL_TIMEOUT_MS,
    signal,
    make: async (target) => {
      const args = ['install', '--prefix', target, '--no-save', '--ignore-scripts', `${packageName}@${version}`];
      const { code, output } = await run('npm', { args, cwd: target, timeoutMs: INSTALL_TIMEOUT_MS, signal });
      if (code !== 0) throw new StartError(`npm could not fetch ${packageName} ${version}: ${lastLines(output, 3)}`);
    },
  });
  return join(folder, 'node_modules', packageName, 'bin', 'node');
}
