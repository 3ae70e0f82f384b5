import { timingSafeEqual } from 'node:crypto';
import { deriveKey, keyedHash } from './crypto.ts';

/** Tokens for links in mails: they prove that whoever opens the link reads the mail. Nothing is stored for them. */
export interface LinkTokens {
  /**
   * @param binding what the token stops being good for when it changes: the e-mail address
   * @param expiresAt to the second
   */
  make(purpose: string, id: string, binding: string, expiresAt: Date): string;
  /** Whose token it says it is: not to be believed before {@link isGood}. Undefined when it is not of that form. */
  idOf(token: string): string | undefined;
  isGood(token: string, purpose: string, binding: string, now: Date): boolean;
}

const FORM = /^([a-z]+_[0-9a-f]{32})\.([0-9a-z]{1,10})\.([\w-]{43})$/;

/** @param key 32 bytes (LINK_KEY); the form of a token is `<id>.<expiry in base 36>.<HMAC-SHA256>` */
export function createLinkTokens(key: Buffer): LinkTokens {
  const hashKey = deriveKey(key, 'links');
  const mac = (purpose: string, id: string, binding: string, expiry: string): Buffer =>
    keyedHash(hashKey, [purpose, id, binding, expiry]);
  return {
    make(purpose, id, binding, expiresAt) {
      const expiry = Math.floor(expiresAt.getTime() / 1_000).toString(36);
      return `${id}.${expiry}.${mac(purpose, id, binding, expiry).toString('base64url')}`;
    },
    idOf: (token) => FORM.exec(token)?.[1],
    isGood(token, purpose, binding, now) {
      const [, id, expiry, given] = FORM.exec(token) ?? [];
      if (id === undefined || expiry === undefined || given === undefined) return false;
      const expected = mac(purpose, id, binding, expiry);
      if (!timingSafeEqual(Buffer.from(given, 'base64url'), expected)) return false;
      return Number.parseInt(expiry, 36) * 1_000 > now.getTime();
    },
  };
}
