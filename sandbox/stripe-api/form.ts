import { invalidRequest } from './errors.ts';

/** A decoded form: texts, and groups of them. Lists are groups whose names are positions. Maps, so that no name is special. */
export type FormValue = string | FormGroup;
export type FormGroup = Map<string, FormValue>;

const MAX_PARAMETERS = 1_000;
const MAX_DEPTH = 10;
const NAME = /^([^[\]]+)((?:\[[^[\]]*\])*)$/;

/**
 * Decodes `application/x-www-form-urlencoded` in the bracket notation Stripe uses: `metadata[order]=7`,
 * `expand[0]=charge`, `expand[]=charge`. A name given twice keeps its last value.
 * @throws StripeError 400 when a name is malformed or means both a text and a group
 */
export function decodeForm(encoded: string): FormGroup {
  const form: FormGroup = new Map();
  let count = 0;
  for (const [name, value] of new URLSearchParams(encoded)) {
    count += 1;
    if (count > MAX_PARAMETERS) throw invalidRequest(`A request has at most ${MAX_PARAMETERS} parameters.`);
    // PostgreSQL stores no NUL, and Stripe takes none.
    if (name.includes('\0') || value.includes('\0')) throw invalidRequest('Parameters contain no NUL characters.');
    put(form, pathOf(name), value, name);
  }
  return form;
}

function pathOf(name: string): readonly string[] {
  const match = NAME.exec(name);
  if (match === null) throw invalidRequest(`Invalid parameter name: ${name.slice(0, 100)}`);
  const inner = [...(match[2] ?? '').matchAll(/\[([^[\]]*)\]/g)].map((part) => part[1] ?? '');
  if (inner.length > MAX_DEPTH) throw invalidRequest(`Parameters nest at most ${MAX_DEPTH} levels deep.`);
  return [match[1] ?? '', ...inner];
}

function put(form: FormGroup, path: readonly string[], value: string, name: string): void {
  let group = form;
  for (const [depth, part] of path.entries()) {
    // `name[]=` appends: the position is the number of entries so far.
    const key = part === '' && depth > 0 ? String(group.size) : part;
    if (depth === path.length - 1) {
      group.set(key, value);
      return;
    }
    const next = group.get(key) ?? new Map<string, FormValue>();
    if (typeof next === 'string') throw invalidRequest(`Invalid parameter: ${name} was also given as a plain value.`);
    group.set(key, next);
    group = next;
  }
}

/** A form as one text that depends only on its content, not on the order of its parameters. */
export function canonicalForm(form: FormGroup): string {
  const entries = [...form.entries()].toSorted(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify(
    entries.map(([name, value]) => [name, typeof value === 'string' ? value : canonicalForm(value)]),
  );
}
