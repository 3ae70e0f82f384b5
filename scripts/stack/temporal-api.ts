import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import proto from '@temporalio/proto';
import { ensureNamespace } from '../../platform/temporal/search-attributes.ts';
import { messageOf, StartError } from './problems.ts';
import { SEARCH_ATTRIBUTE_TYPES, type SearchAttributeType, type TemporalDevConfig } from './temporal-dev-config.ts';

/** Whether the server answers for this namespace. */
export async function serves(address: string, namespace: string): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: 1_000 });
  try {
    await connection.workflowService.describeNamespace({ namespace });
    return true;
  } finally {
    await connection.close();
  }
}

/** Makes the namespace of a stack if it is missing. */
export async function makeNamespace(address: string, namespace: string): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: 1_000 });
  try {
    await ensureNamespace(connection, namespace, '3 days');
  } finally {
    await connection.close();
  }
}

/** Whether the server can look into its histories: it takes some seconds longer than to answer at all. */
export async function findsWorkflows(address: string, namespace: string): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: 1_000 });
  try {
    const client = new Client({ connection, namespace });
    await client.workflow.getHandle('there-is-no-such-workflow').describe();
    return true;
  } catch (error) {
    return error instanceof WorkflowNotFoundError;
  } finally {
    await connection.close();
  }
}

const { IndexedValueType } = proto.temporal.api.enums.v1;
/** How the server's API numbers the types. */
const TYPE_CODES: Readonly<Record<SearchAttributeType, proto.temporal.api.enums.v1.IndexedValueType>> = {
  Bool: IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
  Datetime: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
  Double: IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
  Int: IndexedValueType.INDEXED_VALUE_TYPE_INT,
  Keyword: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  KeywordList: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
  Text: IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
};

/** The types of search attributes as the server's API wants them. */
export function searchAttributeCodes(
  attributes: TemporalDevConfig['searchAttributes'],
): Record<string, proto.temporal.api.enums.v1.IndexedValueType> {
  return Object.fromEntries(Object.entries(attributes).map(([name, type]) => [name, TYPE_CODES[type]]));
}

/**
 * Declares the search attributes that are missing. Safe to repeat.
 * @throws StartError when one is there with another type: it cannot be changed
 */
export async function declareSearchAttributes(
  address: string,
  namespace: string,
  wanted: TemporalDevConfig['searchAttributes'],
): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: 5_000 });
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    const missing: Record<string, SearchAttributeType> = {};
    for (const [name, type] of Object.entries(wanted)) {
      const present = customAttributes[name];
      if (present === undefined) missing[name] = type;
      else if (present !== TYPE_CODES[type]) {
        const has = SEARCH_ATTRIBUTE_TYPES.find((candidate) => TYPE_CODES[candidate] === present) ?? 'another type';
        throw new StartError(
          `has the search attribute ${name} as ${has}, but temporal-dev.yml says ${type}. A type cannot be changed: give it a new name, or delete all data with: npm start -- --reset`,
        );
      }
    }
    if (Object.keys(missing).length > 0) {
      await connection.operatorService.addSearchAttributes({
        namespace,
        searchAttributes: searchAttributeCodes(missing),
      });
    }
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new Error(`search attributes could not be declared: ${messageOf(error)}`, { cause: error });
  } finally {
    await connection.close();
  }
}
