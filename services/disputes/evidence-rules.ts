/** Which files can be handed in. Pure. */

export type ScanState = 'pending' | 'clean' | 'infected' | 'failed';
export const SCAN_STATES = ['pending', 'clean', 'infected', 'failed'] as const;

export const MAX_FILE_BYTES = 5 * 1024 * 1024;
/** Of one side of a dispute. */
export const MAX_FILES = 20;

type Bytes = Pick<Uint8Array, 'length' | 'subarray'>;

const startsWith = (bytes: Bytes, ...first: readonly number[]): boolean =>
  bytes.length >= first.length && first.every((byte, index) => bytes.subarray(index, index + 1)[0] === byte);

/** Text is UTF-8 without control characters but line breaks and tabs. */
function isText(bytes: Bytes): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes as Uint8Array);
    return !/(?![\n\r\t])\p{Cc}/u.test(text);
  } catch {
    return false;
  }
}

/** Each type that is taken, and whether bytes are what it says. Nothing that a browser would run is among them. */
export const FILE_TYPES: Readonly<Record<string, (bytes: Bytes) => boolean>> = {
  'image/jpeg': (bytes) => startsWith(bytes, 0xff, 0xd8, 0xff),
  'image/png': (bytes) => startsWith(bytes, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
  'application/pdf': (bytes) => startsWith(bytes, 0x25, 0x50, 0x44, 0x46, 0x2d),
  'text/plain': isText,
};

/** `text/plain; charset=utf-8` is `text/plain`. */
export const bareType = (contentType: string): string => (contentType.split(';')[0] ?? '').trim().toLowerCase();
