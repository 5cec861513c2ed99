import { fail } from '../errors.ts';
import type { Policy } from './policy.ts';

const NS_PER_S = 1_000_000_000n;

interface Bucket {
  readonly at_ns: number;
  readonly tokens: number;
  /** What the last refill left over, in bytes a second times nanoseconds, under 10^9. */
  readonly rest: bigint;
}

/**
 * A token bucket: tokens come in at the rate, at most `burst_bytes` lie ready, each byte takes one. Smoother
 * than `window`: after a pause the burst is bounded, and there is no edge at which everybody starts.
 *
 * Tokens are whole; what a refill rounds down is carried to the next in exact integers, so that no rate is
 * lost to often asking. A record may take the bucket below zero; the debt is paid before the next goes.
 *
 * @param limit_bytes_per_s a positive whole number
 * @param burst_bytes a tenth of a second's bytes, at least one, unless given
 * @throws `usage-limit` for anything else
 * @example tokenBucket(1_000)(0).allowance(0); // 100, the burst
 */
export function tokenBucket(
  limit_bytes_per_s: number,
  burst_bytes: number = Math.max(1, Math.floor(limit_bytes_per_s / 10)),
): Policy {
  for (const value of [limit_bytes_per_s, burst_bytes]) {
    if (!Number.isSafeInteger(value) || value <= 0) throw fail('usage-limit', { limit_bytes_per_s: value });
  }
  const rate = BigInt(limit_bytes_per_s);

  return (start_ns) => {
    let bucket: Bucket = { at_ns: start_ns, tokens: burst_bytes, rest: 0n };
    // a question changes nothing: it may be about a time to come
    const refilled = (now_ns: number): Bucket => {
      const earned = rate * BigInt(now_ns - bucket.at_ns) + bucket.rest;
      const tokens = bucket.tokens + Number(earned / NS_PER_S);
      if (tokens >= burst_bytes) return { at_ns: now_ns, tokens: burst_bytes, rest: 0n };
      return { at_ns: now_ns, tokens, rest: earned % NS_PER_S };
    };
    return {
      name: 'token-bucket',
      turn() {},
      allowance: (now_ns) => refilled(now_ns).tokens,
      spend(now_ns, bytes) {
        const now = refilled(now_ns);
        bucket = { ...now, tokens: now.tokens - bytes };
      },
      resumeAt(now_ns) {
        const { tokens, rest } = refilled(now_ns);
        if (tokens > 0) return now_ns;
        const missing = BigInt(1 - tokens) * NS_PER_S - rest;
        // rounded up: a nanosecond early would find nothing
        return now_ns + Number((missing + rate - 1n) / rate);
      },
      mustReturn: () => false,
    };
  };
}
