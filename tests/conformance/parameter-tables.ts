import type { Operation } from '../../sandbox/stripe-api/operation.ts';
import type { Parameter, ParameterTable } from '../../sandbox/stripe-api/parameters.ts';
import type { StripeDocument, Violations } from './stripe-document.ts';

interface InputSchema {
  readonly properties?: Readonly<Record<string, InputSchema>>;
  readonly anyOf?: readonly InputSchema[];
}

/**
 * Compares the parameters an operation knows with Stripe's document: each of them exists there, and each one there is
 * either read or refused by name. Groups are compared in the same way, as far down as the sandbox reads them.
 */
export function checkParameters(document: StripeDocument, operation: Operation): Violations {
  const schema = document.input(operation.method, operation.path) as InputSchema;
  const at = `${operation.method} ${operation.path}`;
  return compare(at, operation.parameters, operation.unmodelled ?? [], schema, ['expand']);
}

function compare(
  at: string,
  table: ParameterTable,
  unmodelled: readonly string[],
  schema: InputSchema,
  implied: readonly string[],
): Violations {
  const documented = membersOf(schema);
  const known = new Set([...Object.keys(table), ...unmodelled, ...implied]);
  const missing = Object.keys(documented).filter((name) => !known.has(name));
  const invented = [...Object.keys(table), ...unmodelled].filter((name) => documented[name] === undefined);
  return [
    ...missing.map((name) => `${at}: Stripe documents ${name}, the sandbox calls it unknown`),
    ...invented.map((name) => `${at}: the sandbox knows ${name}, which Stripe does not document`),
    ...Object.entries(table).flatMap(([name, parameter]) => compareGroup(`${at} ${name}`, parameter, documented[name])),
  ];
}

function compareGroup(at: string, parameter: Parameter<unknown>, schema: InputSchema | undefined): Violations {
  if (parameter.members === undefined || schema === undefined) return [];
  return compare(at, parameter.members, parameter.unmodelled ?? [], schema, []);
}

function membersOf(schema: InputSchema): Readonly<Record<string, InputSchema>> {
  return schema.properties ?? Object.assign({}, ...(schema.anyOf ?? []).map((choice) => membersOf(choice)));
}
