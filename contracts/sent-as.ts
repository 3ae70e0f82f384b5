/**
 * Every update of ours says inside its encrypted argument as which one it was sent. A ciphertext is bound to its workflow
 * only: without this, whoever can write to the namespace could take a payload out of a history and send it again, to the
 * same workflow, as something else.
 */

export interface SentAs {
  /** The name of the update. */
  readonly name: string;
  /** Its id, which Temporal takes once in a run. */
  readonly id: string;
}

/** The member that holds it. It travels within the argument: in one of its own it could be put beside another one. */
const MEMBER = 'sentAs';

/**
 * The arguments of an update, with what it is sent as.
 * @throws TypeError when they are more than one, or no object: nothing can be written into them
 */
export function stamp(args: readonly unknown[], as: SentAs): unknown[] {
  const [given = {}, ...others] = args;
  if (given === null || typeof given !== 'object' || Array.isArray(given) || others.length > 0) {
    throw new TypeError(`the update "${as.name}" takes one object at the most`);
  }
  return [{ ...given, [MEMBER]: as }];
}

/** The arguments as their sender gave them. Histories recorded before there were stamps have none. */
export const unstamped = (args: readonly unknown[]): unknown[] =>
  args.map((arg) => {
    if (!isStamped(arg)) return arg;
    const { [MEMBER]: _, ...given } = arg;
    return given;
  });

/** Whether they were sent as this very update. */
export function wasSentAs([given]: readonly unknown[], { name, id }: SentAs): boolean {
  if (!isStamped(given)) return false;
  const as = given[MEMBER];
  return as?.name === name && as.id === id;
}

export function isStamped(value: unknown): value is { readonly [MEMBER]?: Partial<SentAs> | null } {
  return value !== null && typeof value === 'object' && Object.hasOwn(value, MEMBER);
}
