import type { EventType } from '../../contracts/events.ts';
import type { UserId } from '../../contracts/ids.ts';
import { type Actor, audit } from '../../platform/audit.ts';
import { type Database, type Queryable, type Tx, violatedConstraint } from '../../platform/database.ts';
import { conflict, Problem, unprocessable } from '../../platform/errors.ts';
import { emit } from '../../platform/outbox.ts';
import { hashPassword, isPassword } from './passwords.ts';
import { ageOn, isPasswordTheEmail, MINIMUM_AGE_YEARS, normalisedEmail, type SellerState } from './rules.ts';
import type { Account } from './store.ts';
import * as store from './store.ts';

export interface SignUp {
  /** Made of the request's operationUuid: a repeat finds the account that the first call made. */
  readonly id: UserId;
  readonly email: string;
  readonly password: string;
  readonly displayName: string;
  /** `YYYY-MM-DD`. */
  readonly birthDate: string;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
}

/**
 * Makes an account. The relay sends the verification mail, from the event that is written in the same transaction.
 * @throws Problem 422 UNDER_AGE, PASSWORD_IS_EMAIL; 409 EMAIL_TAKEN
 */
export async function createUser(db: Database, signUp: SignUp, now = new Date()): Promise<Account> {
  if (ageOn(signUp.birthDate, now) < MINIMUM_AGE_YEARS) {
    throw unprocessable('UNDER_AGE', `Accounts are for people of ${MINIMUM_AGE_YEARS} years and older.`);
  }
  if (isPasswordTheEmail(signUp.password, signUp.email)) {
    throw unprocessable('PASSWORD_IS_EMAIL', 'The password must not be the e-mail address.');
  }
  const record = {
    ...signUp,
    emailNormalised: normalisedEmail(signUp.email),
    passwordHash: await hashPassword(signUp.password),
  };
  try {
    return await db.transaction(async (tx) => {
      const account = await store.insertAccount(tx, record);
      if (account === undefined) return mustFind(tx, signUp.id);
      await note(tx, account.id, { type: 'user', id: account.id }, 'user.signed_up', {});
      return account;
    });
  } catch (error) {
    if (violatedConstraint(error) !== store.EMAIL_TAKEN) throw error;
    throw conflict('EMAIL_TAKEN', 'There is an account with this e-mail address. Sign in, or use another address.');
  }
}

/** @returns the account, or undefined when address and password do not belong together; both take equally long */
export async function authenticate(db: Database, email: string, password: string): Promise<Account | undefined> {
  const found = await store.findByEmail(db, normalisedEmail(email));
  return (await isPassword(password, found?.passwordHash)) ? found?.account : undefined;
}

/** An account as other services know it: what they need to decide, and no address. */
export type User = Omit<Account, 'email' | 'version' | 'createdAt'>;

/** @returns undefined when there is no such account */
export async function getUser(db: Queryable, id: UserId): Promise<User | undefined> {
  const account = await store.findAccount(db, id);
  if (account === undefined) return undefined;
  const { email: _email, version: _version, createdAt: _createdAt, ...user } = account;
  return user;
}

/** The account as its owner sees it. */
export const getAccount = store.findAccount;

/**
 * Marks the address of an account as proven. What proves it is checked by the caller, against the address that stands in
 * the account now.
 * @throws Problem 409 EMAIL_ALREADY_VERIFIED
 */
export async function verifyEmail(db: Database, id: UserId): Promise<void> {
  await db.transaction(async (tx) => {
    const account = await mustLock(tx, id);
    if (account.emailVerified) throw alreadyVerified();
    await store.markEmailVerified(tx, id);
    await note(tx, id, { type: 'user', id }, 'user.email_verified', {});
  });
}

/** Has the verification mail sent again. @throws Problem 409 EMAIL_ALREADY_VERIFIED */
export async function requestVerificationMail(db: Database, id: UserId): Promise<void> {
  await db.transaction(async (tx) => {
    const account = await mustLock(tx, id);
    if (account.emailVerified) throw alreadyVerified();
    await note(tx, id, { type: 'user', id }, 'user.verification_requested', {});
  });
}

const alreadyVerified = (): Problem =>
  conflict('EMAIL_ALREADY_VERIFIED', 'This e-mail address is verified already. There is nothing left to do.');

export interface ProfileChange {
  readonly displayName?: string | undefined;
  readonly country?: string | undefined;
}

/**
 * @param isCurrent whether the version the change was made from is the one that stands
 * @throws Problem 412 when it is not; 409 COUNTRY_FIXED once the account has begun to sell
 */
export async function changeProfile(
  db: Database,
  id: UserId,
  isCurrent: (version: number) => boolean,
  change: ProfileChange,
): Promise<Account> {
  return db.transaction(async (tx) => {
    const account = await mustLock(tx, id);
    if (!isCurrent(account.version)) {
      throw new Problem(
        412,
        'VERSION_CHANGED',
        'Your account has changed meanwhile. Read it again and repeat the change.',
      );
    }
    const profile = {
      displayName: change.displayName ?? account.displayName,
      country: change.country ?? account.country,
    };
    if (profile.country !== account.country && account.sellerState !== 'none') {
      throw conflict('COUNTRY_FIXED', 'The country of a seller was checked and cannot be changed here.');
    }
    const changed = Object.keys(profile).filter(
      (name) => profile[name as keyof typeof profile] !== account[name as keyof typeof profile],
    );
    if (changed.length === 0) return account;
    const updated = await store.updateProfile(tx, id, profile);
    await note(tx, id, { type: 'user', id }, 'user.profile_changed', { fields: changed });
    return updated;
  });
}

/**
 * How far the account is as a seller: written by the onboarding, in its transaction. Changes nothing when it is so already.
 * @throws Error when there is no such account
 */
export async function setSellerState(
  tx: Tx,
  id: UserId,
  state: SellerState,
  actor: Actor = { type: 'system', id: 'onboarding' },
): Promise<void> {
  const { sellerState } = await mustLock(tx, id);
  if (sellerState === state) return;
  await store.updateSellerState(tx, id, state);
  await note(tx, id, actor, 'user.seller_state_changed', { from: sellerState, to: state });
}

async function mustFind(db: Queryable, id: UserId): Promise<Account> {
  const account = await store.findAccount(db, id);
  if (account === undefined) throw new Error(`there is no account ${id}`);
  return account;
}

async function mustLock(tx: Tx, id: UserId): Promise<Account> {
  const account = await store.lockAccount(tx, id);
  if (account === undefined) throw new Error(`there is no account ${id}`);
  return account;
}

/** The audit entry and the event of a change, in its transaction. The account's row is locked or new. */
async function note(
  tx: Tx,
  id: UserId,
  actor: Actor,
  action: EventType,
  change: Readonly<Record<string, unknown>>,
): Promise<void> {
  await audit(tx, { subjectType: 'user', subjectId: id, actor, action, change });
  await emit(tx, { type: action, key: id, data: { userId: id, ...change } });
}
