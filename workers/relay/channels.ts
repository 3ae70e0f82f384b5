import type { Database } from '../../platform/database.ts';
import type { EmailSender } from '../../providers/email.ts';
import { type Push, PushUnavailable } from '../../providers/push.ts';
import {
  type ClaimedNotification,
  dropToken,
  type Message,
  markReached,
  pushTargets,
  type Settlement,
} from '../../services/messaging/index.ts';
import type { Channel } from '../../services/messaging/rules.ts';

/**
 * A way to reach a person: the one interface through which everything goes out.
 * @returns what became of the message
 * @throws Error when it may work another time; {@link PushUnavailable} may say when
 */
export type Deliver = (
  notification: ClaimedNotification,
  message: Message,
) => Promise<Extract<Settlement, 'sent' | 'refused' | 'unwanted'>>;

/** Every channel there is. */
export type Channels = Readonly<Record<Channel, Deliver>>;

/** By mail. One that is sent again has the same Message-ID, by which mail servers and readers know it. */
export const emailChannel =
  (sender: Pick<EmailSender, 'send'>): Deliver =>
  ({ occasion, recipientId }, { recipient, subject, paragraphs }) =>
    sender.send({
      to: recipient.email,
      subject,
      text: [`Hello ${recipient.displayName},`, ...paragraphs, 'Wellpact'].join('\n\n'),
      id: `${occasion}.${recipientId}`,
    });

/**
 * To all devices of a person, each once: those that have it are remembered, and those that FCM no longer knows are
 * forgotten. A device that refuses the message as it is does not keep it from the others.
 */
export function pushChannel({ database, push }: { readonly database: Database; readonly push: Push }): Deliver {
  return async (notification, { subject, short, tooLateAt }) => {
    const { occasion, recipientId, name, data, reached } = notification;
    const done = new Set(reached);
    const purchaseId = data['purchaseId'];
    let failure: unknown;
    for (const { id, token, registeredAt } of await pushTargets(database, recipientId)) {
      if (done.has(id)) continue;
      try {
        const outcome = await push.send({
          token,
          title: subject,
          body: short,
          data: { name, ...(typeof purchaseId === 'string' && { purchaseId }) },
          collapseId: occasion,
          ...(tooLateAt !== undefined && { expiresAt: tooLateAt }),
        });
        if (outcome === 'unregistered') await dropToken(database, token, registeredAt);
        if (outcome !== 'sent') continue;
        await markReached(database, notification, id);
        done.add(id);
      } catch (error) {
        if (!(error instanceof PushUnavailable)) throw error;
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return done.size > 0 ? 'sent' : 'unwanted';
  };
}
