import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { StartError } from './problems.ts';

const text = z.string().min(1);

/** Made once for each data folder: what is stored there can only be read with them. */
const secretsSchema = z.strictObject({
  PAYLOAD_KEYS: text,
  FIELD_KEY: text,
  TOKEN_SIGNING_KEY: text,
  LINK_KEY: text,
  STRIPE_API_KEY: text,
  STRIPE_WEBHOOK_SECRETS: text,
  STRIPE_CONNECT_WEBHOOK_SECRETS: text,
  ONFIDO_API_TOKEN: text,
  ONFIDO_WEBHOOK_TOKENS: text,
  ONFIDO_WORKFLOW_ID: text,
  /** PKCS #8, of the service account that sends pushes. */
  FCM_PRIVATE_KEY: text,
  /** Passwords of the embedded PostgreSQL. */
  POSTGRES_PASSWORD: text,
  POSTGRES_OWNER_PASSWORD: text,
  POSTGRES_APP_PASSWORD: text,
  POSTGRES_SANDBOX_PASSWORD: text,
  POSTGRES_TEMPORAL_PASSWORD: text,
});

export type Secrets = z.output<typeof secretsSchema>;

/**
 * The secrets of this data folder, made if there are none yet.
 * @throws StartError when the file cannot be understood
 */
export async function loadSecrets(dataDir: string): Promise<Secrets> {
  const path = join(dataDir, 'secrets.json');
  if (existsSync(path)) return readSecrets(path);
  return writeSecrets(path, await generateSecrets());
}

function writeSecrets(path: string, secrets: Secrets): Secrets {
  writeFileSync(`${path}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  // Whole or not at all: half a file would make the data unreadable for ever.
  renameSync(`${path}.new`, path);
  return secrets;
}

async function readSecrets(path: string): Promise<Secrets> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    throw new StartError(`${path} is not valid JSON. Restore it, or delete all data with: npm start -- --reset`);
  }
  const result = secretsSchema.safeParse(content);
  if (result.success) return result.data;
  // Folders of before there were pushes, or Temporal on PostgreSQL, lack what nothing that is stored needs.
  const completed = secretsSchema.safeParse({
    FCM_PRIVATE_KEY: await generatePushKey(),
    POSTGRES_TEMPORAL_PASSWORD: word(),
    ...(content as object),
  });
  if (completed.success) return writeSecrets(path, completed.data);
  const names = result.error.issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : issue.path));
  throw new StartError(
    `${path}: ${names.join(', ')} missing, wrong or unknown. Restore it, or delete all data with: npm start -- --reset`,
  );
}

const word = (): string => randomBytes(24).toString('hex');

async function generatePushKey(): Promise<string> {
  const { exportPKCS8, generateKeyPair } = await import('jose');
  return exportPKCS8((await generateKeyPair('RS256', { extractable: true })).privateKey);
}

async function generateSecrets(): Promise<Secrets> {
  const key = (): string => randomBytes(32).toString('base64');
  const { exportJWK, generateKeyPair } = await import('jose');
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), alg: 'EdDSA', use: 'sig', kid: randomBytes(8).toString('hex') };
  return {
    PAYLOAD_KEYS: `local-1:${key()}`,
    FIELD_KEY: key(),
    TOKEN_SIGNING_KEY: JSON.stringify(jwk),
    LINK_KEY: key(),
    STRIPE_API_KEY: `sk_test_${word()}`,
    STRIPE_WEBHOOK_SECRETS: `whsec_${word()}`,
    STRIPE_CONNECT_WEBHOOK_SECRETS: `whsec_${word()}`,
    ONFIDO_API_TOKEN: `api_sandbox.${word()}`,
    ONFIDO_WEBHOOK_TOKENS: word(),
    ONFIDO_WORKFLOW_ID: randomUUID(),
    FCM_PRIVATE_KEY: await generatePushKey(),
    POSTGRES_PASSWORD: word(),
    POSTGRES_OWNER_PASSWORD: word(),
    POSTGRES_APP_PASSWORD: word(),
    POSTGRES_SANDBOX_PASSWORD: word(),
    POSTGRES_TEMPORAL_PASSWORD: word(),
  };
}
