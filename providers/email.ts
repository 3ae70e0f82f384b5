import { createTransport } from 'nodemailer';

export interface Email {
  /** One address. */
  readonly to: string;
  readonly subject: string;
  /** Plain text. */
  readonly text: string;
  /** The part of the Message-ID before the `@`; the same for a mail that is sent again, so that it can be recognised. */
  readonly id: string;
}

/** Sends mails. */
export interface EmailSender {
  /**
   * @returns `refused` when the receiving side says that it never takes mail for this address: trying again is useless
   * @throws Error when it may work another time
   */
  send(email: Email): Promise<'sent' | 'refused'>;
  close(): void;
}

export interface SmtpSettings {
  /** `smtp://` or `smtps://`, with user and password where they are needed. */
  readonly url: string;
  /** The sender, as `Name <address>`. */
  readonly from: string;
}

const CONNECTION_TIMEOUT_MS = 5_000;
const SOCKET_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 4;

export function createSmtpSender({ url, from }: SmtpSettings): EmailSender {
  const transport = createTransport({
    url,
    pool: true,
    maxConnections: MAX_CONNECTIONS,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    greetingTimeout: CONNECTION_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    // Nothing in a mail is ever read from a file or fetched from an address.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = /@([\w.-]+)>?$/.exec(from)?.[1] ?? 'localhost';
  return {
    async send({ to, subject, text, id }) {
      try {
        // As an object, so that no character of the address is read as the beginning of another one.
        await transport.sendMail({
          from,
          to: { name: '', address: to },
          subject,
          text,
          messageId: `<${id}@${domain}>`,
        });
        return 'sent';
      } catch (error) {
        if (isRecipientRefused(error)) return 'refused';
        throw withoutText(error);
      }
    },
    close: () => transport.close(),
  };
}

/** The failure by its codes only: the text of a mail server may quote the address. */
function withoutText(error: unknown): Error {
  if (!(error instanceof Error)) return new Error('the mail was not taken');
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown };
  const codes = [code, responseCode].filter((part) => typeof part === 'string' || typeof part === 'number');
  return new Error(`the mail was not taken (${codes.join(' ') || error.name})`);
}

/** A permanent answer (5xx, RFC 5321) to the envelope: this recipient is not taken, now or later. */
function isRecipientRefused(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || !('responseCode' in error)) return false;
  return error.code === 'EENVELOPE' && typeof error.responseCode === 'number' && error.responseCode >= 500;
}
