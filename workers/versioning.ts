/** Which build a worker says it is, so that Temporal gives work to the builds that operators have chosen. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { WorkerOptions } from '@temporalio/worker';
import { DEPLOYMENT_NAME } from '../platform/temporal/deployments.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

/**
 * @param wanted `WELLPACT_BUILD_ID`; `auto` is the commit of the sources, where it is known, and a hash of the bundle
 * @returns undefined for a worker without versions
 */
export async function buildIdOf(wanted: string | undefined, bundle: { code: string }): Promise<string | undefined> {
  if (wanted !== 'auto') return wanted;
  const hash = createHash('sha256').update(bundle.code).digest('hex').slice(0, 12);
  const commit = await commitOfSources();
  return commit === undefined ? hash : `${commit}-${hash}`;
}

/** Undefined where there is no repository, as in an image. */
async function commitOfSources(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: FOLDER });
    return stdout.trim();
  } catch {
    return undefined;
  }
}

/**
 * Open workflows go on with the current build, whichever they were begun with: `patched` and replay see to it that they
 * can. Pinned to theirs, they would be stranded when the last worker of it is gone.
 */
export const versioned = (buildId: string | undefined): Partial<WorkerOptions> =>
  buildId === undefined
    ? {}
    : {
        workerDeploymentOptions: {
          version: { deploymentName: DEPLOYMENT_NAME, buildId },
          useWorkerVersioning: true,
          defaultVersioningBehavior: 'AUTO_UPGRADE',
        },
      };
