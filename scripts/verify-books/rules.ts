/**
 * What has to be so of every purchase: the invariants I1, I2 and I3 of the platform, each as a rule that looks at what was
 * written down and names what is wrong.
 */

import { bankRules } from './bank-rules.ts';
import { debtRules } from './debt-rules.ts';
import { discountRules } from './discount-rules.ts';
import { disputeRules } from './dispute-rules.ts';
import type { Difference, PurchaseFacts } from './facts.ts';
import { ledgerRules } from './ledger-rules.ts';
import { providerRules } from './provider-rules.ts';
import { recordRules } from './record-rules.ts';
import { timeRules } from './time-rules.ts';

/** What a rule finds wrong, without the name of the purchase and its own. */
export type Finding = Pick<Difference, 'what' | 'expected' | 'found'>;

export interface Moment {
  readonly nowMs: number;
  /** How late something may be that is about to happen. */
  readonly graceMs: number;
}

export type Rule = (facts: PurchaseFacts, moment: Moment) => Finding[];

/** All of them, by their names. */
export const RULES: Readonly<Record<string, Rule>> = {
  ...ledgerRules,
  ...providerRules,
  ...recordRules,
  ...bankRules,
  ...debtRules,
  ...disputeRules,
  ...discountRules,
  ...timeRules,
};

/** @param except the rules that are left out */
export function judge(facts: PurchaseFacts, moment: Moment, except: readonly string[] = []): Difference[] {
  return Object.entries(RULES)
    .filter(([rule]) => !except.includes(rule))
    .flatMap(([rule, look]) => look(facts, moment).map((finding) => ({ purchaseId: facts.row.id, rule, ...finding })));
}
