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

/** What is known about a token's expiry. */
export interface LifetimeEvidence {
  /** Whole lives as the issuer states them (expires_in, the JWT's exp − iat): they need no clock. */
  readonly statedLivesMs: readonly (number | undefined)[];
  /** On the issuer's clock, in epoch milliseconds. */
  readonly expiresAtMs: number | undefined;
  /** The issuer's clock when it answered (the Date header); absent when a cache may have answered. */
  readonly serverNowMs?: number | undefined;
  /** The token may have been handed out before, so that its whole life says little about what is left of it. */
  readonly isSecondHand?: boolean;
}

/** A shorter life than this would turn into a mint for every call. */
const MIN_LIFE_MS = 1_000;
/** Given to a token whose stated expiry is past, malformed or missing: the server gave it, so it is served. */
const ASSUMED_LIFE_MS = 60_000;
/** Keeps the expiry within what a Date can hold. */
const MAX_LIFE_MS = 10 * 365 * 86_400_000;
/** A Date header has whole seconds: the issuer's clock may be this much further. */
const DATE_HEADER_STEP_MS = 999;

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
  const { statedLivesMs, expiresAtMs = Number.NaN, serverNowMs = Number.NaN, isSecondHand } = evidence;
  const byIssuer = [...statedLivesMs, expiresAtMs - serverNowMs - DATE_HEADER_STEP_MS].filter(isPlausible);
  const byLocalClock = [expiresAtMs - localNowMs].filter(isPlausible);
  const candidates = byIssuer.length === 0 || isSecondHand ? [...byIssuer, ...byLocalClock] : byIssuer;
  if (candidates.length === 0) return ASSUMED_LIFE_MS;
  return Math.min(MAX_LIFE_MS, Math.max(MIN_LIFE_MS, Math.min(...candidates)));
}

const isPlausible = (lifeMs: number | undefined): lifeMs is number =>
  lifeMs !== undefined && Number.isFinite(lifeMs) && lifeMs > 0;

/** Epoch milliseconds of a Date, a number or an ISO text; NaN for anything else. */
export function epochMs(expiry: unknown): number {
  if (expiry instanceof Date) return expiry.getTime();
  if (typeof expiry === "number") return expiry;
  return typeof expiry === "string" ? Date.parse(expiry) : Number.NaN;
}
