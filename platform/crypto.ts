import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

/** Encrypts single values before they are stored, each bound to the place where it lies. */
export interface FieldCipher {
  /**
   * @param context where the value belongs (table, column, key of the row): it can only be decrypted with the same
   */
  encrypt(plaintext: string, context: readonly string[]): Buffer;
  /** @throws Error when the value was altered, moved to another place, or encrypted with another key */
  decrypt(ciphertext: Buffer, context: readonly string[]): string;
  /** The same of bytes. */
  seal(plain: Buffer, context: readonly string[]): Buffer;
  /** @throws Error as {@link FieldCipher.decrypt} */
  open(sealed: Buffer, context: readonly string[]): Buffer;
}

const ALGORITHM = 'aes-256-gcm';
const FORMAT = 1;
const KEY_BYTES = 32;
/** NIST SP 800-38D, 8.2.2: random 96-bit IVs are safe for 2^32 values under one key. */
const IV_BYTES = 12;
/** Stated at both ends, since Node otherwise accepts tags as short as four bytes. */
const TAG_BYTES = 16;

/**
 * AES-256-GCM with a random IV per value; stored as format byte, IV, ciphertext, tag.
 * @param key 32 bytes, from {@link secretKey} or {@link deriveKey}
 */
export function createFieldCipher(key: Buffer): FieldCipher {
  const seal = (plain: Buffer, context: readonly string[]): Buffer => {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(joined([String(FORMAT), ...context]));
    const body = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([Buffer.of(FORMAT), iv, body, cipher.getAuthTag()]);
  };
  const open = (sealed: Buffer, context: readonly string[]): Buffer => {
    if (sealed.length < 1 + IV_BYTES + TAG_BYTES || sealed[0] !== FORMAT) {
      throw new Error('An encrypted value is not in a format this version reads.');
    }
    const iv = sealed.subarray(1, 1 + IV_BYTES);
    const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(joined([String(FORMAT), ...context]));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(1 + IV_BYTES, -TAG_BYTES)), decipher.final()]);
  };
  return {
    encrypt: (plaintext, context) => seal(Buffer.from(plaintext, 'utf8'), context),
    decrypt: (ciphertext, context) => open(ciphertext, context).toString('utf8'),
    seal,
    open,
  };
}

/** HMAC-SHA256 over texts, each preceded by its length so that none can shift into its neighbour. */
export function keyedHash(key: Buffer, texts: readonly string[]): Buffer {
  return createHmac('sha256', key).update(joined(texts)).digest();
}

/**
 * Reads a key from a setting.
 * @param setting the name of the setting, for the error
 * @param value base64 of 32 bytes
 * @throws RangeError naming the setting, never its value
 */
export function secretKey(setting: string, value: string): Buffer {
  const key = Buffer.from(value, 'base64');
  if (key.length !== KEY_BYTES) throw new RangeError(`${setting} must be base64 of ${KEY_BYTES} bytes.`);
  return key;
}

/** A key of its own for one purpose (HKDF-SHA256, RFC 5869), so that no key is used in two ways. */
export function deriveKey(key: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), `wellpact ${purpose}`, KEY_BYTES));
}

function joined(texts: readonly string[]): Buffer {
  return Buffer.from(texts.map((text) => `${Buffer.byteLength(text)}:${text}`).join(''), 'utf8');
}
