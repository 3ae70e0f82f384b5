import { expect } from 'vitest';
import type { PurchaseId } from '../../contracts/ids.ts';
import { openDatabase } from '../../platform/database.ts';
import { createLogger } from '../../platform/logging.ts';
import { findPurchase, purchaseBalances } from '../../services/transactions/index.ts';
import { ACCOUNTS, SOURCES } from '../../services/transactions/money.ts';
import { type PurchaseBody, sandboxLog } from './purchases.ts';
import { stack } from './stack.ts';

/** Row, ledger and the sandbox's own log tell the same. */
export async function expectEqualBooks(purchase: PurchaseBody): Promise<void> {
  const database = openDatabase({
    url: stack().databases.app,
    maxConnections: 2,
    applicationName: 'judge',
    log: createLogger({ role: 'test', level: 'error' }),
  });
  let disputeFees = 0;
  try {
    const row = await findPurchase(database, purchase.id as PurchaseId);
    const balances = await purchaseBalances(database, purchase.id);
    disputeFees = balances.disputeFees ?? 0;
    for (const account of ACCOUNTS) {
      const sign = (SOURCES as readonly string[]).includes(account) ? 1 : -1;
      expect((balances[account] ?? 0) * sign + 0, account).toBe(row?.books[account]);
      expect(purchase.money[account], account).toBe(row?.books[account]);
    }
  } finally {
    await database.close();
  }
  const log = await sandboxLog({ transferGroup: purchase.id });
  const sum = (kind: string): number =>
    log.filter((entry) => entry.kind === kind).reduce((total, { amount }) => total + amount, 0);
  expect(sum('capture')).toBe(purchase.money.captured);
  expect(sum('transfer') - sum('reversal')).toBe(purchase.money.transferred);
  expect(sum('refund') - sum('refund_failed')).toBe(purchase.money.refunded);
  expect(sum('dispute_withdrawn') - sum('dispute_reinstated'), 'charged back').toBe(purchase.money.chargedBack);
  expect(sum('dispute_fee') - sum('dispute_fee_returned'), 'fees of disputes').toBe(disputeFees);
  expect(log.filter(({ kind }) => kind === 'capture').length).toBe(purchase.money.captured > 0 ? 1 : 0);
  for (const once of ['transfer', 'reversal', 'refund']) {
    expect(log.filter(({ kind }) => kind === once).length, once).toBeLessThanOrEqual(1);
  }
}
