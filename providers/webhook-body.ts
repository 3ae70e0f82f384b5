/** What the bodies of webhooks have in common, whoever sends them. */

/**
 * Why a body is no hint: `not_signed`, nobody we know sent it so; `no_event`, it was signed, and yet is not what the provider
 * documents: it would not be, however often it came.
 */
export type Unread = 'not_signed' | 'no_event';

/** What ids and names of events look like: nothing that a database or a log would stumble over. */
const PLAIN = /^[\w.-]{1,255}$/;

export const plainOrNull = (value: unknown): string | null =>
  typeof value === 'string' && PLAIN.test(value) ? value : null;

/** The members of a body that is a JSON object; of any other there are none. */
export function membersOf(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    return asObject(JSON.parse(body.toString('utf8')));
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

/** The members of an object; of anything else there are none. */
export const asObject = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
