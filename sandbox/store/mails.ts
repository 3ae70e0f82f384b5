import type { Tx } from './database.ts';

/** A mail somebody sent to anybody: all of them end here. */
export interface CaughtMail {
  readonly id: number;
  readonly at: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string | null;
  readonly messageId: string | null;
}

/** Older mails are thrown away beyond this number. */
const MAX_MAILS = 10_000;
export async function storeMail(tx: Tx, mail: Omit<CaughtMail, 'id' | 'at'>): Promise<void> {
  await tx.query(
    `INSERT INTO sandbox.mails (sender, recipients, subject, body_text, body_html, message_id)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [mail.from, mail.to, mail.subject, mail.text, mail.html, mail.messageId],
  );
  await tx.query('DELETE FROM sandbox.mails WHERE id <= (SELECT max(id) FROM sandbox.mails) - $1', [MAX_MAILS]);
}

interface MailRow {
  id: string;
  at: Date;
  sender: string;
  recipients: string[];
  subject: string;
  body_text: string;
  body_html: string | null;
  message_id: string | null;
}

/** Caught mails, newest first. */
export async function readMails(
  tx: Tx,
  filter: { to?: string | undefined; id?: number | undefined; limit: number },
): Promise<readonly CaughtMail[]> {
  const found = await tx.query<MailRow>(
    `SELECT id, at, sender, recipients, subject, body_text, body_html, message_id FROM sandbox.mails
     WHERE ($1::text IS NULL OR recipients @> ARRAY[$1]) AND ($2::bigint IS NULL OR id = $2)
     ORDER BY id DESC LIMIT $3`,
    [filter.to?.toLowerCase() ?? null, filter.id ?? null, filter.limit],
  );
  return found.rows.map((row) => ({
    id: Number(row.id),
    at: row.at.toISOString(),
    from: row.sender,
    to: row.recipients,
    subject: row.subject,
    text: row.body_text,
    html: row.body_html,
    messageId: row.message_id,
  }));
}
