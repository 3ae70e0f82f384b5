import { connect } from 'node:net';
import type { Scanner } from './scanner.ts';

export interface ClamdOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
}

/** What clamd answers is one short line. */
const MAX_ANSWER_BYTES = 4_096;

/**
 * Has ClamAV's daemon look at a file, over TCP: INSTREAM, of https://docs.clamav.net/manual/Usage/Scanning.html#clamd. Its
 * StreamMaxLength has to be as large as the largest file that is taken.
 */
export const createClamdScanner = ({ host, port, timeoutMs }: ClamdOptions): Scanner => ({
  scan: async (bytes) => verdictOf(await askClamd({ host, port, timeoutMs }, bytes)),
});

function askClamd({ host, port, timeoutMs }: ClamdOptions, bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const timer = setTimeout(() => socket.destroy(new Error('the virus scanner did not answer in time')), timeoutMs);
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (answer.length > MAX_ANSWER_BYTES) socket.destroy(new Error('the virus scanner answers without end'));
    });
    socket.once('error', reject);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(answer);
    });
    socket.once('connect', () => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      // One chunk, and one of no length, which is the end.
      const chunk = bytes.length === 0 ? [] : [length, bytes];
      socket.write(Buffer.concat([Buffer.from('zINSTREAM\0'), ...chunk, Buffer.alloc(4)]));
    });
  });
}

/** @throws Error when clamd could not say */
function verdictOf(answer: string): 'clean' | 'infected' {
  const text = answer.replaceAll('\0', '').trim();
  if (text === 'stream: OK') return 'clean';
  if (/^stream: .+ FOUND$/.test(text)) return 'infected';
  throw new Error('the virus scanner could not say');
}
