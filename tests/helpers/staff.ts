import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { type Response, request } from './client.ts';
import { stack } from './stack.ts';

const run = promisify(execFile);

export interface StaffAccount {
  readonly id: string;
  readonly email: string;
  readonly password: string;
}

/** Somebody new of staff, made by `npm run staff`. */
export async function newStaff(role: string): Promise<StaffAccount> {
  const email = `${role}.${randomUUID()}@staff.wellpact.example`;
  const { stdout } = await run(
    process.execPath,
    ['--import', 'tsx', 'scripts/staff.ts', 'create', '--email', email, '--name', 'A member of staff', '--role', role],
    { env: { ...process.env, DATABASE_URL: stack().databases.app } },
  );
  const [, id = '', password = ''] = /^(usr_\w+) [\s\S]*: (\S+)\s*$/.exec(stdout) ?? [];
  return { id, email, password };
}

export interface SignedIn {
  readonly id: string;
  readonly email: string;
  readonly accessToken: string;
}

/** The same, signed in. */
export const staffToken = async (role: string): Promise<SignedIn> => signIn(await newStaff(role));

export async function signIn({ id, email, password }: StaffAccount): Promise<SignedIn> {
  const session = await request<{ accessToken: string }>('POST', '/v1/sessions', { body: { email, password } });
  if (session.status !== 201 && session.status !== 200) throw new Error(`staff could not sign in: ${session.status}`);
  return { id, email, accessToken: session.body.accessToken };
}

/** What staff read of a purchase after an order of theirs. */
export interface StandsBody {
  readonly state: string;
  readonly code: string;
  readonly detail: string;
  readonly summary: string;
  readonly holds: readonly string[];
  readonly automatic: { readonly at: string; readonly becomes: string; readonly says: string } | null;
  readonly pause: { readonly since: string; readonly by: string; readonly verified: boolean } | null;
}

/** Gives an order about a purchase, through the API. */
export const order = (
  staff: { readonly accessToken: string },
  purchaseId: string,
  action: 'notes' | 'pause' | 'resume',
  body: Record<string, unknown>,
  idempotencyKey: string = randomUUID(),
): Promise<Response<StandsBody>> =>
  request('POST', `/v1/admin/purchases/${purchaseId}/${action}`, { token: staff.accessToken, body, idempotencyKey });
