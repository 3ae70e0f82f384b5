/** Where files lie. What is put is encrypted already: a store sees ciphertext alone. */
export interface ObjectStore {
  /** Keeps an object whole or not at all; one of the same key is replaced. */
  put(key: string, bytes: Buffer): Promise<void>;
  /** @returns undefined when there is none */
  get(key: string): Promise<Buffer | undefined>;
  /** Afterwards there is none, whether there was one or not. */
  delete(key: string): Promise<void>;
}

/** Segments of letters, digits, dashes and underscores: no key leads out of a folder, or means something to a server. */
const KEY = /^[a-z0-9_-]{1,100}(\/[a-z0-9_-]{1,100}){0,5}$/;

/** @throws RangeError when a key has another form */
export function checkedKey(key: string): string {
  if (!KEY.test(key))
    throw new RangeError('A key of an object is made of a-z, 0-9, _ and -, in segments between slashes.');
  return key;
}
