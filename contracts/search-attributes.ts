import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/**
 * The search attributes by which staff find workflows. Ids and states only: the visibility store is not encrypted.
 * `temporal-dev.yml` lists the same ones for the local server, and the worker refuses to start when one is missing.
 */
export const PURCHASE_STATE = defineSearchAttributeKey('PurchaseState', SearchAttributeType.KEYWORD);
export const ONBOARDING_STATE = defineSearchAttributeKey('OnboardingState', SearchAttributeType.KEYWORD);
export const BUYER_ID = defineSearchAttributeKey('BuyerId', SearchAttributeType.KEYWORD);
export const SELLER_ID = defineSearchAttributeKey('SellerId', SearchAttributeType.KEYWORD);
/** What a dispute is about. */
export const DISPUTE_REASON = defineSearchAttributeKey('DisputeReason', SearchAttributeType.KEYWORD);
/** When the flow will next move on by itself. */
export const DEADLINE_AT = defineSearchAttributeKey('DeadlineAt', SearchAttributeType.DATETIME);

/** What keeps a purchase from going on: `staff_pause`, `chargeback`, `transfer_blocked`, `needs_person`. Absent when nothing does. */
export const PURCHASE_HOLDS = defineSearchAttributeKey('PurchaseHolds', SearchAttributeType.KEYWORD_LIST);

export const SEARCH_ATTRIBUTES = [
  PURCHASE_STATE,
  ONBOARDING_STATE,
  BUYER_ID,
  SELLER_ID,
  DISPUTE_REASON,
  DEADLINE_AT,
  PURCHASE_HOLDS,
] as const;
