import type { Config } from '../platform/config.ts';
import type { FieldCipher } from '../platform/crypto.ts';
import type { Database } from '../platform/database.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { ReadinessCheck } from '../platform/operations-readiness.ts';
import type { SecurityLog } from '../platform/security-log.ts';
import type { Temporal } from '../platform/temporal/client.ts';
import type { AccessTokens } from '../platform/tokens.ts';
import type { LinkTokens } from '../platform/tokens-link.ts';
import type { ObjectStore } from '../providers/object-store.ts';
import type { Payments } from '../providers/payments.ts';
import type { Scanner } from '../providers/scanner.ts';
import type { RateLimits } from './rate-limits.ts';

/** What routes are made of. `api/main.ts` builds it once; each `…Routes(deps)` takes what it needs of it. */
export interface ApiDeps {
  readonly config: Config;
  readonly database: Database;
  readonly temporal: Temporal;
  readonly metrics: Metrics;
  readonly readinessChecks: readonly ReadinessCheck[];
  readonly rateLimits: RateLimits;
  readonly payments: Payments;
  readonly accessTokens: AccessTokens;
  readonly links: LinkTokens;
  /** Encrypts what people write in disputes. */
  readonly texts: FieldCipher;
  /** Where files lie that people hand in, and what looks at them first. */
  readonly objects: ObjectStore;
  readonly scanner: Scanner;
  readonly security: SecurityLog;
}
