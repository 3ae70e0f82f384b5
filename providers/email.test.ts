import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import { createSmtpSender, type EmailSender } from './email.ts';

const closers: Array<() => void> = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function senderTo(options: SMTPServerOptions): Promise<EmailSender> {
  const server = new SMTPServer({ authOptional: true, disabledCommands: ['STARTTLS'], ...options });
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  const sender = createSmtpSender({ url: `smtp://127.0.0.1:${port}`, from: 'Wellpact <no-reply@wellpact.example>' });
  closers.push(
    () => sender.close(),
    () => server.close(),
  );
  return sender;
}

const MAIL = { to: 'ann@example.com', subject: 'Hello', text: 'Grüße', id: 'evt_1.userId' };

const refusing = (responseCode: number): SMTPServerOptions => ({
  onRcptTo: (_address, _session, callback) => callback(Object.assign(new Error('not here'), { responseCode })),
});

describe('mails by SMTP', () => {
  it('arrive as they were written, under an id of ours', async () => {
    const chunks: Buffer[] = [];
    const sender = await senderTo({
      onData: (stream, _session, callback) => {
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => callback());
      },
    });
    expect(await sender.send(MAIL)).toBe('sent');
    const received = await simpleParser(Buffer.concat(chunks));
    expect(received).toMatchObject({ messageId: '<evt_1.userId@wellpact.example>', subject: 'Hello' });
    expect(received.text?.trim()).toBe('Grüße');
  });

  it('are refused for good when the receiving side says so', async () => {
    expect(await (await senderTo(refusing(550))).send(MAIL)).toBe('refused');
  });

  it('may work another time when it says so, or does not answer', async () => {
    await expect((await senderTo(refusing(451))).send(MAIL)).rejects.toThrow();
    const nobody = createSmtpSender({ url: 'smtp://127.0.0.1:1', from: 'no-reply@wellpact.example' });
    closers.push(() => nobody.close());
    await expect(nobody.send(MAIL)).rejects.toThrow();
  });

  it('go to one address, whatever is written in it', async () => {
    const recipients: string[] = [];
    const sender = await senderTo({
      onRcptTo: ({ address }, _session, callback) => {
        recipients.push(address);
        callback();
      },
      onData: (stream, _session, callback) => {
        stream.resume();
        stream.on('end', () => callback());
      },
    });
    await sender.send({ ...MAIL, to: 'ann@example.com, eve@example.com' }).catch(() => undefined);
    expect(recipients).not.toContain('eve@example.com');
  });
});
