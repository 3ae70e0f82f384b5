import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Random letters and digits. */
export function randomText(length: number): string {
  let result = '';
  while (result.length < length) {
    for (const byte of randomBytes(length * 2)) {
      // 248 is the greatest multiple of 62 in a byte: beyond it some characters would be more likely than others.
      if (byte < 248 && result.length < length) result += ALPHABET.charAt(byte % ALPHABET.length);
    }
  }
  return result;
}

/** An id of the shape Stripe's have: `pi_3P…`, 24 characters after the prefix. */
export function newStripeId(prefix: string): string {
  return `${prefix}_1${randomText(23)}`;
}
