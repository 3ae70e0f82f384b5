/** What people write in a dispute: stored encrypted before the workflow hears of it, forgotten when that refuses it. */
import type { PurchaseId } from '../../contracts/ids.ts';

import { Problem } from '../../platform/errors.ts';
import { idFrom } from '../../platform/ids.ts';
import { dropStatement, putStatement } from '../../services/disputes/index.ts';
import type { ApiDeps } from '../deps.ts';
import type { Request } from '../route.ts';

/** What a command with a text needs. */
export type Writing = Pick<ApiDeps, 'database' | 'texts'>;

/**
 * Sends a command that comes with a text. @param words undefined when nothing was written
 * @param send given where the text lies
 */
export async function withStatement<T>(
  { database, texts }: Writing,
  { caller, operationUuid }: Pick<Request, 'caller' | 'operationUuid'>,
  purchaseId: PurchaseId,
  words: string | undefined,
  send: (statement: { readonly statementId?: string }) => Promise<T>,
): Promise<T> {
  if (words === undefined) return send({});
  const id = idFrom('sta', operationUuid);
  await putStatement(database, texts, { id, purchaseId, authorId: caller().userId, words });
  try {
    return await send({ statementId: id });
  } catch (error) {
    // Refused for good: nothing is kept of it. What may still come through keeps its text.
    if (error instanceof Problem && error.status < 500 && error.code !== 'IN_PROGRESS')
      await dropStatement(database, id);
    throw error;
  }
}
