/** The rules of accounts and sessions: pure, without input or output. */

/** How far an account is as a seller. */
export const SELLER_STATES = ['none', 'pending', 'verified', 'restricted'] as const;
export type SellerState = (typeof SELLER_STATES)[number];

/** What an account of staff can be for. */
export const STAFF_ROLES = ['support', 'mediator', 'compliance', 'finance', 'admin'] as const;
export type StaffRole = (typeof STAFF_ROLES)[number];

/** Nobody younger may have an account: whoever buys and sells here makes contracts. */
export const MINIMUM_AGE_YEARS = 18;
const MAXIMUM_AGE_YEARS = 130;

/** In code points. The upper end bounds the work of hashing; NIST SP 800-63B asks for at least 64. */
export const PASSWORD_LENGTH = { minimum: 10, maximum: 128 } as const;

/** A refresh token that is not used for so long is no longer good. */
export const SESSION_IDLE_DAYS = 30;
/** After so long the password has to be given again. */
export const SESSION_ABSOLUTE_DAYS = 90;
/**
 * For so long the token that was just replaced is still taken, so that a client whose answer got lost can ask again.
 * Only the immediate predecessor: any older token has been copied.
 */
export const REFRESH_GRACE_SECONDS = 10;
/** How long the link in a verification mail is good. */
export const VERIFICATION_LINK_HOURS = 24;

/** What two spellings of one e-mail address have in common: compared and kept unique in this form. */
export const normalisedEmail = (email: string): string => email.trim().normalize('NFKC').toLowerCase();

/** One form for what different keyboards send for the same characters. */
export const normalisedPassword = (password: string): string => password.normalize('NFC');

export function isPasswordLongEnough(password: string): boolean {
  const { length } = Array.from(normalisedPassword(password));
  return length >= PASSWORD_LENGTH.minimum && length <= PASSWORD_LENGTH.maximum;
}

/** A password that is the e-mail address protects nothing: it is the first one to be tried. */
export const isPasswordTheEmail = (password: string, email: string): boolean =>
  normalisedEmail(password) === normalisedEmail(email);

/**
 * Whole years from a birth date to a day, both in UTC. Somebody born on 29 February is a year older on 1 March.
 * @param birthDate `YYYY-MM-DD`
 */
export function ageOn(birthDate: string, day: Date): number {
  const [year = 0, month = 0, date = 0] = birthDate.split('-').map(Number);
  const hadBirthday = day.getUTCMonth() + 1 > month || (day.getUTCMonth() + 1 === month && day.getUTCDate() >= date);
  return day.getUTCFullYear() - year - (hadBirthday ? 0 : 1);
}

/** A date on which somebody alive can be born. */
export function isPlausibleBirthDate(birthDate: string, today: Date): boolean {
  const age = ageOn(birthDate, today);
  return age >= 0 && age <= MAXIMUM_AGE_YEARS;
}

/** What becomes of a session when one of its refresh tokens is presented; `again`: its answer was lost, or it came twice. */
export type RefreshVerdict = 'rotate' | 'again' | 'ended' | 'reused';

/**
 * @param presented the generation of the token that came
 * @param current the generation that is good now, and when it replaced the one before
 */
export function judgeRefresh(
  presented: number,
  current: { readonly generation: number; readonly rotatedAt: Date; readonly over: boolean },
  now: Date,
): RefreshVerdict {
  if (current.over) return 'ended';
  if (presented === current.generation) return 'rotate';
  const withinGrace = now.getTime() - current.rotatedAt.getTime() <= REFRESH_GRACE_SECONDS * 1_000;
  return presented === current.generation - 1 && withinGrace ? 'again' : 'reused';
}
