import type { Tx } from './database.ts';

export const WEBHOOK_ACTIONS = ['duplicate', 'delay', 'drop', 'reorder'] as const;

/** Another way for the next webhooks to take. */
export interface WebhookRule {
  readonly action: (typeof WEBHOOK_ACTIONS)[number];
  /** The type of event it applies to; null for any. */
  readonly topic: string | null;
  /** `duplicate`: how many more times it is sent. */
  readonly copies: number;
  /** `delay`: how much later it leaves, in milliseconds of real time. */
  readonly delayMs: number;
  /** For how many webhooks the rule holds. */
  readonly remaining: number;
}

export async function addWebhookRule(tx: Tx, rule: WebhookRule): Promise<void> {
  await tx.query(
    'INSERT INTO sandbox.webhook_rules (topic, action, copies, delay_ms, remaining) VALUES ($1, $2, $3, $4, $5)',
    [rule.topic, rule.action, rule.copies, rule.delayMs, rule.remaining],
  );
}

/** The oldest rule that fits, used once. */
export async function takeWebhookRule(tx: Tx, topic: string): Promise<WebhookRule | undefined> {
  const taken = await tx.query<WebhookRule>(
    `UPDATE sandbox.webhook_rules SET remaining = remaining - 1
     WHERE id = (
       SELECT id FROM sandbox.webhook_rules WHERE remaining > 0 AND (topic IS NULL OR topic = $1)
       ORDER BY id LIMIT 1 FOR UPDATE
     )
     RETURNING action, topic, copies, delay_ms AS "delayMs", remaining`,
    [topic],
  );
  return taken.rows[0];
}

/** The rules that are not used up, oldest first. */
export async function webhookRules(tx: Tx): Promise<readonly WebhookRule[]> {
  const found = await tx.query<WebhookRule>(
    `SELECT action, topic, copies, delay_ms AS "delayMs", remaining FROM sandbox.webhook_rules
     WHERE remaining > 0 ORDER BY id`,
  );
  return found.rows;
}

export async function clearWebhookRules(tx: Tx): Promise<void> {
  await tx.query('DELETE FROM sandbox.webhook_rules');
}
