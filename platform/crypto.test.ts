import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createFieldCipher, deriveKey, keyedHash, secretKey } from './crypto.ts';

const KEY = randomBytes(32);
const CONTEXT = ['table', 'column', 'row'];

describe('field encryption', () => {
  it('gives back what was encrypted, differently each time', () => {
    const cipher = createFieldCipher(KEY);
    const [one, two] = [cipher.encrypt('Grüße 🔑', CONTEXT), cipher.encrypt('Grüße 🔑', CONTEXT)];
    expect(one.equals(two)).toBe(false);
    expect(cipher.decrypt(one, CONTEXT)).toBe('Grüße 🔑');
    expect(cipher.decrypt(cipher.encrypt('', CONTEXT), CONTEXT)).toBe('');
  });

  it('refuses a value under another key or in another place', () => {
    const sealed = createFieldCipher(KEY).encrypt('secret', CONTEXT);
    expect(() => createFieldCipher(randomBytes(32)).decrypt(sealed, CONTEXT)).toThrow();
    for (const place of [
      ['table', 'column'],
      ['tablecolumn', '', 'row'],
      ['table', 'column', 'other'],
    ]) {
      expect(() => createFieldCipher(KEY).decrypt(sealed, place)).toThrow();
    }
  });

  it('refuses a value of which any byte was changed or cut off', () => {
    const cipher = createFieldCipher(KEY);
    const sealed = cipher.encrypt('secret', CONTEXT);
    for (let at = 0; at < sealed.length; at++) {
      const altered = Buffer.from(sealed);
      altered.writeUInt8(altered.readUInt8(at) ^ 1, at);
      expect(() => cipher.decrypt(altered, CONTEXT)).toThrow();
      expect(() => cipher.decrypt(sealed.subarray(0, at), CONTEXT)).toThrow();
    }
  });
});

describe('keys and hashes', () => {
  it('reads 32 bytes and names the setting, not its value, otherwise', () => {
    expect(secretKey('FIELD_KEY', KEY.toString('base64'))).toEqual(KEY);
    expect(() => secretKey('FIELD_KEY', 'c2hvcnQ=')).toThrow(/^FIELD_KEY must be base64 of 32 bytes\.$/);
  });

  it('derives another key for another purpose', () => {
    expect(deriveKey(KEY, 'a')).toEqual(deriveKey(KEY, 'a'));
    expect(deriveKey(KEY, 'a')).not.toEqual(deriveKey(KEY, 'b'));
  });

  it('hashes texts so that none shifts into its neighbour', () => {
    expect(keyedHash(KEY, ['ab', 'c'])).not.toEqual(keyedHash(KEY, ['a', 'bc']));
    expect(keyedHash(KEY, ['1:a'])).not.toEqual(keyedHash(KEY, ['1', 'a']));
  });
});
