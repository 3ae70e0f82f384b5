import { expect } from 'vitest';
import type { PurchaseId } from '../../contracts/ids.ts';
import { openDatabase } from '../../platform/database.ts';
import { createLogger } from '../../platform/logging.ts';
import { findPurchase, purchaseBalances } from '../../services/transactions/index.ts';
import { ACCOUNTS, SOURCES } from '../../services/transactions/money.ts';
import { type PurchaseBody, sandboxLog } from './purchases.ts';
import { stack } from './stack.ts';

/** What moves money at Stripe, and how often it may have: once, unless told. */
export type TimesMoved = Readonly<Partial<Record<'transfer' | 'reversal' | 'refund', number>>>;

/** Row, ledger and the sandbox's own log tell the same. */
export async function expectEqualBooks(purchase: PurchaseBody, times: TimesMoved = {}): Promise<void> {
  const database = openDatabase({
    url: stack().databases.app,
    maxConnections: 2,
    applicationName: 'judge',
    log: createLogger({ role: 'test', level: 'error' }),
  });
  try {
    const row = await findPurchase(database, purchase.id as PurchaseId);
    const balances = await purchaseBalances(database, purchase.id);
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
  expect(log.filter(({ kind }) => kind === 'capture').length).toBe(purchase.money.captured > 0 ? 1 : 0);
  for (const move of ['transfer', 'reversal', 'refund'] as const) {
    expect(log.filter(({ kind }) => kind === move).length, move).toBeLessThanOrEqual(times[move] ?? 1);
  }
}
