import { readFileSync } from 'node:fs';
import { isMap, isNode, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { codeOf, StartError } from './problems.ts';

/** The types a search attribute can have (https://docs.temporal.io/search-attribute). */
export const SEARCH_ATTRIBUTE_TYPES = ['Bool', 'Datetime', 'Double', 'Int', 'Keyword', 'KeywordList', 'Text'] as const;
export type SearchAttributeType = (typeof SEARCH_ATTRIBUTE_TYPES)[number];

const port = z.number().int().min(1).max(65_535);

const schema = z.strictObject({
  namespace: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/, 'letters, digits, dots, dashes and underscores'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']),
  ports: z.strictObject({ frontend: port, ui: port }),
  ui: z.strictObject({ enabled: z.boolean(), codecEndpoint: z.url({ protocol: /^https?$/ }) }),
  dataFile: z.string().regex(/^[\w-][\w.-]{0,99}$/, "a plain file's name: it lies in the data folder"),
  searchAttributes: z.record(
    z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,62}$/, 'a name of letters and digits'),
    z.enum(SEARCH_ATTRIBUTE_TYPES),
  ),
  dynamicConfig: z.record(
    z.string().regex(/^[A-Za-z]+(\.[A-Za-z0-9]+)+$/, 'a dotted key'),
    z.union([z.boolean(), z.number(), z.string(), z.record(z.string(), z.unknown())]),
  ),
});

/** What `temporal-dev.yml` says. Ports are as written there, before `PORT_OFFSET`. */
export type TemporalDevConfig = z.output<typeof schema>;

/**
 * Reads and checks the description of the dev server.
 * @throws StartError naming file and line of everything that is wrong
 */
export function loadTemporalDevConfig(path: string): TemporalDevConfig {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new StartError(`${path} is missing. Restore it: git checkout ${path}`);
    throw error;
  }
  return parseTemporalDevConfig(text, path);
}

/** @throws StartError as {@link loadTemporalDevConfig} */
export function parseTemporalDevConfig(text: string, path: string): TemporalDevConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (offset: number): string => `${path}:${lines.linePos(offset).line}`;
  if (document.errors.length > 0) {
    // The message goes on with an excerpt after its first line.
    const found = document.errors.map((error) => `${at(error.pos[0])}: ${error.message.split('\n')[0]}`);
    throw new StartError(found.join('\n'));
  }
  const result = schema.safeParse(document.toJS());
  if (result.success) return result.data;
  const complaints = result.error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => {
        const name = [...issue.path, key];
        return `${at(offsetOf(document, name))}: unknown key "${name.join('.')}". Remove it or mend its spelling.`;
      });
    }
    return [`${at(offsetOf(document, issue.path))}: "${issue.path.join('.')}": ${issue.message}.`];
  });
  throw new StartError(complaints.join('\n'));
}

/** Where the pair with this path stands; for one that is missing, where its nearest ancestor does. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const name = path[length - 1];
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const key = keysOf(parent).find((candidate) => String(candidate) === String(name));
    if (isNode(key) && key.range != null) return key.range[0];
  }
  return 0;
}

function keysOf(node: unknown): unknown[] {
  return isMap(node) ? node.items.map((item) => item.key) : [];
}
