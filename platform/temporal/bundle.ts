import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BundleOptions, bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import type { Logger } from '../logging.ts';
import { FAILURE_CONVERTER_PATH, modulePath } from './data-converter.ts';

/** What can get into a workflow bundle: any change there makes a new one. */
const SOURCES = ['workflows', 'contracts', 'services', 'platform/temporal', 'package.json'];
/** The SDK loads interceptors by path into the workflow sandbox. */
const RECORDER_PATH = modulePath('replay-recorder');
const GUARD_PATH = modulePath('typed-input-guard');
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * The bundle of all workflows, as workers, replay and tests run it.
 * @param cacheDir where bundles are kept by the hash of their sources, since making one takes seconds; none is kept without
 */
export async function workflowBundle(cacheDir: string | undefined, log: Logger): Promise<WorkflowBundleWithSourceMap> {
  if (cacheDir === undefined) return bundle(log, OF_WORKERS);
  const path = join(cacheDir, `workflows-${await hashOfSources()}.js`);
  if (existsSync(path)) return { code: await readFile(path, 'utf8'), sourceMap: '' };
  const made = await bundle(log, OF_WORKERS);
  await mkdir(cacheDir, { recursive: true });
  // Renamed into place, so that another process never reads half a bundle.
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, made.code);
  await rename(unfinished, path);
  return made;
}

/** Carries traces through the flows; does nothing where nothing is traced. */
const TRACING_PATH = sourcePath('workflows/support/tracing');
const OF_WORKERS = {
  failureConverterPath: FAILURE_CONVERTER_PATH,
  workflowInterceptorModules: [GUARD_PATH, TRACING_PATH],
};

/**
 * A bundle of its own for replay, whose workflows also tell what they are about to do.
 * @param recorderPath the module of interceptors through which they tell it
 */
export const replayBundle = (log: Logger, recorderPath = RECORDER_PATH): Promise<WorkflowBundleWithSourceMap> =>
  bundle(log, { workflowInterceptorModules: [GUARD_PATH, recorderPath] });

function bundle(log: Logger, options: Partial<BundleOptions>): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({
    workflowsPath: sourcePath('workflows/index'),
    ...options,
    logger: {
      log: (_level, message) => log.debug(message),
      trace: () => {},
      debug: () => {},
      info: (message) => log.debug(message),
      warn: (message) => log.warn(message),
      error: (message) => log.error(message),
    },
  });
}

/** The path of a module of ours, whether the project runs from its sources or compiled. */
function sourcePath(module: string): string {
  const path = join(ROOT, `${module}.ts`);
  return existsSync(path) ? path : join(ROOT, `${module}.js`);
}

async function hashOfSources(): Promise<string> {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    for (const file of await filesBelow(join(ROOT, source))) {
      hash.update(file.slice(ROOT.length)).update(await readFile(file));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

async function filesBelow(path: string): Promise<string[]> {
  if (/\.\w+$/.test(path)) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.[jt]s$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
