/** The face of the transactions service: opening a purchase, taking its steps, reading it. */

export { type Explanation, explain } from './explain.ts';
export {
  type BooksDifference,
  booksDifferences,
  overdueFigures,
  type PurchaseFigures,
  purchaseFigures,
} from './figures.ts';
export {
  type LedgerPosting,
  type Posting,
  PostingConflict,
  post,
  postAll,
  postingsOf,
  purchaseBalances,
} from './ledger.ts';
export { chartOf } from './ledger-accounts.ts';
export { type EntryAtStripe, entriesAbout, referencesPosted } from './ledger-at-stripe.ts';
export { type AccountBalance, accountBalances, takeSnapshot } from './ledger-balances.ts';
export { CHECKED, type Checked, checkLedger, type LedgerCheck, MAX_DIFFERENCES } from './ledger-check.ts';
export { fitsHoldLimit, loadPolicy, type Policy } from './policy.ts';
export type { KeyEpoch, Pause, Purchase, Side, Slot } from './purchase-record.ts';
export { type PurchaseSearch, searchPurchases } from './search.ts';
export { commitStep, type NewPurchase, openPurchase, remind, type StepChange, type StepKey } from './steps.ts';
export {
  blockedPurchases,
  findPurchase,
  findPurchaseOfIntent,
  listPurchases,
  overduePurchases,
  storeKeyEpoch,
} from './store.ts';
export { type PurchaseStory, readAsStaff, readNotesAsStaff } from './story.ts';
export {
  addStaffNote,
  countStaffWords,
  listStaffNotes,
  type StaffNote,
  takeTyped,
  writeStaffWords,
} from './support.ts';
export { type StaffTimelineEntry, type TimelineEntry, timelineOf } from './timeline.ts';
