import type { UserId } from '../../contracts/ids.ts';
import type { Database } from '../../platform/database.ts';
import { unprocessable } from '../../platform/errors.ts';
import type { LinkTokens } from '../../platform/tokens-link.ts';
import { verifyEmail } from './accounts.ts';
import { normalisedEmail, VERIFICATION_LINK_HOURS } from './rules.ts';
import { type Account, findAccount } from './store.ts';

const PURPOSE = 'verify-email';
const HOUR_MS = 60 * 60 * 1_000;

/**
 * What the link in the verification mail carries. Bound to the address, so that it proves no other one later on.
 * @param askedAt when the mail was asked for: a mail that is sent twice carries the same token twice
 */
export function verificationToken(links: LinkTokens, account: Pick<Account, 'id' | 'email'>, askedAt: Date): string {
  const expiresAt = new Date(askedAt.getTime() + VERIFICATION_LINK_HOURS * HOUR_MS);
  return links.make(PURPOSE, account.id, normalisedEmail(account.email), expiresAt);
}

/**
 * Marks the address as proven that the token was mailed to.
 * @throws Problem 422 VERIFICATION_LINK_INVALID; 409 EMAIL_ALREADY_VERIFIED, also when the token is used again
 */
export async function verifyEmailByToken(db: Database, links: LinkTokens, token: string, now: Date): Promise<UserId> {
  const id = links.idOf(token) as UserId | undefined;
  const account = id === undefined ? undefined : await findAccount(db, id);
  if (account === undefined || !links.isGood(token, PURPOSE, normalisedEmail(account.email), now)) {
    throw unprocessable(
      'VERIFICATION_LINK_INVALID',
      'This link is not valid or no longer so. Sign in and ask for another mail.',
    );
  }
  await verifyEmail(db, account.id);
  return account.id;
}
