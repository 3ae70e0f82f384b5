import type { UserId } from '../../contracts/ids.ts';
import type { Queryable, Tx } from '../../platform/database.ts';
import type { SellerState } from './rules.ts';

/** An account as its owner sees it. */
export interface Account {
  readonly id: UserId;
  readonly email: string;
  readonly displayName: string;
  /** `YYYY-MM-DD`. */
  readonly birthDate: string;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  readonly roles: readonly string[];
  readonly emailVerified: boolean;
  readonly sellerState: SellerState;
  /** Counts the changes, for `If-Match`. */
  readonly version: number;
  readonly createdAt: Date;
}

interface AccountRow {
  id: UserId;
  email: string;
  display_name: string;
  birth_date: string;
  country: string;
  roles: string[];
  email_verified_at: Date | null;
  seller_state: SellerState;
  version: number;
  created_at: Date;
}

const COLUMNS =
  'id, email, display_name, birth_date, country, roles, email_verified_at, seller_state, version, created_at';

function accountOf(row: AccountRow): Account {
  return {
    id: row.id,
    email: row.email,
    displayName: row.display_name,
    birthDate: row.birth_date,
    country: row.country,
    roles: row.roles,
    emailVerified: row.email_verified_at !== null,
    sellerState: row.seller_state,
    version: row.version,
    createdAt: row.created_at,
  };
}

export interface AccountRecord {
  readonly id: UserId;
  readonly email: string;
  readonly emailNormalised: string;
  readonly passwordHash: string;
  readonly displayName: string;
  readonly birthDate: string;
  readonly country: string;
}

/** The unique constraint that says that an e-mail address has an account. */
export const EMAIL_TAKEN = 'accounts_email_taken';

/**
 * @returns undefined when the id is there already
 * @throws the database's error with constraint {@link EMAIL_TAKEN}
 */
export async function insertAccount(tx: Tx, account: AccountRecord): Promise<Account | undefined> {
  const result = await tx.query<AccountRow>({
    name: 'users_insert',
    text: `INSERT INTO users.accounts
             (id, email, email_normalised, password_hash, display_name, birth_date, country, terms_accepted_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, now()) ON CONFLICT (id) DO NOTHING RETURNING ${COLUMNS}`,
    values: [
      account.id,
      account.email,
      account.emailNormalised,
      account.passwordHash,
      account.displayName,
      account.birthDate,
      account.country,
    ],
  });
  return result.rows[0] && accountOf(result.rows[0]);
}

export async function findAccount(db: Queryable, id: UserId): Promise<Account | undefined> {
  const result = await db.query<AccountRow>({
    name: 'users_find',
    text: `SELECT ${COLUMNS} FROM users.accounts WHERE id = $1`,
    values: [id],
  });
  return result.rows[0] && accountOf(result.rows[0]);
}

/** The account, locked until the transaction ends: whoever writes to its audit chain goes through here. */
export async function lockAccount(tx: Tx, id: UserId): Promise<Account | undefined> {
  const result = await tx.query<AccountRow>({
    name: 'users_lock',
    text: `SELECT ${COLUMNS} FROM users.accounts WHERE id = $1 FOR NO KEY UPDATE`,
    values: [id],
  });
  return result.rows[0] && accountOf(result.rows[0]);
}

export async function findByEmail(
  db: Queryable,
  emailNormalised: string,
): Promise<{ account: Account; passwordHash: string } | undefined> {
  const result = await db.query<AccountRow & { password_hash: string }>({
    name: 'users_find_by_email',
    text: `SELECT ${COLUMNS}, password_hash FROM users.accounts WHERE email_normalised = $1`,
    values: [emailNormalised],
  });
  const row = result.rows[0];
  return row && { account: accountOf(row), passwordHash: row.password_hash };
}

export async function markEmailVerified(tx: Tx, id: UserId): Promise<void> {
  await tx.query({
    name: 'users_mark_email_verified',
    text: `UPDATE users.accounts SET email_verified_at = now(), version = version + 1, updated_at = now() WHERE id = $1`,
    values: [id],
  });
}

export async function updateProfile(
  tx: Tx,
  id: UserId,
  profile: { readonly displayName: string; readonly country: string },
): Promise<Account> {
  const result = await tx.query<AccountRow>({
    name: 'users_update_profile',
    text: `UPDATE users.accounts SET display_name = $2, country = $3, version = version + 1, updated_at = now()
           WHERE id = $1 RETURNING ${COLUMNS}`,
    values: [id, profile.displayName, profile.country],
  });
  const [row] = result.rows;
  if (row === undefined) throw new Error(`${id} vanished while it was locked`);
  return accountOf(row);
}

export async function updateSellerState(tx: Tx, id: UserId, state: SellerState): Promise<void> {
  await tx.query({
    name: 'users_update_seller_state',
    text: `UPDATE users.accounts SET seller_state = $2, version = version + 1, updated_at = now() WHERE id = $1`,
    values: [id, state],
  });
}

export interface StaffRecord
  extends Pick<AccountRecord, 'id' | 'email' | 'emailNormalised' | 'passwordHash' | 'displayName'> {
  readonly role: string;
}

/**
 * An account of staff. Its address counts as proven by whoever makes it; birth date and country, which only matter to
 * those who buy and sell, are stand-ins.
 */
export async function insertStaff(tx: Tx, staff: StaffRecord): Promise<void> {
  await tx.query({
    name: 'users_insert_staff',
    text: `INSERT INTO users.accounts (id, email, email_normalised, password_hash, display_name, birth_date, country, roles,
             email_verified_at, terms_accepted_at)
           VALUES ($1, $2, $3, $4, $5, '1970-01-01', 'DE', ARRAY[$6], now(), now())`,
    values: [staff.id, staff.email, staff.emailNormalised, staff.passwordHash, staff.displayName, staff.role],
  });
}

/** The oldest accounts that have a role, at most `limit`. */
export async function accountsWithRole(db: Queryable, role: string, limit: number): Promise<UserId[]> {
  const { rows } = await db.query<{ id: UserId }>({
    name: 'account_with_role',
    text: 'SELECT id FROM users.accounts WHERE $1 = ANY(roles) ORDER BY id LIMIT $2',
    values: [role, limit],
  });
  return rows.map(({ id }) => id);
}
