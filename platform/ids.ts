import { v5 as uuidv5, v7 as uuidv7 } from 'uuid';
import type { Id } from '../contracts/ids.ts';

/** A new id with the given prefix; see `contracts/ids.ts` for its shape. */
export function newId<Prefix extends string>(prefix: Prefix): Id<Prefix> {
  return idFrom(prefix, uuidv7());
}

/** The id with this prefix that carries the given UUID: two prefixes over one UUID make two related ids. */
export function idFrom<Prefix extends string>(prefix: Prefix, uuid: string): Id<Prefix> {
  return `${prefix}_${uuid.replaceAll('-', '')}`;
}

/** A UUID that depends only on `name`: for ids that must come out the same when a step is repeated. */
export function uuidOf(name: string): string {
  return uuidv5(name, NAMESPACE);
}

const NAMESPACE = '3f1f3b4e-6a53-4c0b-9a53-0d4a9d1a7d55';
