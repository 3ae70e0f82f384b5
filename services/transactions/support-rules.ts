/** What staff may do about a purchase, as data, and how an order of theirs has to look. Pure. */
import type { PurchaseId, UserId } from '../../contracts/ids.ts';
import { type Stray, strayInput, typedInput } from '../../contracts/typed-input.ts';

export type StaffOrderKind = 'note' | 'pause' | 'resume';

interface StaffOrderRule {
  /** The member that holds the words. */
  readonly member: string;
  /** Who may give it. */
  readonly roles: readonly ('support' | 'compliance' | 'finance' | 'admin')[];
}

/** Stopping money is everybody's; letting it go is for those who answer for money. */
export const STAFF_ORDERS: Readonly<Record<StaffOrderKind, StaffOrderRule>> = {
  note: { member: 'note', roles: ['support', 'compliance', 'finance', 'admin'] },
  pause: { member: 'pauseReason', roles: ['support', 'compliance', 'finance', 'admin'] },
  resume: { member: 'resumeReason', roles: ['finance', 'admin'] },
};

/** In UTF-16 code units. */
export const MAX_WORDS = 2_000;
/** Of one purchase. What is longer than this belongs into a case. */
export const MAX_NOTES = 100;
/** Of one purchase. Each can be ended, so this bounds both. */
export const MAX_PAUSES = 20;

/** An order that has the right shape. */
export interface StaffOrder {
  readonly kind: StaffOrderKind;
  readonly staff: UserId;
  readonly words: string;
  /** The ciphertext it came in, if it was typed into the Temporal UI: then nobody has proven who gave it. */
  readonly seal?: string;
}

/** Control characters but line breaks and tabs, and the marks that turn the direction of writing. */
const NOT_WORDS = /(?![\n\r\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;
const STAFF_ID = /^usr_[0-9a-f]{32}$/;

/**
 * Reads what an update was given.
 * @returns the order, or everything that is wrong with it, for the person who sent it; quotes nothing of what was sent
 */
export function readStaffOrder(kind: StaffOrderKind, given: unknown, purchase: PurchaseId): StaffOrder | string {
  const stray = strayInput(given);
  if (stray !== undefined) return STRAY[stray];
  const typed = typedInput(given);
  const value = typed === undefined ? given : typed.value;
  const { member } = STAFF_ORDERS[kind];
  const shape = `{ "purchase": "${purchase}", "staff": "usr_…", "${member}": "…" }`;
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return `One JSON object is needed: ${shape}.`;
  const order = value as Record<string, unknown>;
  const problems = [
    Object.keys(order).some((name) => !['purchase', 'staff', member].includes(name)) && 'it has members of other names',
    order['purchase'] !== purchase && `"purchase" is not ${purchase}, the one that this was sent to`,
    !(typeof order['staff'] === 'string' && STAFF_ID.test(order['staff'])) && '"staff" is no account id',
    wordsProblem(member, order[member]),
  ].filter((problem) => typeof problem === 'string');
  if (problems.length > 0) return `This is not ${shape}: ${problems.join('; ')}.`;
  const words = (order[member] as string).trim();
  return { kind, staff: order['staff'] as UserId, words, ...(typed !== undefined && { seal: typed.seal }) };
}

const STRAY: Readonly<Record<Stray, string>> = {
  unsealed: 'This was not encrypted: name the codec server in the settings of the Temporal UI, and send it again.',
  misplaced: 'This was encrypted for another workflow.',
  altered: 'This was altered after it was encrypted.',
};

function wordsProblem(member: string, words: unknown): string | false {
  if (typeof words !== 'string') return `"${member}" is no text`;
  if (words.trim().length === 0) return `"${member}" is empty`;
  // As the API counts them: what is one character to people may be two in JavaScript.
  if (Array.from(words.trim()).length > MAX_WORDS) return `"${member}" is longer than ${MAX_WORDS} characters`;
  return NOT_WORDS.test(words) && `"${member}" has control characters in it`;
}
