import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of PEM files. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority of its own, in a folder. */
export interface Authority extends Pair {
  /** Signs a certificate for this host, or for whoever asks under this name. */
  issue(name: string): Pair;
}

const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export function makeAuthority(folder: string, name: string): Authority {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
  openssl('req', '-x509', ...NEW_KEY, '-days', '2', '-subj', `/CN=${name}`, '-keyout', key, '-out', cert);
  return {
    cert,
    key,
    issue: (host) => {
      const base = join(folder, `${name}-${host}`);
      const pair = { key: `${base}.key`, cert: `${base}.pem` };
      openssl('req', ...NEW_KEY, '-subj', `/CN=${host}`, '-keyout', pair.key, '-out', `${base}.csr`);
      writeFileSync(`${base}.ext`, `subjectAltName=DNS:${host},IP:127.0.0.1\n`);
      const signing = ['-CA', cert, '-CAkey', key, '-CAcreateserial', '-days', '2', '-extfile', `${base}.ext`];
      openssl('x509', '-req', '-in', `${base}.csr`, ...signing, '-out', pair.cert);
      return pair;
    },
  };
}

export const read = ({ cert, key }: Pair): { cert: Buffer; key: Buffer } => ({
  cert: readFileSync(cert),
  key: readFileSync(key),
});
