/** Mail by way of a server that wants TLS and a password, and by one that somebody has taken TLS away from. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createSmtpSender, type EmailSender } from '../../providers/email.ts';
import { type Authority, makeAuthority, type Pair, read } from '../helpers/tls.ts';
import { temporaryFolder } from '../setup/run-folder.ts';

const PASSWORD = 'p@ss/word';

let folder: ReturnType<typeof temporaryFolder>;
let ours: Authority;
let certificate: Pair;
beforeAll(() => {
  folder = temporaryFolder('mail');
  ours = makeAuthority(folder.path, 'ours');
  certificate = ours.issue('localhost');
});
afterAll(() => folder.remove());

let server: SMTPServer | undefined;
let sender: EmailSender | undefined;
afterEach(async () => {
  sender?.close();
  await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(resolve)));
  server = undefined;
});

/** Of each mail that was taken: whether it came encrypted, and from whom. */
const taken: { secure: boolean; user: string | undefined }[] = [];

async function listening(options: SMTPServerOptions): Promise<number> {
  taken.length = 0;
  server = new SMTPServer({
    ...read(certificate),
    ...options,
    onAuth: ({ username, password }, _session, callback) =>
      password === PASSWORD ? callback(null, { user: username }) : callback(new Error('wrong')),
    onData: (stream, session, callback) => {
      stream.resume().on('end', () => {
        taken.push({ secure: session.secure, user: session.user });
        callback();
      });
    },
  });
  server.on('error', () => undefined);
  const listener = server.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return (listener.address() as AddressInfo).port;
}

/** An authority of one's own comes from NODE_EXTRA_CA_CERTS; within one process, from the address. */
const trusting = ({ cert }: Authority): string => `tls.ca=${encodeURIComponent(readFileSync(cert, 'utf8'))}`;

function send(url: string): Promise<'sent' | 'refused'> {
  sender = createSmtpSender({ url, from: 'Wellpact <no-reply@wellpact.test>' });
  return sender.send({ to: 'somebody@wellpact.test', subject: 'A subject', text: 'A text', id: '1' });
}

const login = (password: string): string => `relay:${encodeURIComponent(password)}`;

test('smtps:// sends encrypted, under a name and a password', async () => {
  const port = await listening({ secure: true });
  expect(await send(`smtps://${login(PASSWORD)}@localhost:${port}?${trusting(ours)}`)).toBe('sent');
  expect(taken).toEqual([{ secure: true, user: 'relay' }]);
});

test('a wrong password is a failure that does not tell it', async () => {
  const port = await listening({ secure: true });
  const sending = send(`smtps://${login('not-this-one')}@localhost:${port}?${trusting(ours)}`);
  await expect(sending).rejects.toThrow(/^the mail was not taken \(EAUTH \d+\)$/);
});

test('a server whose certificate nobody we trust has signed gets nothing', async () => {
  const port = await listening({ secure: true });
  await expect(send(`smtps://${login(PASSWORD)}@localhost:${port}`)).rejects.toThrow('the mail was not taken');
  expect(taken).toEqual([]);
});

test('with requireTLS a server that offers STARTTLS gets it encrypted', async () => {
  const port = await listening({});
  expect(await send(`smtp://${login(PASSWORD)}@localhost:${port}?requireTLS=true&${trusting(ours)}`)).toBe('sent');
  expect(taken).toEqual([{ secure: true, user: 'relay' }]);
});

test('with requireTLS a server that does not offer it gets nothing, not even the password', async () => {
  const port = await listening({ hideSTARTTLS: true, disabledCommands: ['STARTTLS'], allowInsecureAuth: true });
  const sending = send(`smtp://${login(PASSWORD)}@localhost:${port}?requireTLS=true&${trusting(ours)}`);
  await expect(sending).rejects.toThrow('the mail was not taken');
  expect(taken).toEqual([]);
});
