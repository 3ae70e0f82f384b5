/** Runs `npm ci` in `root` unless what is installed is what the lock says. */
export function ensureInstalled(options: {
  root: string;
  signal: AbortSignal;
  say: (line: string) => void;
}): Promise<void>;
