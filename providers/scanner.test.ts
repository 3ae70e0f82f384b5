import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createClamdScanner } from './clamd-scanner.ts';
import { testTextScanner } from './scanner.ts';

const EICAR = Buffer.from(['X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR', 'STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('-'));

test('the test text is found wherever it stands, and nothing else', async () => {
  expect(await testTextScanner.scan(EICAR)).toBe('infected');
  expect(await testTextScanner.scan(Buffer.concat([Buffer.alloc(1_000), EICAR, Buffer.alloc(1_000)]))).toBe('infected');
  expect(await testTextScanner.scan(Buffer.from('a photograph'))).toBe('clean');
});

describe('clamd', () => {
  let server: Server | undefined;
  afterEach(() => new Promise<void>((done) => (server === undefined ? done() : server.close(() => done()))));

  /** Takes chunks as clamd does, and answers by what was in them; or says always the same. */
  async function clamd(always?: string): Promise<{ host: string; port: number; timeoutMs: number }> {
    server = createServer((socket) => {
      let got = Buffer.alloc(0);
      socket.on('error', () => {});
      socket.on('data', (data) => {
        got = Buffer.concat([got, data]);
        const text = streamIn(got);
        if (text === undefined || always === 'silence') return;
        socket.end(`${always ?? (text.includes(EICAR) ? 'stream: Eicar-Signature FOUND' : 'stream: OK')}\0`);
      });
    });
    await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
    return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, timeoutMs: 500 };
  }

  /** What was streamed, once it is all there. */
  function streamIn(got: Buffer): Buffer | undefined {
    const command = Buffer.from('zINSTREAM\0');
    if (!got.subarray(0, command.length).equals(command)) return undefined;
    const parts: Buffer[] = [];
    for (let at = command.length; at + 4 <= got.length; ) {
      const length = got.readUInt32BE(at);
      if (length === 0) return Buffer.concat(parts);
      if (at + 4 + length > got.length) return undefined;
      parts.push(got.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
    return undefined;
  }

  test('is given all of a file, and believed', async () => {
    const scanner = createClamdScanner(await clamd());
    expect(await scanner.scan(Buffer.alloc(2 * 1024 * 1024, 1))).toBe('clean');
    expect(await scanner.scan(Buffer.concat([Buffer.alloc(1_000_000), EICAR]))).toBe('infected');
    expect(await scanner.scan(Buffer.alloc(0))).toBe('clean');
  });

  test.each(['INSTREAM size limit exceeded. ERROR', 'stream: OK, perhaps', '', 'silence'])(
    'that answers %j has not said that it is clean',
    async (answer) => {
      await expect(createClamdScanner(await clamd(answer)).scan(Buffer.from('x'))).rejects.toThrow('virus scanner');
    },
  );

  test('that is not there has not said so either', async () => {
    const options = await clamd();
    await new Promise<void>((done) => server?.close(() => done()));
    server = undefined;
    await expect(createClamdScanner(options).scan(Buffer.from('x'))).rejects.toThrow();
  });
});
