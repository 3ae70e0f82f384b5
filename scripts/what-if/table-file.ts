import { open, writeFile } from 'node:fs/promises';
import { messageOf, StartError } from '../stack/problems.ts';

/**
 * Makes sure that a file can be written before hours of work depend on it: it is there afterwards, empty unless it was
 * there before.
 * @throws StartError
 */
export async function refuseUnwritable(file: string): Promise<void> {
  try {
    await (await open(file, 'a')).close();
  } catch (error) {
    throw new StartError(
      `--csv ${file} cannot be written: ${messageOf(error)}\nName a file in a folder that exists and that you may write to. Nothing was run.`,
    );
  }
}

/** @throws StartError */
export async function writeTable(file: string, table: string): Promise<void> {
  try {
    await writeFile(file, table);
  } catch (error) {
    throw new StartError(
      `The table could not be written to ${file}: ${messageOf(error)}\nWhat is printed above holds. Run it again with another --csv.`,
    );
  }
}
