/** Everything that the judge has to find, and what only looks like it; by what was doctored. */
import { BANKS, EXCUSED_BANKS } from './doctored-banks.ts';
import { DISPUTES, EXCUSED_DISPUTES } from './doctored-disputes.ts';
import { DISCOUNTS, MONEY } from './doctored-money.ts';
import { RECORDS } from './doctored-records.ts';
import { EXCUSED_TIME, TIME } from './doctored-time.ts';
import type { PurchaseFacts } from './facts.ts';

/** A purchase that is well but for one place. */
export interface Doctored {
  /** What finds it. */
  readonly rule: string;
  readonly what: string;
  readonly facts: PurchaseFacts;
}

/** What looks as if it were late or lost, and is not: the rule finds nothing. */
export type Excused = readonly [what: string, rule: string, facts: PurchaseFacts];

export const DOCTORED: readonly Doctored[] = [...MONEY, ...RECORDS, ...BANKS, ...DISPUTES, ...TIME, ...DISCOUNTS];
export const EXCUSED: readonly Excused[] = [...EXCUSED_BANKS, ...EXCUSED_DISPUTES, ...EXCUSED_TIME];
