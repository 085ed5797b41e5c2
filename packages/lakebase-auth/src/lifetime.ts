/** One moment on both clocks: a machine that sleeps stops the monotonic one, an operator moves the other. */
export interface Instant {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** How long a token lives, counted from before it was asked for. */
export interface Lifetime {
  readonly startedAt: Instant;
  /** Milliseconds; Infinity for a token that does not expire. */
  readonly lifeMs: number;
}

/** What is known about a token's expiry; absolute times are the issuer's, in epoch milliseconds. */
export interface LifetimeEvidence {
  readonly expiresInMs?: number | undefined;
  readonly issuedAtMs?: number | undefined;
  readonly expiresAtMs?: number | undefined;
  /** The issuer's clock when it answered (the Date header); absent when a cache may have answered. */
  readonly serverNowMs?: number | undefined;
  /** The token may have been handed out before, so that its whole life says little about what is left of it. */
  readonly isSecondHand?: boolean;
}

/** A shorter life than this would turn into a mint for every call. */
export const MIN_LIFE_MS = 1_000;
/** Given to a token whose stated expiry is past, malformed or missing: the server gave it, so it is served. */
export const ASSUMED_LIFE_MS = 60_000;

export const now = (): Instant => ({ wallMs: Date.now(), monotonicMs: performance.now() });

/** By whichever clock has moved further. */
export const elapsedMs = (lifetime: Lifetime, at: Instant = now()): number =>
  Math.max(at.wallMs - lifetime.startedAt.wallMs, at.monotonicMs - lifetime.startedAt.monotonicMs);

export const remainingMs = (lifetime: Lifetime, at: Instant = now()): number =>
  lifetime.lifeMs - elapsedMs(lifetime, at);

/**
 * The shortest plausible life. The issuer's own statements come first, because they do not depend on the
 * local clock; the local clock decides only when nothing else can. A life that is not positive is not
 * plausible: it says that a clock is wrong, not that the server handed out a dead token.
 */
export function estimateLifeMs(evidence: LifetimeEvidence, localNowMs: number): number {
  const { expiresInMs, issuedAtMs, expiresAtMs, serverNowMs, isSecondHand } = evidence;
  const minus = (from: number | undefined): number | undefined =>
    expiresAtMs === undefined || from === undefined ? undefined : expiresAtMs - from;
  const byIssuer = [expiresInMs, minus(issuedAtMs), minus(serverNowMs)].filter(isPlausible);
  const byLocalClock = [minus(localNowMs)].filter(isPlausible);
  const candidates = byIssuer.length === 0 || isSecondHand ? [...byIssuer, ...byLocalClock] : byIssuer;
  if (candidates.length === 0) return ASSUMED_LIFE_MS;
  return Math.max(MIN_LIFE_MS, Math.min(...candidates));
}

const isPlausible = (lifeMs: number | undefined): lifeMs is number =>
  lifeMs !== undefined && Number.isFinite(lifeMs) && lifeMs > 0;
