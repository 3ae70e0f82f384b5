import type { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../../contracts/search-attributes.ts';

/** The subset of the operator API that search attributes need; clients' and workers' connections both have it. */
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
  const wrong = SEARCH_ATTRIBUTES.filter(({ name, type }) => customAttributes[name] !== TYPE_NUMBERS[type]);
  if (wrong.length === 0) return;
  const commands = wrong.map(
    ({ name, type }) =>
      `  temporal operator search-attribute create --namespace ${namespace} --name ${name} --type ${type}`,
  );
  throw new Error(`These search attributes are missing or of another type. Declare them:\n${commands.join('\n')}`);
}
