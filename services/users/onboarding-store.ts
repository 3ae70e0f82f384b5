import type { OnboardingId, UserId } from '../../contracts/ids.ts';
import type { OnboardingState } from '../../contracts/onboarding.ts';
import type { Queryable, Tx } from '../../platform/database.ts';

/** An onboarding as it is stored. */
export interface Onboarding {
  readonly id: OnboardingId;
  readonly userId: UserId;
  readonly state: OnboardingState;
  /** The legal name, as the identity check and the payout account get it. */
  readonly firstName: string;
  readonly lastName: string;
  readonly applicantId: string | null;
  readonly checkId: string | null;
  readonly checkUrl: string | null;
  /** What the identity provider said last. */
  readonly identityOutcome: string | null;
  /** Checks that ended declined or abandoned. */
  readonly attempts: number;
  /** Checks that the provider could not complete and that were begun again by themselves. */
  readonly reruns: number;
  /** Until when the check can be taken; null while none can. */
  readonly checkDueAt: Date | null;
  /** The case that a person has to decide, and until when; null when there is none, or its time has passed. */
  readonly reviewCaseId: string | null;
  readonly reviewDueAt: Date | null;
  /** What a person decided about the check as it stands. */
  readonly reviewDecision: string | null;
  readonly accountId: string | null;
  readonly transfersActive: boolean;
  /** What Stripe still asks the seller for, in its own names. */
  readonly requirements: readonly string[];
  readonly disabledReason: string | null;
  /** Until when Stripe wants what it asks for; null when it sets no deadline. */
  readonly requirementsDueAt: Date | null;
  readonly link: { readonly url: string; readonly expiresAt: Date } | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

interface Row {
  id: OnboardingId;
  user_id: UserId;
  state: OnboardingState;
  first_name: string;
  last_name: string;
  applicant_id: string | null;
  check_id: string | null;
  check_url: string | null;
  identity_outcome: string | null;
  attempts: number;
  reruns: number;
  check_due_at: Date | null;
  review_case_id: string | null;
  review_due_at: Date | null;
  review_decision: string | null;
  requirements_due_at: Date | null;
  account_id: string | null;
  transfers_active: boolean;
  requirements: string[];
  disabled_reason: string | null;
  link_url: string | null;
  link_expires_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

function fromRow(row: Row): Onboarding {
  return {
    id: row.id,
    userId: row.user_id,
    state: row.state,
    firstName: row.first_name,
    lastName: row.last_name,
    applicantId: row.applicant_id,
    checkId: row.check_id,
    checkUrl: row.check_url,
    identityOutcome: row.identity_outcome,
    attempts: row.attempts,
    reruns: row.reruns,
    checkDueAt: row.check_due_at,
    reviewCaseId: row.review_case_id,
    reviewDueAt: row.review_due_at,
    reviewDecision: row.review_decision,
    requirementsDueAt: row.requirements_due_at,
    accountId: row.account_id,
    transfersActive: row.transfers_active,
    requirements: row.requirements,
    disabledReason: row.disabled_reason,
    link:
      row.link_url === null || row.link_expires_at === null
        ? null
        : { url: row.link_url, expiresAt: row.link_expires_at },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** Named, since a statement that is planned for `*` breaks when a migration adds a column. */
const COLUMNS = `id, user_id, state, first_name, last_name, applicant_id, check_id, check_url, identity_outcome, account_id,
  transfers_active, requirements, disabled_reason, link_url, link_expires_at, created_at, updated_at, attempts, reruns, check_due_at,
  review_case_id, review_due_at, review_decision, requirements_due_at`;

/** By what an onboarding is looked up. Providers name it by their own objects. */
const KEYS = { id: 'id', userId: 'user_id', checkId: 'check_id', accountId: 'account_id' } as const;

/** @returns the onboarding, or undefined when there is none */
export async function findOnboarding(
  db: Queryable,
  key: keyof typeof KEYS,
  value: string,
): Promise<Onboarding | undefined> {
  const result = await db.query<Row>({
    name: `onboarding_by_${KEYS[key]}`,
    text: `SELECT ${COLUMNS} FROM users.onboardings WHERE ${KEYS[key]} = $1`,
    values: [value],
  });
  const row = result.rows[0];
  return row && fromRow(row);
}

/** The user's onboarding, locked until the transaction ends. */
export async function lockOnboarding(tx: Tx, userId: UserId): Promise<Onboarding | undefined> {
  const result = await tx.query<Row>({
    name: 'onboarding_lock',
    text: `SELECT ${COLUMNS} FROM users.onboardings WHERE user_id = $1 FOR UPDATE`,
    values: [userId],
  });
  const row = result.rows[0];
  return row && fromRow(row);
}

/** @returns false when the user has one already */
export async function insertOnboarding(
  tx: Tx,
  { id, userId, state, firstName, lastName, createdAt }: NewOnboarding,
): Promise<boolean> {
  const result = await tx.query({
    name: 'onboarding_insert',
    text: `INSERT INTO users.onboardings (id, user_id, state, first_name, last_name, created_at, updated_at)
           VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT DO NOTHING`,
    values: [id, userId, state, firstName, lastName, createdAt],
  });
  return result.rowCount === 1;
}

export type NewOnboarding = Pick<Onboarding, 'id' | 'userId' | 'state' | 'firstName' | 'lastName' | 'createdAt'>;

/** Writes everything about an onboarding that can change. */
export async function updateOnboarding(tx: Tx, onboarding: Onboarding): Promise<void> {
  await tx.query({
    name: 'onboarding_update',
    text: `UPDATE users.onboardings
              SET state = $2, applicant_id = $3, check_id = $4, check_url = $5, identity_outcome = $6, account_id = $7,
                  transfers_active = $8, requirements = $9, disabled_reason = $10, updated_at = $11,
                  attempts = $12, reruns = $13, check_due_at = $14, review_case_id = $15, review_due_at = $16,
                  review_decision = $17, requirements_due_at = $18
            WHERE user_id = $1`,
    values: [
      onboarding.userId,
      onboarding.state,
      onboarding.applicantId,
      onboarding.checkId,
      onboarding.checkUrl,
      onboarding.identityOutcome,
      onboarding.accountId,
      onboarding.transfersActive,
      onboarding.requirements,
      onboarding.disabledReason,
      onboarding.updatedAt,
      onboarding.attempts,
      onboarding.reruns,
      onboarding.checkDueAt,
      onboarding.reviewCaseId,
      onboarding.reviewDueAt,
      onboarding.reviewDecision,
      onboarding.requirementsDueAt,
    ],
  });
}

/** Keeps the link to the payment provider's form for as long as it is good. */
export async function storeLink(
  db: Queryable,
  id: OnboardingId,
  link: { url: string; expiresAt: Date },
): Promise<void> {
  await db.query({
    name: 'onboarding_store_link',
    text: 'UPDATE users.onboardings SET link_url = $2, link_expires_at = $3 WHERE id = $1',
    values: [id, link.url, link.expiresAt],
  });
}

/** Changes the legal name, as long as the identity provider does not know the person yet. */
export async function correctName(
  tx: Tx,
  { userId, firstName, lastName }: Pick<Onboarding, 'userId' | 'firstName' | 'lastName'>,
): Promise<void> {
  await tx.query({
    name: 'onboarding_correct_name',
    text: `UPDATE users.onboardings SET first_name = $2, last_name = $3, updated_at = now()
            WHERE user_id = $1 AND applicant_id IS NULL AND (first_name, last_name) IS DISTINCT FROM ($2, $3)`,
    values: [userId, firstName, lastName],
  });
}
