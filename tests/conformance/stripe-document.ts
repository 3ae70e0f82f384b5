import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Ajv, type ValidateFunction } from 'ajv';
import { decodeForm, type FormGroup, type FormValue } from '../../sandbox/stripe-api/form.ts';

/** Stripe publishes its OpenAPI document inside this module; 0.203.0 carries the version that stripe-node 22.6.2 speaks. */
const MODULE = 'github.com/stripe/stripe-mock@v0.203.0';
const SHA256 = 'f0e0fc8fffbffda45bf5f3df59846443c1d47a3cfcbfae232eedf4743124ebee';
const DOWNLOAD_TIMEOUT_MS = 60_000;

/** References inside the document name a kind of object; as names of schemas they read `stripe:charge`. */
const KIND = 'stripe:';

type Schema = { readonly [keyword: string]: unknown };

interface DocumentedOperation {
  readonly parameters?: readonly { name: string; in: string; required?: boolean; schema: Schema }[];
  readonly requestBody?: { content: Record<string, { schema: Schema } | undefined> };
  readonly responses: Record<string, { content?: Record<string, { schema: Schema } | undefined> } | undefined>;
}

interface OpenApi {
  readonly info: { readonly version: string };
  readonly components: { readonly schemas: Record<string, Schema> };
  readonly paths: Record<string, Record<string, DocumentedOperation | undefined> | undefined>;
}

/** What is wrong with a message, in words; empty when nothing is. */
export type Violations = readonly string[];

/** Stripe's own description of its API, as a judge. */
export interface StripeDocument {
  readonly version: string;
  /** The documented path that a real one is an instance of: `/v1/charges/{charge}`. */
  pathOf(method: string, path: string): string | undefined;
  /** The schema of everything an operation takes: its form, or the parameters of its query. */
  input(method: string, template: string): Schema;
  checkRequest(method: string, template: string, encoded: string): Violations;
  checkResponse(method: string, template: string, status: number, body: unknown): Violations;
  /** Checks an object by its own kind, as in the `data` of an event. */
  checkObject(kind: string, body: unknown): Violations;
}

/**
 * Brings the document to this machine and loads it.
 * @throws Error when the module cannot be had, or is not the one we know
 */
export async function loadStripeDocument(): Promise<StripeDocument> {
  const run = promisify(execFile);
  const { stdout } = await run('go', ['mod', 'download', '-json', MODULE], {
    timeout: DOWNLOAD_TIMEOUT_MS,
    // Outside any Go module, so that no go.mod is looked for or changed.
    cwd: tmpdir(),
  });
  const { Dir: folder } = JSON.parse(stdout) as { Dir: string };
  const text = await readFile(join(folder, 'embedded/openapi/spec3.json'));
  const digest = createHash('sha256').update(text).digest('hex');
  if (digest !== SHA256) throw new Error(`${MODULE} carries another document than expected (sha256 ${digest})`);
  return judge(JSON.parse(text.toString('utf8').replaceAll('"#/components/schemas/', `"${KIND}`)) as OpenApi);
}

function judge(document: OpenApi): StripeDocument {
  const strict = new Ajv({ strict: false, allErrors: true, validateFormats: false, inlineRefs: false });
  // Each kind of object is a schema of its own, so that each is compiled once however many refer to it.
  for (const [kind, schema] of Object.entries(document.components.schemas)) {
    strict.addSchema(asJsonSchema(schema), `${KIND}${kind}`);
  }
  // A form carries texts only: the schema says which of them are numbers.
  const forms = new Ajv({ strict: false, allErrors: true, validateFormats: false, coerceTypes: true });
  const compiled = new Map<string, ValidateFunction>();
  const compile = (name: string, schema: () => Schema, ajv = strict): ValidateFunction => {
    const known = compiled.get(name) ?? ajv.compile(schema());
    compiled.set(name, known);
    return known;
  };
  const operation = (method: string, template: string): DocumentedOperation => {
    const found = document.paths[template]?.[method.toLowerCase()];
    if (found === undefined) throw new Error(`Stripe's document has no ${method} ${template}`);
    return found;
  };
  const input = (method: string, template: string): Schema => inputOf(method, operation(method, template));
  return {
    version: document.info.version,
    pathOf: (method, path) => matchingPath(document, method, path),
    input,
    checkRequest: (method, template, encoded) => {
      const validate = compile(`${method} ${template} <`, () => input(method, template), forms);
      return inWords(validate, asJson(decodeForm(encoded)));
    },
    checkResponse: (method, template, status, body) => {
      const validate = compile(`${method} ${template} > ${status < 300}`, () => {
        const { responses } = operation(method, template);
        const answer = status < 300 ? responses['200'] : responses['default'];
        return asJsonSchema(answer?.content?.['application/json']?.schema ?? { not: {} });
      });
      return inWords(validate, body);
    },
    checkObject: (kind, body) => {
      const validate = compile(kind, () => ({ $ref: `${KIND}${kind}` }));
      return inWords(validate, body);
    },
  };
}

function inputOf(method: string, operation: DocumentedOperation): Schema {
  if (method === 'POST') {
    const { content } = operation.requestBody ?? { content: {} };
    const form = content['application/x-www-form-urlencoded'] ?? content['multipart/form-data'];
    return form?.schema ?? { type: 'object' };
  }
  const query = (operation.parameters ?? []).filter((parameter) => parameter.in === 'query');
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(query.map((parameter) => [parameter.name, parameter.schema])),
  };
}

/** The documented path with the most literal segments wins: `/v1/account` is no account's id. */
function matchingPath(document: OpenApi, method: string, path: string): string | undefined {
  const segments = path.split('/');
  const fits = (template: string) => {
    const parts = template.split('/');
    return parts.length === segments.length && parts.every((part, at) => part.startsWith('{') || part === segments[at]);
  };
  return Object.keys(document.paths)
    .filter((template) => document.paths[template]?.[method.toLowerCase()] !== undefined && fits(template))
    .toSorted((left, right) => left.split('{').length - right.split('{').length)[0];
}

/** OpenAPI 3.0 says `nullable` where JSON Schema has a type of its own. */
function asJsonSchema(schema: Schema): Schema;
function asJsonSchema(schema: unknown): unknown;
function asJsonSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map((item) => asJsonSchema(item));
  if (schema === null || typeof schema !== 'object') return schema;
  const { nullable, ...rest } = schema as { nullable?: unknown };
  const converted = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, asJsonSchema(value)]));
  return nullable === true ? { anyOf: [converted, { type: 'null' }] } : converted;
}

/** A decoded form as JSON: groups whose names are positions are lists. */
function asJson(form: FormGroup): unknown {
  const entries = [...form.entries()];
  const value = (item: FormValue) => (typeof item === 'string' ? item : asJson(item));
  if (entries.length > 0 && entries.every(([name]) => /^\d+$/.test(name)))
    return entries.map(([, item]) => value(item));
  return Object.fromEntries(entries.map(([name, item]) => [name, value(item)]));
}

function inWords(validate: ValidateFunction, value: unknown): Violations {
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    (error) => `${error.instancePath || '/'} ${error.message} ${JSON.stringify(error.params)}`,
  );
}
