import { findObject } from '../store/objects.ts';
import { invalidRequest } from './errors.ts';
import type { AnyKind, Call, Returned, WireList, WireObject } from './operation.ts';
import { shown } from './resources.ts';

const MAX_DEPTH = 4;

/** All kinds by name. */
export type Kinds = ReadonlyMap<string, AnyKind>;

/**
 * Checks the paths of `expand[]` before any work is done.
 * @throws StripeError 400 for a path that is too deep or leads nowhere
 */
export function checkExpansions(kinds: Kinds, returns: Returned, paths: readonly string[]): void {
  for (const path of paths) {
    const parts = path.split('.');
    if (parts.length > MAX_DEPTH) {
      throw invalidRequest(`You cannot expand more than ${MAX_DEPTH} levels of a property. Property: ${path}`, {
        code: 'property_expansion_max_depth',
        param: 'expand',
      });
    }
    const rest = returns.list ? (parts[0] === 'data' ? parts.slice(1) : undefined) : parts;
    if (rest === undefined || rest.length === 0 || !leadsSomewhere(kinds, [returns.kind], rest)) {
      throw invalidRequest(`This property cannot be expanded (${path}).`, { param: 'expand' });
    }
  }
}

function leadsSomewhere(kinds: Kinds, from: readonly string[], parts: readonly string[]): boolean {
  const [member, ...rest] = parts;
  if (member === undefined) return true;
  const targets = from.flatMap((name) => kinds.get(name)?.expandable[member] ?? []);
  return targets.length > 0 && leadsSomewhere(kinds, targets, rest);
}

/** The answer with ids replaced by their objects along the given paths. The paths have been checked. */
export async function expanded(
  call: Call,
  kinds: Kinds,
  answer: WireObject | WireList,
  paths: readonly string[],
): Promise<WireObject | WireList> {
  let result: WireObject | WireList = answer;
  for (const path of paths) {
    const parts = path.split('.');
    if (isList(result)) {
      const data: WireObject[] = [];
      for (const item of result.data) data.push(await expandMember(call, kinds, item, parts.slice(1)));
      result = { ...result, data };
    } else {
      result = await expandMember(call, kinds, result, parts);
    }
  }
  return result;
}

async function expandMember(
  call: Call,
  kinds: Kinds,
  object: WireObject,
  parts: readonly string[],
): Promise<WireObject> {
  const [member, ...rest] = parts;
  if (member === undefined) return object;
  const value = (object as unknown as Record<string, unknown>)[member];
  // Expanded by an earlier path already (`latest_charge`, then `latest_charge.balance_transaction`), or nothing to expand.
  if (value === null || value === undefined) return object;
  const target =
    typeof value === 'string' ? await lookUp(call, kinds, object.object, member, value) : (value as WireObject);
  return { ...object, [member]: await expandMember(call, kinds, target, rest) };
}

async function lookUp(call: Call, kinds: Kinds, from: string, member: string, id: string): Promise<WireObject> {
  for (const name of kinds.get(from)?.expandable[member] ?? []) {
    const kind = kinds.get(name);
    if (kind === undefined) continue;
    // On any account: what a transfer leads to lives on the account that received it.
    const stored = await findObject(call.tx, kind, null, id);
    if (stored !== undefined) return (await shown(call, kind, stored)) as unknown as WireObject;
  }
  throw new Error(`The sandbox cannot expand ${from}.${member}: ${id} is not stored`);
}

function isList(answer: WireObject | WireList): answer is WireList {
  return answer.object === 'list' || answer.object === 'search_result';
}
