import { randomBytes } from 'node:crypto';
import { type Algorithm, hash, verify } from '@node-rs/argon2';
import { normalisedPassword } from './rules.ts';

/**
 * Argon2id with 19 MiB, two passes, one lane: the least that OWASP's Password Storage Cheat Sheet names.
 * The package declares its algorithms as a `const enum`, which cannot be imported with isolated modules: 2 is Argon2id.
 */
const PARAMETERS = { algorithm: 2 as Algorithm.Argon2id, memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 };

export const hashPassword = (password: string): Promise<string> => hash(normalisedPassword(password), PARAMETERS);

/**
 * Whether the password is the one that was hashed. Without a hash (no such account) the same work is done for nothing,
 * so that the time of an answer does not tell whether an account exists.
 */
export async function isPassword(password: string, passwordHash: string | undefined): Promise<boolean> {
  // Made in either case: else the first unknown account after a start would take the time of two hashes.
  const decoy = await decoyHash();
  const matches = await verify(passwordHash ?? decoy, normalisedPassword(password));
  return matches && passwordHash !== undefined;
}

let decoyOnce: Promise<string> | undefined;

/** The hash of a password that nobody has, made once. */
function decoyHash(): Promise<string> {
  decoyOnce ??= hashPassword(randomBytes(32).toString('base64'));
  return decoyOnce;
}
