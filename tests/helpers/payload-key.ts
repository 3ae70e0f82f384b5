import { createHash } from 'node:crypto';

/**
 * The key with which test stacks encrypt payloads: a fixed one, so that histories recorded from one test stack can be
 * replayed anywhere. It protects nothing.
 */
export const TEST_PAYLOAD_KEYS = [
  `test:${createHash('sha256').update('recorded histories').digest('base64')}`,
] as const;
