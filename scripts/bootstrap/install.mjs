import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitForLock } from './file-lock.mjs';

const INSTALL_TIMEOUT_MS = 15 * 60_000;

/**
 * Runs `npm ci` unless what is installed is what the lock says.
 * @param {{ root: string, signal: AbortSignal, say: (line: string) => void }} options
 */
export async function ensureInstalled({ root, signal, say }) {
  if (isInstalled(root)) return;
  const lock = await waitForLock(join(root, '.wellpact', 'install.lock'), {
    timeoutMs: INSTALL_TIMEOUT_MS,
    signal,
    onWait: (pid) => say(`Process ${pid} is installing the packages of this clone; waiting for it …`),
  });
  try {
    if (isInstalled(root)) return;
    const started = performance.now();
    say('Installing the packages (npm ci) …');
    await runNpmCi(root, signal);
    // The last thing that happens: whatever interrupts the installation leaves no stamp, so that it is repeated.
    writeFileSync(stampPath(root), fingerprint(root));
    say(`Packages installed (${((performance.now() - started) / 1000).toFixed(1)} s).`);
  } finally {
    lock.release();
  }
}

const stampPath = (root) => join(root, 'node_modules', '.wellpact-installed');

function isInstalled(root) {
  return existsSync(stampPath(root)) && readFileSync(stampPath(root), 'utf8') === fingerprint(root);
}

/** What of package.json decides what is installed; the rest, such as scripts, may change without an installation. */
const INSTALLED_BY = ['dependencies', 'devDependencies', 'optionalDependencies', 'overrides', 'allowScripts'];

/** What an installation depends on: the lock, what may run scripts, and what native modules are built for. */
function fingerprint(root) {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  hash.update(JSON.stringify(INSTALLED_BY.map((name) => manifest[name])));
  hash.update(`${process.platform} ${process.arch} ${process.versions.modules}`);
  return `${hash.digest('hex')}\n`;
}

/** Its own process group, so that stopping it stops the scripts it runs too. */
function runNpmCi(root, signal) {
  signal.throwIfAborted();
  const npmCli = process.env.npm_execpath?.endsWith('.js') ? process.env.npm_execpath : undefined;
  const [command, args] = npmCli === undefined ? ['npm', ['ci']] : [process.execPath, [npmCli, 'ci']];
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args, '--include=dev', '--no-fund', '--no-audit'], {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const stop = () => killGroup(child.pid);
    signal.addEventListener('abort', stop, { once: true });
    child.once('error', (error) =>
      reject(new Error(error.code === 'ENOENT' ? 'npm was not found. Install it; it comes with Node.' : error.message)),
    );
    child.once('close', (code) => {
      signal.removeEventListener('abort', stop);
      if (signal.aborted) reject(signal.reason);
      else if (code === 0) resolve();
      else reject(new Error(`npm ci failed with exit code ${code}: see above. Mend what it names, then try again.`));
    });
  });
}

function killGroup(pid) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // It ended by itself at this very moment.
    if (error.code !== 'ESRCH') throw error;
  }
}
