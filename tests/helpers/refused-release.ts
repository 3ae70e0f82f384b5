import type { PurchaseId } from '../../contracts/ids.ts';
import type { Database } from '../../platform/database.ts';
import { post } from '../../services/transactions/index.ts';

/**
 * From now on the release of a purchase meets a posting of its own with other figures, and is refused as nothing that rules or
 * providers say is: a person is needed. The sums of the ledger stay as they were.
 */
export async function refuseRelease(database: Database, purchaseId: PurchaseId): Promise<void> {
  const common = { source: `purchase/${purchaseId}`, ordinal: 1, currency: 'EUR', purchaseId, cause: 'test' };
  const there = [
    { account: 'held', amount: 1 },
    { account: 'payable', amount: -1 },
  ] as const;
  const back = there.map(({ account, amount }) => ({ account, amount: -amount }));
  await database.transaction((tx) => post(tx, { ...common, step: 'releaseToSeller', entries: there }));
  await database.transaction((tx) => post(tx, { ...common, step: 'test', entries: back }));
}
