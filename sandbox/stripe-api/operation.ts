import type { Clock } from '../store/clock.ts';
import type { Tx } from '../store/database.ts';
import type { ObjectKind, Stored } from '../store/objects.ts';
import type { StripeError } from './errors.ts';
import { group, integer, listOf, type ParameterTable, text, type Values } from './parameters.ts';

/** What every step at Stripe needs to know, whether an API request, a hosted page or the clock causes it. */
export interface Call {
  readonly tx: Tx;
  readonly clock: Clock;
  /** The sandbox's clock in seconds since 1970, the same throughout the call. */
  readonly now: number;
  /** The platform's own account. */
  readonly platform: string;
  /** The account on which this call works: the platform's, or the connected one named by `Stripe-Account`. */
  readonly account: string;
  /** Null when no API request caused this. */
  readonly requestId: string | null;
  readonly idempotencyKey: string | null;
  /** Where hosted pages are reached. */
  readonly pagesUrl: string;
  /** The client secret, when a publishable key is calling: it opens the one object it belongs to. */
  readonly clientSecret: string | null;
  /** True when Stripe.js is calling, which sees and may do less. */
  readonly publishableKey: boolean;
}

/** Anything that goes over the wire as one object. */
export type WireObject = object & { readonly object: string };

export interface WireList {
  /** A search's result is a list whose next page is named. */
  readonly object: 'list' | 'search_result';
  readonly next_page?: string | null;
  readonly data: readonly WireObject[];
  readonly has_more: boolean;
  readonly url: string;
}

/** What a handler says: an object, a list, or a refusal whose side effects stay (a declined card has a failed charge). */
export type Outcome = { readonly answer: WireObject | WireList } | { readonly refusal: StripeError };

/** What {@link Operation.returns} names: which expansions are possible depends on it. */
export interface Returned {
  readonly kind: string;
  readonly list: boolean;
}

export interface OperationDefinition<Table extends ParameterTable> {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** As in Stripe's document: `/v1/charges/{charge}`. */
  readonly path: string;
  readonly returns: Returned;
  readonly parameters: Table;
  /** Parameters of Stripe's document that are refused because the sandbox would have to pretend. */
  readonly unmodelled?: readonly string[];
  /** The body is `multipart/form-data` and has at most so many bytes; absent: a form like any other. */
  readonly multipartBytes?: number;
  /** May be called with a publishable key, as Stripe.js does, given the object's client secret. */
  readonly publishable?: boolean;
  handle(call: Call, values: Values<Table>, path: Readonly<Record<string, string>>): Promise<Outcome>;
}

/** An operation with the types of its parameters forgotten. */
export type Operation = OperationDefinition<ParameterTable>;

export function operation<Table extends ParameterTable>(definition: OperationDefinition<Table>): Operation {
  return definition;
}

/** Parameters that every operation takes. */
export const COMMON_PARAMETERS = { expand: listOf(text()) } as const;

const range = group({ gt: integer(), gte: integer(), lt: integer(), lte: integer() });

/** `created=…` exactly, or bounds in brackets. */
const created = {
  required: false as const,
  members: range.members ?? {},
  read: (value: Parameters<typeof range.read>[0], name: string) => {
    if (typeof value !== 'string') return range.read(value, name);
    const at = integer().read(value, name);
    return { gt: undefined, gte: at, lt: undefined, lte: at };
  },
};

/** Parameters of every list. */
export const LIST_PARAMETERS = {
  limit: integer({ min: 1, max: 100 }),
  starting_after: text(),
  ending_before: text(),
} as const;

export const CREATED_PARAMETER = { created } as const;

/** How a resource is found, shown and expanded: one per kind of Stripe object. */
export interface ResourceKind<Body extends { id: string }, Hidden = Record<string, never>>
  extends ObjectKind<Body, Hidden> {
  /** As error messages name it: `No such payment_intent`. */
  readonly noun: string;
  /** Members that hold an id and can be expanded, with the kinds the id may be of. */
  readonly expandable: Readonly<Record<string, readonly string[]>>;
  /** What is shown depends on the moment (a balance becomes available) or on other rows. Absent: as stored. */
  present?(call: Call, stored: Stored<Body, Hidden>): Promise<Body> | Body;
}

/** A kind of object with everything the API does with it; one file each. */
export interface Resource {
  readonly kinds: readonly AnyKind[];
  readonly operations: readonly Operation[];
}

/** A kind with its types forgotten. */
export type AnyKind = ResourceKind<{ id: string }, Record<string, unknown>>;

export function anyKind<Body extends { id: string }, Hidden>(kind: ResourceKind<Body, Hidden>): AnyKind {
  return kind as unknown as AnyKind;
}
