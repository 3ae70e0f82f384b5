/**
 * What staff type into the Temporal UI. The codec server encrypts it bound to no workflow, since it is never told which one
 * it is for, and nothing proves who typed it. So it never looks like what the API sends: the codec of the workers wraps it
 * into an object that no other input resembles, and only {@link TAKES_TYPED_INPUT} unwrap it.
 */

/** The updates that staff may send from the Temporal UI. Everything else refuses what was typed. */
export const TAKES_TYPED_INPUT: readonly string[] = ['addStaffNote', 'pauseMoney', 'resumeMoney'];

/** The only member of the wrapper; a value of ours never has it. */
const MARK = 'typedIntoTheUi';

export interface TypedInput {
  /** What was typed; null when it was no JSON. */
  readonly value: unknown;
  /** Names this very ciphertext: what was typed once counts once. */
  readonly seal: string;
}

export const markTyped = (input: TypedInput): unknown => ({ [MARK]: input });

/** @returns what was typed, or undefined for everything that one of our own processes has made */
export function typedInput(value: unknown): TypedInput | undefined {
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, MARK)) return undefined;
  return (value as Record<string, TypedInput>)[MARK];
}

/** What stands for a payload that nobody encrypted. It holds nothing of what was sent. */
export const UNSEALED = { unsealed: true } as const;

export const isUnsealed = (value: unknown): boolean =>
  value !== null && typeof value === 'object' && Object.hasOwn(value, 'unsealed');
