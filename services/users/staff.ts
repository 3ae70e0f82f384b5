import { randomBytes } from 'node:crypto';
import type { UserId } from '../../contracts/ids.ts';
import { audit } from '../../platform/audit.ts';
import { type Database, type Queryable, violatedConstraint } from '../../platform/database.ts';
import { conflict } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { emit } from '../../platform/outbox.ts';
import { hashPassword } from './passwords.ts';
import { normalisedEmail, type StaffRole } from './rules.ts';
import { accountsWithRole, EMAIL_TAKEN, findAccount, insertStaff } from './store.ts';

/** 144 bits: nobody guesses it, and it is never stored. */
const PASSWORD_BYTES = 18;

/**
 * Makes a staff account with a password that exists only in what is returned. Staff neither buy nor sell: the account has
 * no role `member`.
 * @throws Problem 409 EMAIL_TAKEN
 */
export async function createStaff(
  db: Database,
  { email, displayName, role }: { readonly email: string; readonly displayName: string; readonly role: StaffRole },
): Promise<{ readonly id: UserId; readonly password: string }> {
  const id = newId('usr');
  const password = randomBytes(PASSWORD_BYTES).toString('base64url');
  const passwordHash = await hashPassword(password);
  try {
    await db.transaction(async (tx) => {
      await insertStaff(tx, { id, email, emailNormalised: normalisedEmail(email), passwordHash, displayName, role });
      await audit(tx, {
        subjectType: 'user',
        subjectId: id,
        // Whoever may write to the database from a shell is not known by a name.
        actor: { type: 'system', id: 'shell' },
        action: 'user.staff_created',
        change: { role },
      });
      await emit(tx, { type: 'user.staff_created', key: id, data: { userId: id, role } });
    });
  } catch (error) {
    if (violatedConstraint(error) !== EMAIL_TAKEN) throw error;
    throw conflict('EMAIL_TAKEN', 'There is an account with this e-mail address. Staff need one of their own.');
  }
  return { id, password };
}

/** Whether there is an account of staff with this id that has one of these roles. */
export async function hasStaffRole(db: Queryable, id: UserId, roles: readonly StaffRole[]): Promise<boolean> {
  const account = await findAccount(db, id);
  return account !== undefined && roles.some((role) => account.roles.includes(role));
}

/** The accounts of staff that have a role, the oldest first: everybody of a team. */
export async function staffWith(db: Queryable, role: StaffRole): Promise<UserId[]> {
  return accountsWithRole(db, role, MAX_TEAM);
}

/** More than this of one role is no team any more: those who came first are told. */
const MAX_TEAM = 100;
