import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/**
 * The Chromium that is installed on this machine; undefined when there is none.
 * @throws Error when `CHROMIUM` names a program that cannot be run
 */
export function browserProgram(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const { CHROMIUM } = env;
  if (CHROMIUM) {
    if (!isProgram(CHROMIUM)) throw new Error(`CHROMIUM=${CHROMIUM} is no program that can be run.`);
    return CHROMIUM;
  }
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
