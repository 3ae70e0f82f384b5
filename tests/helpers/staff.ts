import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { request } from './client.ts';
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

/** The same, signed in. */
export async function staffToken(role: string): Promise<{ readonly id: string; readonly accessToken: string }> {
  const { id, email, password } = await newStaff(role);
  const session = await request<{ accessToken: string }>('POST', '/v1/sessions', { body: { email, password } });
  if (session.status !== 201 && session.status !== 200) throw new Error(`staff could not sign in: ${session.status}`);
  return { id, accessToken: session.body.accessToken };
}
