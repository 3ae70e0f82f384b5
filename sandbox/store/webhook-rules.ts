import type { Tx } from './database.ts';

export const WEBHOOK_ACTIONS = ['duplicate', 'delay', 'drop', 'reorder'] as const;

/** Another way for the next webhooks to take: the oldest rule that fits is used first (see `outbox.ts`). */
export interface WebhookRule {
  readonly action: (typeof WEBHOOK_ACTIONS)[number];
  /** The type of event it applies to; null for any. */
  readonly topic: string | null;
  /** `duplicate`: how many more times it is sent. */
  readonly copies: number;
  /** `delay`: how much later it leaves, in milliseconds of real time. */
  readonly delayMs: number;
  /** How likely a webhook that fits takes that way, above 0 and at most 1. */
  readonly chance: number;
  /** For how many webhooks the rule holds. */
  readonly remaining: number;
}

export async function addWebhookRule(tx: Tx, rule: WebhookRule): Promise<void> {
  await tx.query(
    'INSERT INTO sandbox.webhook_rules (topic, action, copies, delay_ms, chance, remaining) VALUES ($1, $2, $3, $4, $5, $6)',
    [rule.topic, rule.action, rule.copies, rule.delayMs, rule.chance, rule.remaining],
  );
}

/** The rules that are not used up, oldest first. */
export async function webhookRules(tx: Tx): Promise<readonly WebhookRule[]> {
  const found = await tx.query<WebhookRule>(
    `SELECT action, topic, copies, delay_ms AS "delayMs", chance, remaining FROM sandbox.webhook_rules
     WHERE remaining > 0 ORDER BY id`,
  );
  return found.rows;
}

export async function clearWebhookRules(tx: Tx): Promise<void> {
  await tx.query('DELETE FROM sandbox.webhook_rules');
}
