import { chmodSync, createWriteStream } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { cacheEntry, cacheFolder } from './cache-folder.ts';
import { lastLines, run } from './commands.ts';
import { goInstall } from './go-install.ts';
import { messageOf, StartError } from './problems.ts';
import { findOnPath, isExecutable } from './programs.ts';

/** The newest that `go install` can build; newer ones carry a `replace` directive. Holds server 1.29.1 and UI 2.42.1. */
export const TEMPORAL_CLI_VERSION = '1.5.1';
/** The oldest server that this was run against. */
const MIN_SERVER = [1, 29] as const;

/** Without a connection after this, the next source is tried. */
const CONNECT_TIMEOUT_MS = 4_000;
const DOWNLOAD_TIMEOUT_MS = 5 * 60_000;
const BUILD_TIMEOUT_MS = 15 * 60_000;

export interface AcquireOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** One line about what takes long. */
  readonly onNote: (line: string) => void;
  /** Where the official download is; only tests give another. */
  readonly downloadBase?: string;
}

/**
 * The path of a Temporal CLI that can run the dev server: from `TEMPORAL_CLI`, the PATH, the user's cache, the official
 * download, or built from source by Go, in this order.
 * @throws StartError when none of them works, saying what to install
 */
export async function acquireTemporalCli(options: AcquireOptions): Promise<string> {
  const chosen = options.env['TEMPORAL_CLI'];
  if (chosen !== undefined && chosen !== '') return checkedChoice(chosen, options.signal);

  const onPath = findOnPath('temporal', options.env);
  if (onPath !== undefined) {
    const complaint = await complaintAbout(onPath, options.signal);
    if (complaint === undefined) return onPath;
    options.onNote(`Not using ${onPath}: ${complaint}`);
  }
  const folder = await cacheEntry({
    cache: cacheFolder(options.env),
    name: `temporal-${TEMPORAL_CLI_VERSION}`,
    make: (target) => downloadOrBuild(target, options),
    timeoutMs: BUILD_TIMEOUT_MS,
    signal: options.signal,
    onWait: (pid) => options.onNote(`Process ${pid} is fetching the Temporal CLI; waiting for it.`),
  });
  return join(folder, 'temporal');
}

async function checkedChoice(path: string, signal: AbortSignal | undefined): Promise<string> {
  if (!isAbsolute(path) || !isExecutable(path)) {
    throw new StartError(`TEMPORAL_CLI is "${path}", which is not the absolute path of a program. Mend or unset it.`);
  }
  const complaint = await complaintAbout(path, signal);
  if (complaint !== undefined) throw new StartError(`TEMPORAL_CLI: ${complaint} Mend or unset it.`);
  return path;
}

/** What speaks against this program, or undefined when it is good. */
async function complaintAbout(path: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  const { code, output } = await run(path, { args: ['--version'], timeoutMs: 10_000, signal });
  const version = /\bServer (\d+)\.(\d+)/.exec(output);
  if (code !== 0 || version === null) return `"${path} --version" does not name a Temporal server.`;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  const good = major > MIN_SERVER[0] || (major === MIN_SERVER[0] && minor >= MIN_SERVER[1]);
  return good ? undefined : `its server ${major}.${minor} is older than ${MIN_SERVER.join('.')}.`;
}

async function downloadOrBuild(folder: string, options: AcquireOptions): Promise<void> {
  let problem: string;
  try {
    await download(folder, options);
    problem = (await complaintAbout(join(folder, 'temporal'), options.signal)) ?? '';
    if (problem === '') return;
  } catch (error) {
    options.signal?.throwIfAborted();
    problem = messageOf(error);
  }
  options.onNote(`Temporal's download cannot be had (${problem}).`);
  await build(folder, problem, options);
}

const PLATFORMS: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'darwin' };
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

async function download(folder: string, options: AcquireOptions): Promise<void> {
  const platform = PLATFORMS[process.platform];
  const architecture = ARCHITECTURES[process.arch];
  if (platform === undefined || architecture === undefined) {
    throw new Error(`there is none for ${process.platform} on ${process.arch}`);
  }
  const base = options.downloadBase ?? 'https://temporal.download/cli/archive';
  const url = `${base}/v${TEMPORAL_CLI_VERSION}?platform=${platform}&arch=${architecture}`;
  const connecting = new AbortController();
  const timer = setTimeout(
    () => connecting.abort(new Error(`no connection within ${CONNECT_TIMEOUT_MS / 1000} s`)),
    CONNECT_TIMEOUT_MS,
  );
  const limits = [connecting.signal, AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS)];
  const signal = AbortSignal.any(options.signal === undefined ? limits : [...limits, options.signal]);
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } finally {
    clearTimeout(timer);
  }
  if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status} from ${new URL(url).host}`);
  options.onNote(`Downloading the Temporal CLI ${TEMPORAL_CLI_VERSION}.`);
  const archive = join(folder, 'temporal.tar.gz');
  await pipeline(Readable.fromWeb(response.body), createWriteStream(archive), { signal });
  const { code, output } = await run('tar', {
    args: ['-xzf', archive, '-C', folder, 'temporal'],
    timeoutMs: 60_000,
    signal: options.signal,
  });
  if (code !== 0) throw new Error(`tar: ${lastLines(output, 1)}`);
}

async function build(folder: string, downloadProblem: string, options: AcquireOptions): Promise<void> {
  if (findOnPath('go', options.env) === undefined) {
    throw new StartError(
      `The Temporal CLI is missing: its download failed (${downloadProblem}) and there is no Go to build it. Install it (https://docs.temporal.io/cli) or Go 1.24 or newer, or set TEMPORAL_CLI.`,
    );
  }
  await goInstall({
    packages: [`github.com/temporalio/cli/cmd/temporal@v${TEMPORAL_CLI_VERSION}`],
    folder,
    what: `the Temporal CLI ${TEMPORAL_CLI_VERSION}`,
    remedy: 'Install it (https://docs.temporal.io/cli) or set TEMPORAL_CLI.',
    env: options.env,
    timeoutMs: BUILD_TIMEOUT_MS,
    signal: options.signal,
    onNote: options.onNote,
  });
  chmodSync(join(folder, 'temporal'), 0o755);
}
