/**
 * Something a person can mend: a taken port, a missing tool, a wrong line in a file. The message is all they are shown,
 * so it says what happened and what to do.
 */
export class StartError extends Error {
  override name = 'StartError';
}

/** The message of whatever was thrown, for texts. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The code of a system error, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
