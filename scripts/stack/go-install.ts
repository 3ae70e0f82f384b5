import { lastLines, run } from './commands.ts';
import { StartError } from './problems.ts';
import { findOnPath } from './programs.ts';

export interface GoInstall {
  /** Packages of one module at one version, `path@version` each. */
  readonly packages: readonly string[];
  /** Where the programs go, each under the last part of its package's path. */
  readonly folder: string;
  /** What is built, in words: "the Temporal CLI 1.5.1". */
  readonly what: string;
  /** The end of every complaint: what else can be done. */
  readonly remedy: string;
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** One line about what takes long. */
  readonly onNote: (line: string) => void;
}

/**
 * Builds programs from source. Go checks the sources against its checksum database.
 * @throws StartError when there is no Go or it fails
 */
export async function goInstall(options: GoInstall): Promise<void> {
  const { env, folder, packages, remedy, what } = options;
  const go = findOnPath('go', env);
  if (go === undefined) throw new StartError(`There is no Go to build ${what}. ${remedy}`);
  options.onNote(`Building ${what} with Go, once for this user; this takes minutes.`);
  const { code, output } = await run(go, {
    args: ['install', '-ldflags=-s -w', ...packages],
    cwd: folder,
    env: {
      ...env,
      GOBIN: folder,
      // Somebody's settings for their own projects (vendoring, cross-compiling, a workspace) would break this build.
      // The server is pure Go: without cgo it needs no C compiler.
      GOFLAGS: '-mod=mod',
      GOOS: '',
      GOARCH: '',
      GOWORK: 'off',
      GO111MODULE: 'on',
      CGO_ENABLED: '0',
    },
    timeoutMs: options.timeoutMs,
    signal: options.signal,
  });
  if (code !== 0) throw new StartError(`Go could not build ${what}: ${lastLines(output, 3)}\n${remedy}`);
}
