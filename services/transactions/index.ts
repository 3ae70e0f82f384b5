/** The face of the transactions service: opening a purchase, taking its steps, reading it. */

export { type Archived, archivedPurchases, countArchives } from './archive.ts';
export type { Unfinished } from './begun-rules.ts';
export {
  type ChargebackAnswer,
  noteAnswer,
  noteAsked,
  noteSubmission,
  wasAccepted,
  wasAsked,
  wasSubmittedFor,
} from './chargeback-orders.ts';
export {
  type ChargebackEnd,
  type ChargebackOutcome,
  chargebacksOf,
  chargebackToSettle,
  giveUpEvidence,
  noteChargeback,
  noteFunds,
  noteTopUpReversed,
  remindOfEvidence,
  type SeenChargeback,
  type StoredChargeback,
  settleChargeback,
} from './chargebacks.ts';
export { type DisputeNow, type Explanation, explain } from './explain.ts';
export {
  type BooksDifference,
  booksDifferences,
  firstPurchaseAt,
  overdueFigures,
  type PurchaseFigures,
  purchaseFigures,
} from './figures.ts';
export { type Invoice, issueInvoice } from './invoices.ts';
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
export {
  isTopUpBlocked,
  isTopUpDue,
  type KeyEpoch,
  type OpenDispute,
  type Pause,
  type Purchase,
  type Side,
  type Slot,
  unblocked,
} from './purchase-record.ts';
export {
  giveBackReservation,
  insertReceivable,
  owedBy,
  reserveRecovery,
  takeFromReceivables,
} from './receivables.ts';
export {
  findRefund,
  insertRefund,
  MAX_REFUNDS,
  REFUND_STEP,
  type Refund,
  refundStepOf,
  refundsOf,
  setRefundStatus,
  wasSplit,
} from './refunds.ts';
export { effectOfRuling, type RulingEffect } from './ruling-effect.ts';
export { type PurchaseSearch, searchPurchases } from './search.ts';
export { type SellerBooks, sellerBooks } from './seller-books.ts';
export { type Statement, statementMonths, statementOf } from './statements.ts';
export {
  commandStep,
  commitStep,
  type NewPurchase,
  openPurchase,
  remind,
  type StepChange,
  type StepKey,
} from './steps.ts';
export {
  blockedPurchases,
  endBeginning,
  findPurchase,
  findPurchaseOfIntent,
  listPurchases,
  overduePurchases,
  storeBeginning,
  storeKeyEpoch,
  takeStep,
  wasTaken,
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
