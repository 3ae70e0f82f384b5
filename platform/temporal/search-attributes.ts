import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, isGrpcServiceError } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../../contracts/search-attributes.ts';

/** The subset of the operator API that is needed; clients' and workers' connections both have it. */
type Operator = Pick<Connection, 'operatorService'>;

const { IndexedValueType } = proto.temporal.api.enums.v1;

/** The server's number for each type of search attribute. */
const TYPE_NUMBERS: Readonly<Record<string, number>> = {
  TEXT: IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
  KEYWORD: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  INT: IndexedValueType.INDEXED_VALUE_TYPE_INT,
  DOUBLE: IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
  BOOL: IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
  DATETIME: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
  KEYWORD_LIST: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
};

/**
 * Makes sure that every search attribute is there: a workflow that sets one the server does not know hangs for ever.
 * @throws Error naming each that is missing or of another type, and how to declare it
 */
export async function requireSearchAttributes({ operatorService }: Operator, namespace: string): Promise<void> {
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  refuse(
    SEARCH_ATTRIBUTES.filter(({ name, type }) => customAttributes[name] !== TYPE_NUMBERS[type]),
    namespace,
  );
}

function refuse(wrong: readonly (typeof SEARCH_ATTRIBUTES)[number][], namespace: string): void {
  if (wrong.length === 0) return;
  const commands = wrong.map(
    ({ name, type }) =>
      `  temporal operator search-attribute create --namespace ${namespace} --name ${name} --type ${type}`,
  );
  throw new Error(`These search attributes are missing or of another type. Declare them:\n${commands.join('\n')}`);
}

/** A server that has just been told of a namespace knows it a little later, and each of its replicas for itself. */
const NEWS_TIMEOUT_MS = 30_000;
const NEWS_INTERVAL_MS = 500;

/**
 * Declares the search attributes that are missing. Safe to repeat, also right after the namespace was made.
 * @throws Error as {@link requireSearchAttributes} when one is there with another type
 */
export async function declareSearchAttributes({ operatorService }: Operator, namespace: string): Promise<void> {
  const { customAttributes } = await onceKnown(() => operatorService.listSearchAttributes({ namespace }));
  const isMissing = ({ name }: { readonly name: string }): boolean => customAttributes[name] === undefined;
  const missing = SEARCH_ATTRIBUTES.filter(isMissing);
  // Not asked for again afterwards: a server tells what it has cached, for up to a minute.
  refuse(
    SEARCH_ATTRIBUTES.filter((key) => !isMissing(key) && customAttributes[key.name] !== TYPE_NUMBERS[key.type]),
    namespace,
  );
  if (missing.length === 0) return;
  const searchAttributes = Object.fromEntries(missing.map(({ name, type }) => [name, TYPE_NUMBERS[type] ?? 0]));
  await onceKnown(() => operatorService.addSearchAttributes({ namespace, searchAttributes }));
}

/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;

/** Makes the namespace if it is missing. @param retention how long it keeps workflows that have ended, as `30 days` */
export async function ensureNamespace(
  { workflowService }: Pick<Connection, 'workflowService'>,
  namespace: string,
  retention: '3 days' | '30 days',
): Promise<void> {
  const isKnown = async (): Promise<boolean> => {
    try {
      await workflowService.describeNamespace({ namespace });
      return true;
    } catch (error) {
      if (codeOf(error) !== NOT_FOUND) throw error;
      return false;
    }
  };
  if (!(await isKnown())) {
    const workflowExecutionRetentionPeriod = msToTs(retention);
    await workflowService
      .registerNamespace({ namespace, workflowExecutionRetentionPeriod })
      .catch((refusal: unknown) => {
        // Somebody else was faster.
        if (codeOf(refusal) !== ALREADY_EXISTS) throw refusal;
      });
  }
}

async function onceKnown<T>(ask: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + NEWS_TIMEOUT_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (codeOf(error) !== NOT_FOUND || performance.now() > deadline) throw error;
    }
    await sleep(NEWS_INTERVAL_MS);
  }
}

function codeOf(error: unknown): number | undefined {
  return isGrpcServiceError(error) ? error.code : undefined;
}
