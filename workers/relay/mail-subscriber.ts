import type { UserId } from '../../contracts/ids.ts';
import type { Database } from '../../platform/database.ts';
import type { Logger } from '../../platform/logging.ts';
import type { LinkTokens } from '../../platform/tokens-link.ts';
import type { EmailSender } from '../../providers/email.ts';
import type { PublishedEvent, Subscriber } from '../../providers/event-bus.ts';
import { getAccount } from '../../services/users/index.ts';
import { oncePerEvent } from './deliveries.ts';
import { MAILS, type MailRule } from './mails.ts';

export interface MailDeps {
  readonly database: Database;
  readonly sender: EmailSender;
  readonly links: LinkTokens;
  readonly publicUrl: string;
  readonly log: Logger;
}

/**
 * Sends the mails that an event calls for. A mail that goes out twice, because the relay died before it could remember the
 * first one, carries the same Message-ID and the same text.
 */
export function mailSubscriber(deps: MailDeps): Subscriber {
  return async (event) => {
    for (const rule of MAILS.filter(({ on }) => on === event.type)) {
      await oncePerEvent(deps.database, `mail.${rule.to}`, event.id, () => send(deps, rule, event));
    }
  };
}

async function send(deps: MailDeps, rule: MailRule, event: PublishedEvent): Promise<void> {
  const { database, sender, log } = deps;
  const userId = event.data[rule.to];
  if (typeof userId !== 'string') throw new TypeError(`${event.type} ${event.id} has no ${rule.to}`);
  const recipient = await getAccount(database, userId as UserId);
  const paragraphs = recipient && rule.text({ ...deps, event, recipient });
  if (recipient === undefined || paragraphs === undefined) {
    log.info('a mail is no longer needed', { event: event.id, type: event.type, userId });
    return;
  }
  const outcome = await sender.send({
    to: recipient.email,
    subject: rule.subject,
    text: [`Hello ${recipient.displayName},`, ...paragraphs, 'Wellpact'].join('\n\n'),
    id: `${event.id}.${rule.to}`,
  });
  const fields = { event: event.id, type: event.type, userId };
  if (outcome === 'sent') log.info('a mail was sent', fields);
  else log.warn('a mail was refused for good by the receiving side', fields);
}
