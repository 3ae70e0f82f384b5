/**
 * What people write in a dispute. It may be about somebody's health, so it is stored encrypted, and apart: histories, events
 * and the audit trail name it by its id.
 */
import type { PurchaseId, UserId } from '../../contracts/ids.ts';
import type { FieldCipher } from '../../platform/crypto.ts';
import type { Queryable } from '../../platform/database.ts';

const contextOf = (id: string): string[] => ['disputes.statements', 'words', id];

/** Keeps a text, once. @param id the same for every repeat of the request that it came with */
export async function putStatement(
  db: Queryable,
  cipher: FieldCipher,
  { id, purchaseId, authorId, words }: { id: string; purchaseId: PurchaseId; authorId: UserId; words: string },
): Promise<void> {
  await db.query({
    name: 'statement_put',
    text: `INSERT INTO disputes.statements (id, purchase_id, author_id, words) VALUES ($1, $2, $3, $4)
           ON CONFLICT (id) DO NOTHING`,
    values: [id, purchaseId, authorId, cipher.encrypt(words, contextOf(id))],
  });
}

/** Forgets a text that came with a request that was refused; one that is referred to stays. */
export async function dropStatement(db: Queryable, id: string): Promise<void> {
  await db.query({
    name: 'statement_drop',
    text: `DELETE FROM disputes.statements s WHERE id = $1
              AND NOT EXISTS (SELECT FROM disputes.disputes WHERE statement_id = s.id)
              AND NOT EXISTS (SELECT FROM disputes.offers WHERE statement_id = s.id)
              AND NOT EXISTS (SELECT FROM disputes.rulings WHERE statement_id = s.id)
              AND NOT EXISTS (SELECT FROM disputes.remarks WHERE statement_id = s.id)`,
    values: [id],
  });
}

/** The texts with these ids. */
export async function readStatements(
  db: Queryable,
  cipher: FieldCipher,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await db.query<{ id: string; words: Buffer }>({
    name: 'statement_read',
    text: 'SELECT id, words FROM disputes.statements WHERE id = ANY ($1)',
    values: [ids],
  });
  return new Map(rows.map(({ id, words }) => [id, cipher.decrypt(words, contextOf(id))]));
}
