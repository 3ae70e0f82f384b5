/** Disputes under a clock that jumps. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { PurchaseId, UserId } from '../../contracts/ids.ts';
import { createFieldCipher } from '../../platform/crypto.ts';
import { putStatement } from '../../services/disputes/index.ts';
import type { Travel } from './travel.ts';

/** What somebody wrote, as the API leaves it. @returns its id */
export async function placeStatement({ database }: Travel, purchaseId: PurchaseId, authorId: UserId): Promise<string> {
  const id = `sta_${randomUUID().replaceAll('-', '')}`;
  await putStatement(database, createFieldCipher(randomBytes(32)), { id, purchaseId, authorId, words: 'Words.' });
  return id;
}
