/** What has no place in production: each rule says why a value cannot be meant for it, in words that do not repeat it. */

import { createHash } from 'node:crypto';

/** @returns the end of a message that begins with the name of the setting; undefined when the value is fine */
export type ProductionProblem = (value: string) => string | undefined;

const LOCAL_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?|0\.0\.0\.0)$/;

export const isLocalHost = (host: string): boolean => LOCAL_HOST.test(host);

/** A sandbox is reached without TLS, on this machine. */
export const publicHttps: ProductionProblem = (value) => {
  const { protocol, hostname } = new URL(value);
  if (protocol !== 'https:') return 'https is needed in production';
  return isLocalHost(hostname) ? 'an address of this machine has no place in production' : undefined;
};

export const never =
  (pattern: RegExp, why: string): ProductionProblem =>
  (value) =>
    pattern.test(value) ? why : undefined;

/** What examples and tests are filled with: base64 of bytes that are all the same. */
export const madeKey: ProductionProblem = (value) => {
  const bytes = Buffer.from(value, 'base64');
  const isMade = bytes.every((byte) => byte === bytes[0]) || /^(\w)\1{41}/.test(value);
  return isMade ? 'this key is no secret: make one with `openssl rand -base64 32`' : undefined;
};

/** SHA-256 of keys that stand in this repository. */
const PUBLISHED_KEYS: readonly string[] = ['76ecccd6d6f9204eb6bfbba93af660c3a6d8f3244de801a9f8d704d3e8058890'];

/** @param value `id:base64` each, comma-separated */
export const payloadKeysProblem: ProductionProblem = (value) => {
  for (const entry of value.split(',').map((item) => item.trim())) {
    const separator = entry.indexOf(':');
    const [id, key] = [entry.slice(0, separator), entry.slice(separator + 1)];
    if (id.startsWith('local-')) return 'a key that `npm start` made for one machine has no place in production';
    const digest = createHash('sha256').update(Buffer.from(key, 'base64')).digest('hex');
    if (/^test\b/.test(id) || PUBLISHED_KEYS.includes(digest)) return 'a key of the tests has no place in production';
    const problem = madeKey(key);
    if (problem !== undefined) return problem;
  }
  return undefined;
};

/** A database over the network: encrypted and verified, or its owner says that the network is private. */
export const saysSslMode: ProductionProblem = (value) => {
  const { hostname, searchParams } = new URL(value);
  const mode = searchParams.get('sslmode');
  if (mode === 'verify-full' || mode === 'disable' || (mode === null && isLocalHost(hostname))) return undefined;
  return 'append sslmode=verify-full (with sslrootcert=<file> for a certificate authority of your own), or sslmode=disable if the network is private';
};

/** Mails carry links that sign people in: a relay on this machine, or TLS that cannot be talked away. */
export const securedMail: ProductionProblem = (value) => {
  const { hostname, protocol, searchParams } = new URL(value);
  if (protocol === 'smtps:' || isLocalHost(hostname) || searchParams.get('requireTLS') === 'true') return undefined;
  return 'smtps:// is needed in production, or smtp://…?requireTLS=true for STARTTLS';
};
