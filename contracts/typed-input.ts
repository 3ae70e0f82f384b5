/**
 * What reaches a workflow without having been sent to it by one of our processes: staff typed it into the Temporal UI, or
 * somebody copied it. The codec of the workers never shows it as what it pretends to be: it wraps what was typed into an
 * object that no other input resembles, and puts an empty one in place of the rest.
 */

/**
 * The updates that staff may send from the Temporal UI. The codec server encrypts what is typed there bound to no workflow,
 * since it is never told which one it is for, and nothing proves who typed it. Everything else refuses it.
 */
export const TAKES_TYPED_INPUT: readonly string[] = ['addStaffNote', 'pauseMoney', 'resumeMoney'];

export interface TypedInput {
  /** What was typed; null when it was no JSON. */
  readonly value: unknown;
  /** Names this very ciphertext: what was typed once counts once. */
  readonly seal: string;
}

/** Nobody encrypted it, or it was encrypted for another workflow, or it is not what one of our keys encrypted. */
export type Stray = 'unsealed' | 'misplaced' | 'altered';

/** The only member of what the codec makes of such an input; nothing of ours has it. */
const MARK = 'notFromUs';

export const markTyped = (typed: TypedInput): unknown => ({ [MARK]: typed });
export const markStray = (stray: Stray): unknown => ({ [MARK]: stray });

function markOn(value: unknown): TypedInput | Stray | undefined {
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, MARK)) return undefined;
  return (value as Record<string, TypedInput | Stray>)[MARK];
}

/** @returns what was typed into the Temporal UI, or undefined for everything else */
export function typedInput(value: unknown): TypedInput | undefined {
  const mark = markOn(value);
  return typeof mark === 'object' ? mark : undefined;
}

/** @returns why an input was not shown, or undefined for everything else */
export function strayInput(value: unknown): Stray | undefined {
  const mark = markOn(value);
  return typeof mark === 'string' ? mark : undefined;
}
