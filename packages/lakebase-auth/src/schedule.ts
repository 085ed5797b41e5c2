/** The longest wait between background attempts that fail for good. */
const MAX_BACKOFF_MS = 600_000;
const BASE_BACKOFF_MS = 30_000;
/** Two background refreshes are never closer. */
const MIN_DELAY_MS = 1_000;

/** How long before its expiry a token counts as due: as asked, but never more than half of its life. */
const earlyWindowMs = (lifeMs: number, earlyRefreshMs: number): number => Math.min(earlyRefreshMs, lifeMs / 2);

/**
 * The age at which an eager provider renews: a uniformly random point in 50–75 % of the life, so that an outage
 * of many minutes is bridged and a fleet that started together spreads out; never inside the early window.
 */
export function eagerRenewalAgeMs(lifeMs: number, earlyRefreshMs: number, random: number): number {
  const spread = Math.max(MIN_DELAY_MS, lifeMs * (0.5 + random * 0.25));
  return Math.min(spread, lazyRenewalAgeMs(lifeMs, earlyRefreshMs));
}

/** The age at which a lazy provider renews, at the next call. */
export const lazyRenewalAgeMs = (lifeMs: number, earlyRefreshMs: number): number =>
  Math.max(MIN_DELAY_MS, lifeMs - earlyWindowMs(lifeMs, earlyRefreshMs));

/** The wait after the n-th background failure in a row (1 for the first), with up to 50 % jitter on top. */
export function backoffMs(failures: number, isRetryable: boolean, retryAfterMs: number, random: number): number {
  const base = isRetryable
    ? BASE_BACKOFF_MS
    : Math.min(BASE_BACKOFF_MS * 2 ** Math.min(failures - 1, 10), MAX_BACKOFF_MS);
  const asked = Math.min(retryAfterMs, MAX_BACKOFF_MS);
  return Math.max(base, asked) * (1 + random / 2);
}
