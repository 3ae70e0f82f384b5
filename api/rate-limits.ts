import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Database } from '../platform/database.ts';
import { Problem } from '../platform/errors.ts';
import type { RateLimit } from './route.ts';

/** Counts calls in PostgreSQL, so that all replicas count together. */
export interface RateLimits {
  /**
   * Counts a call. @returns the `RateLimit` headers of the answer
   * @throws Problem 429 with `Retry-After` when the limit is used up
   * @param key whose calls are counted together; nothing personal in clear
   * @param points more than one for a call that costs more
   */
  consume(limit: RateLimit, key: string, points?: number): Promise<Record<string, string>>;
  /** Forgets the calls counted for the key. */
  reset(limit: RateLimit, key: string): Promise<void>;
}

export function createRateLimits(database: Database): RateLimits {
  const limiters = new Map<string, RateLimiterPostgres>();
  const limiterOf = (limit: RateLimit): RateLimiterPostgres => {
    const known = limiters.get(limit.name);
    if (known !== undefined) return known;
    const limiter = new RateLimiterPostgres({
      storeClient: database,
      storeType: 'pool',
      schemaName: 'api',
      tableName: 'rate_limits',
      tableCreated: true,
      keyPrefix: limit.name,
      points: limit.limit,
      duration: limit.windowSeconds,
    });
    limiters.set(limit.name, limiter);
    return limiter;
  };
  return {
    async consume(limit, key, points = 1) {
      try {
        return headersOf(limit, await limiterOf(limit).consume(key, points));
      } catch (refusal) {
        // The limiter rejects with its figures when the limit is used up, and with an Error when its store fails.
        if (refusal instanceof RateLimiterRes) throw tooMany(limit, refusal);
        throw refusal;
      }
    },
    async reset(limit, key) {
      await limiterOf(limit).delete(key);
    },
  };
}

const secondsLeft = (result: RateLimiterRes): number => Math.max(1, Math.ceil(result.msBeforeNext / 1_000));

/** The fields of draft-ietf-httpapi-ratelimit-headers: `q` calls in `w` seconds, `r` left for the next `t` seconds. */
function headersOf(limit: RateLimit, result: RateLimiterRes): Record<string, string> {
  return {
    'RateLimit-Policy': `"${limit.name}";q=${limit.limit};w=${limit.windowSeconds}`,
    RateLimit: `"${limit.name}";r=${result.remainingPoints};t=${secondsLeft(result)}`,
  };
}

function tooMany(limit: RateLimit, result: RateLimiterRes): Problem {
  const seconds = secondsLeft(result);
  return new Problem(429, 'TOO_MANY_REQUESTS', `Too many tries. Wait ${seconds} seconds and try again.`, {
    headers: { ...headersOf(limit, result), 'Retry-After': String(seconds) },
  });
}
