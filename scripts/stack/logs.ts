import { closeSync, existsSync, fstatSync, openSync, readSync, renameSync } from 'node:fs';

/** Earlier logs that are kept, of each role: `api.log.1` is the one of the start before. */
const LOGS_KEPT = 4;
const TAIL_BYTES = 64 * 1024;

/** Moves the log of the last start aside, and those before it further back. */
export function rotate(logFile: string): void {
  for (let age = LOGS_KEPT; age >= 1; age--) {
    const newer = age === 1 ? logFile : `${logFile}.${age - 1}`;
    if (existsSync(newer)) renameSync(newer, `${logFile}.${age}`);
  }
}

/** The last lines of a file, of its last 64 KiB at most. */
export function tailOf(file: string, lines: number): string {
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const length = Math.min(size, TAIL_BYTES);
    const buffer = Buffer.alloc(length);
    readSync(descriptor, buffer, 0, length, size - length);
    return buffer.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } finally {
    closeSync(descriptor);
  }
}
