import { invalidRequest, type StripeError } from './errors.ts';

/** How a field compares: by the whole word, also by a part of the text, by size. */
type FieldKind = 'token' | 'text' | 'number';
/** Which fields of an object can be searched. Metadata can be searched on every kind. */
export type SearchFields = Readonly<Record<string, FieldKind>>;

/** A search, understood. */
export interface Search {
  /** Members that every result has, as far as the database can look them up. */
  readonly where: Readonly<Record<string, unknown>>;
  readonly matches: (body: object) => boolean;
}

interface Clause {
  readonly path: readonly string[];
  readonly negated: boolean;
  readonly operator: ':' | '~' | '>' | '<' | '>=' | '<=';
  /** Null for what is not there. */
  readonly value: string | number | null;
}

const MAX_CLAUSES = 10;
const MIN_SUBSTRING = 3;
const CLAUSE =
  /^(?<negated>-)?(?:metadata\[(?<quote>["'])(?<key>[^"']{1,40})\k<quote>\]|(?<field>[a-z_]+(?:\.[a-z_0-9]+)*))\s*(?<operator>:|~|>=|<=|>|<)\s*(?:"(?<double>(?:[^"\\]|\\.)*)"|'(?<single>(?:[^'\\]|\\.)*)'|(?<bare>[^\s"']+))/;
const CONNECTIVE = /^\s+(?:(?<word>AND|OR)\s+)?/i;

/**
 * Reads a query of Stripe's search language: clauses joined by AND (a blank means the same) or by OR, not by both.
 * Source: https://docs.stripe.com/search#search-query-language
 * @throws StripeError 400 that says what is not understood
 */
export function readSearch(query: string, fields: SearchFields): Search {
  const { clauses, disjunct } = clausesOf(query, fields);
  const fits = (body: object) => (clause: Clause) => holds(clause, body) !== clause.negated;
  const known = disjunct
    ? []
    : clauses.filter(({ path, operator, negated }) => path[0] === 'metadata' && operator === ':' && !negated);
  const metadata = known.flatMap(({ path: [, key = ''], value }) => (value === null ? [] : [[key, value]]));
  return {
    where: metadata.length === 0 ? {} : { metadata: Object.fromEntries(metadata) },
    matches: (body) => (disjunct ? clauses.some(fits(body)) : clauses.every(fits(body))),
  };
}

function clausesOf(query: string, fields: SearchFields): { clauses: readonly Clause[]; disjunct: boolean } {
  const clauses: Clause[] = [];
  const words = new Set<string>();
  let rest = query.trim();
  while (rest !== '') {
    const match = CLAUSE.exec(rest);
    if (match?.groups === undefined) throw notUnderstood(rest.slice(0, 50));
    clauses.push(clauseOf(match.groups, fields));
    if (clauses.length > MAX_CLAUSES)
      throw invalidRequest(`A query has at most ${MAX_CLAUSES} clauses.`, { param: 'query' });
    rest = rest.slice(match[0].length);
    if (rest === '') break;
    const connective = CONNECTIVE.exec(rest);
    if (connective === null) throw notUnderstood(rest.slice(0, 50));
    words.add((connective.groups?.['word'] ?? 'AND').toUpperCase());
    rest = rest.slice(connective[0].length);
    if (rest === '') throw notUnderstood(query.trim().slice(-50));
  }
  if (clauses.length === 0) throw notUnderstood(query);
  if (words.size > 1) throw invalidRequest('AND and OR cannot be combined in one query.', { param: 'query' });
  return { clauses, disjunct: words.has('OR') };
}

function clauseOf(groups: Readonly<Record<string, string | undefined>>, fields: SearchFields): Clause {
  const { key, field = '', operator, bare } = groups;
  const kind = key === undefined ? fields[field] : 'text';
  if (kind === undefined) {
    const known = [...Object.keys(fields), 'metadata'].join(', ');
    throw invalidRequest(`Field \`${field}\` is an unsupported search field; these can be searched: ${known}.`, {
      param: 'query',
    });
  }
  const quoted = groups['double'] ?? groups['single'];
  const clause = {
    path: key === undefined ? field.split('.') : ['metadata', key],
    negated: groups['negated'] !== undefined,
    operator: operator as Clause['operator'],
    value: valueOf(kind, quoted?.replaceAll(/\\(.)/g, '$1'), bare),
  };
  const possible = { token: [':'], text: [':', '~'], number: [':', '>', '<', '>=', '<='] }[kind];
  if (!possible.includes(clause.operator)) {
    throw invalidRequest(`Field \`${field}\` cannot be compared by ${clause.operator}.`, { param: 'query' });
  }
  if (clause.operator === '~' && String(clause.value).length < MIN_SUBSTRING) {
    throw invalidRequest(`A substring has at least ${MIN_SUBSTRING} characters.`, { param: 'query' });
  }
  return clause;
}

function valueOf(kind: FieldKind, quoted: string | undefined, bare: string | undefined): Clause['value'] {
  if (quoted === undefined && bare?.toLowerCase() === 'null') return null;
  if (kind !== 'number') {
    if (quoted !== undefined) return quoted;
    // Words such as true and false are written without quotes, too.
    if (kind === 'token' && bare !== undefined) return bare;
    throw notUnderstood(bare ?? '');
  }
  const number = Number(quoted ?? bare);
  if (!Number.isSafeInteger(number)) throw notUnderstood(quoted ?? bare ?? '');
  return number;
}

const COMPARISONS: Readonly<Record<Clause['operator'], (found: unknown, value: string | number) => boolean>> = {
  ':': (found, value) => String(found) === String(value),
  '~': (found, value) => String(found).toLowerCase().includes(String(value).toLowerCase()),
  '>': (found, value) => Number(found) > Number(value),
  '<': (found, value) => Number(found) < Number(value),
  '>=': (found, value) => Number(found) >= Number(value),
  '<=': (found, value) => Number(found) <= Number(value),
};

function holds({ path, operator, value }: Clause, body: object): boolean {
  const found = path.reduce<unknown>(
    (part, name) => (part as Record<string, unknown> | null | undefined)?.[name],
    body,
  );
  const absent = found === null || found === undefined;
  if (value === null || absent) return absent && value === null;
  return COMPARISONS[operator](found, value);
}

function notUnderstood(part: string): StripeError {
  return invalidRequest(
    `We were unable to parse your search query near \`${part}\`. ` +
      "It should look like `status:'succeeded' AND metadata['order']:'7'`.",
    { param: 'query' },
  );
}
