import { callbackify } from 'node:util';
import { simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import type { Logger } from '../../platform/logging.ts';
import type { Database } from '../store/database.ts';
import { storeMail } from '../store/mails.ts';

const MAX_MAIL_BYTES = 1024 * 1024;
const MAX_RECIPIENTS = 50;
const SOCKET_TIMEOUT_MS = 30_000;

/** An SMTP server that takes every mail, needs no password, and sends nothing on. */
export function createMailCatcher(database: Database, log: Logger): SMTPServer {
  const caught = callbackify((stream: SMTPServerDataStream, session: SMTPServerSession) =>
    catchMail(database, stream, session),
  );
  const server = new SMTPServer({
    banner: 'Wellpact sandbox',
    authOptional: true,
    // Development clients speak plainly over the loopback interface; any name and password will do.
    onAuth: (auth, _session, done) => done(null, { user: auth.username ?? 'anybody' }),
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    size: MAX_MAIL_BYTES,
    socketTimeout: SOCKET_TIMEOUT_MS,
    onRcptTo: (_address, session, done) => {
      const tooMany = session.envelope.rcptTo.length >= MAX_RECIPIENTS;
      done(tooMany ? new Error(`A mail has at most ${MAX_RECIPIENTS} recipients`) : null);
    },
    onData: (stream, session, done) => {
      caught(stream, session, (error) => {
        if (error) log.error('A mail could not be caught', { error });
        done(error);
      });
    },
  });
  server.on('error', (error) => log.warn('SMTP connection failed', { error }));
  return server;
}

async function catchMail(database: Database, stream: SMTPServerDataStream, session: SMTPServerSession): Promise<void> {
  const mail = await simpleParser(stream);
  if (stream.sizeExceeded) {
    // 552 is final (RFC 5321); without it the sender would try again and again.
    throw Object.assign(new Error(`A mail has at most ${MAX_MAIL_BYTES} bytes`), { responseCode: 552 });
  }
  const { mailFrom, rcptTo } = session.envelope;
  await storeMail(database.pool, {
    from: mailFrom === false ? '' : mailFrom.address,
    to: rcptTo.map((recipient) => recipient.address.toLowerCase()),
    subject: mail.subject ?? '',
    text: mail.text ?? '',
    html: mail.html === false ? null : (mail.html ?? null),
    messageId: mail.messageId ?? null,
  });
}
