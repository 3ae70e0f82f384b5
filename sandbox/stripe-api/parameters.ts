import { invalidRequest, type StripeError } from './errors.ts';
import type { FormGroup, FormValue } from './form.ts';

/** How one parameter is read. `read` throws the error Stripe would answer with. */
export interface Parameter<Value> {
  readonly required: boolean;
  read(value: FormValue, name: string): Value;
  /** The members of a group, for checks of the table itself. */
  readonly members?: ParameterTable;
  readonly unmodelled?: readonly string[];
}

export interface ParameterTable {
  readonly [name: string]: Parameter<unknown>;
}

/** What a handler gets: every parameter by name, `undefined` where it was not given. */
export type Values<Table extends ParameterTable> = {
  readonly [Name in keyof Table]: Table[Name] extends { required: true; read(...args: never[]): infer Value }
    ? Value
    : Table[Name] extends { read(...args: never[]): infer Value }
      ? Value | undefined
      : never;
};

/** Marks a parameter that has to be given. */
export function required<Value>(parameter: Parameter<Value>): Parameter<Value> & { readonly required: true } {
  return { ...parameter, required: true };
}

function optional<Value>(
  read: (value: FormValue, name: string) => Value,
): Parameter<Value> & { readonly required: false } {
  return { required: false, read };
}

const MAX_TEXT_LENGTH = 5_000;

/** A text of 1 to `max` characters. */
export function text(max = MAX_TEXT_LENGTH) {
  return optional((value, name) => {
    const given = plain(value, name, 'string');
    if (given.length > max) {
      throw invalidRequest(`Invalid string: ${given.slice(0, 10)}…; must be at most ${max} characters`, {
        param: name,
      });
    }
    return given;
  });
}

/** A whole number; money is in minor units. */
export function integer(bounds: { min?: number; max?: number } = {}) {
  return optional((value, name) => {
    const given = plain(value, name, 'integer');
    const number = /^-?\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
    const refuse = (message: string): StripeError =>
      invalidRequest(message, { code: 'parameter_invalid_integer', param: name });
    if (Number.isNaN(number)) throw refuse(`Invalid integer: ${given.slice(0, 50)}`);
    if (bounds.min !== undefined && number < bounds.min) {
      throw refuse(`This value must be greater than or equal to ${bounds.min}.`);
    }
    if (bounds.max !== undefined && number > bounds.max) {
      throw refuse(`This value must be less than or equal to ${bounds.max}.`);
    }
    return number;
  });
}

export function boolean() {
  return optional((value, name) => {
    const given = plain(value, name, 'boolean');
    if (given !== 'true' && given !== 'false')
      throw invalidRequest(`Invalid boolean: ${given.slice(0, 50)}`, { param: name });
    return given === 'true';
  });
}

export function oneOf<const Choice extends string>(choices: readonly Choice[]) {
  return optional((value, name) => {
    const given = plain(value, name, 'string');
    const choice = choices.find((candidate) => candidate === given);
    if (choice === undefined) {
      throw invalidRequest(`Invalid ${name}: must be one of ${choices.join(', ')}`, { param: name });
    }
    return choice;
  });
}

/** A parameter whose empty text unsets what was there: it reads as `null`. */
export function unsettable<Value>(parameter: Parameter<Value>) {
  return optional((value, name) => (value === '' ? null : parameter.read(value, name)));
}

const MAX_LIST_LENGTH = 100;

export function listOf<Value>(parameter: Parameter<Value>) {
  return optional((value, name) => {
    if (typeof value === 'string' || [...value.keys()].some((key) => !/^\d+$/.test(key))) {
      throw invalidRequest('Invalid array', { param: name });
    }
    if (value.size > MAX_LIST_LENGTH)
      throw invalidRequest(`An array has at most ${MAX_LIST_LENGTH} items.`, { param: name });
    const items = [...value.entries()].toSorted(([left], [right]) => Number(left) - Number(right));
    return items.map(([position, item]) => parameter.read(item, `${name}[${position}]`));
  });
}

/** A group of named parameters; `unmodelled` as in {@link readParameters}. */
export function group<Table extends ParameterTable>(
  table: Table,
  unmodelled: readonly string[] = [],
): Parameter<Values<Table>> & { readonly required: false } {
  return {
    required: false,
    members: table,
    unmodelled,
    read: (value, name) => {
      if (typeof value === 'string') throw invalidRequest('Invalid object', { param: name });
      return readParameters(value, table, unmodelled, name);
    },
  };
}

export type Metadata = Readonly<Record<string, string>>;

/** Key-value pairs; an empty value removes its key, an empty text in place of the group removes all of them. */
export function metadata() {
  return optional((value, name): Metadata | 'unset' => {
    if (value === '') return 'unset';
    if (typeof value === 'string') throw invalidRequest('Invalid object', { param: name });
    return Object.fromEntries(
      [...value.entries()].map(([key, item]) => {
        const given = typeof item === 'string' ? item : undefined;
        if (given === undefined) throw invalidRequest('Metadata values must be strings', { param: name });
        if (key.length > 40) throw invalidRequest(`Metadata keys can have up to 40 characters`, { param: name });
        if (given.length > 500) throw invalidRequest(`Metadata values can have up to 500 characters`, { param: name });
        return [key, given];
      }),
    );
  });
}

const MAX_METADATA_KEYS = 50;

/** The metadata after a change. @throws StripeError 400 beyond 50 keys */
export function mergedMetadata(before: Metadata, change: Metadata | 'unset' | undefined): Record<string, string> {
  if (change === undefined) return { ...before };
  if (change === 'unset') return {};
  const merged = Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value !== ''));
  if (Object.keys(merged).length > MAX_METADATA_KEYS) {
    throw invalidRequest(`You can have up to ${MAX_METADATA_KEYS} metadata keys`, { param: 'metadata' });
  }
  return merged;
}

/**
 * Reads a form by its table.
 * @param unmodelled parameters that Stripe knows and the sandbox does not act on: refused by name, never ignored
 * @throws StripeError 400 for whatever is unknown, missing or malformed
 */
export function readParameters<Table extends ParameterTable>(
  form: FormGroup,
  table: Table,
  unmodelled: readonly string[],
  within = '',
): Values<Table> {
  const fullName = (name: string) => (within === '' ? name : `${within}[${name}]`);
  for (const name of form.keys()) {
    if (Object.hasOwn(table, name)) continue;
    if (unmodelled.includes(name)) {
      throw invalidRequest(`Stripe knows the parameter ${fullName(name)}, but this sandbox does not model it.`, {
        param: fullName(name),
      });
    }
    throw invalidRequest(`Received unknown parameter: ${fullName(name)}`, {
      code: 'parameter_unknown',
      param: fullName(name),
    });
  }
  const values: Record<string, unknown> = {};
  for (const [name, parameter] of Object.entries(table)) {
    const given = form.get(name);
    if (given === undefined && parameter.required) {
      throw invalidRequest(`Missing required param: ${fullName(name)}.`, {
        code: 'parameter_missing',
        param: fullName(name),
      });
    }
    values[name] = given === undefined ? undefined : parameter.read(given, fullName(name));
  }
  return values as Values<Table>;
}

function plain(value: FormValue, name: string, expected: string): string {
  if (typeof value !== 'string') throw invalidRequest(`Invalid ${expected}: {…}`, { param: name });
  if (value === '') {
    throw invalidRequest(
      `You passed an empty string for '${name}'. We assume empty values are an attempt to unset a parameter; however ` +
        `'${name}' cannot be unset. You should remove '${name}' from your request or supply a non-empty value.`,
      { code: 'parameter_invalid_empty', param: name },
    );
  }
  return value;
}
