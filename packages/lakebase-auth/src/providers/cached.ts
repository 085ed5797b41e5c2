import { createReporter, type Listeners } from "../events.ts";
import { readJwtTiming } from "../jwt.ts";
import { estimateLifeMs, type Lifetime, now } from "../lifetime.ts";
import { createRefreshCache } from "../refresh-cache.ts";
import { timeoutError } from "../retry.ts";
import { withDeadline } from "../timers.ts";
import { obtainToken, type TokenProvider, type WorkspaceToken } from "../token-provider.ts";
import { checkMs, checkNonNegative } from "../validate.ts";

export interface CachedTokenProviderOptions extends Listeners {
  /** How long before its expiry a token is renewed, in milliseconds; at most half of its life. Default 300 000. */
  readonly earlyRefreshMs?: number;
  /** The longest that one request for a token may take, in milliseconds. Default 10 000. */
  readonly attemptTimeoutMs?: number;
}

export interface CachedTokenProvider extends TokenProvider {
  invalidate(accessToken: string): void;
  /** Forgets the token; a request under way does not bring it back. */
  clear(): void;
  close(): void;
}

/**
 * Remembers the token of another provider while it is valid, and asks for it once however many callers wait.
 * A renewal that fails serves the token that is still valid.
 *
 * @example
 * ```ts
 * import { cachedTokenProvider, externalTokenProvider } from "@org/lakebase-auth/token-providers";
 *
 * declare function readFromVault(): Promise<string>;
 * const provider = cachedTokenProvider(externalTokenProvider(readFromVault), { earlyRefreshMs: 60_000 });
 * ```
 */
export function cachedTokenProvider(
  inner: TokenProvider,
  options: CachedTokenProviderOptions = {},
): CachedTokenProvider {
  const { earlyRefreshMs = 300_000, attemptTimeoutMs = 10_000 } = options;
  checkNonNegative("earlyRefreshMs", earlyRefreshMs);
  checkMs("attemptTimeoutMs", attemptTimeoutMs);
  const listeners = (): Iterable<Listeners> => [options];
  return createCachedTokenProvider(inner, { earlyRefreshMs, attemptTimeoutMs, keepsProcessAlive: true, listeners });
}

/** @internal */
export function createCachedTokenProvider(
  inner: TokenProvider,
  options: {
    earlyRefreshMs: number;
    attemptTimeoutMs: number;
    keepsProcessAlive: boolean;
    listeners: () => Iterable<Listeners>;
  },
): CachedTokenProvider {
  const { earlyRefreshMs, attemptTimeoutMs, keepsProcessAlive } = options;
  const cache = createRefreshCache<WorkspaceToken>({
    subject: "workspace-token",
    reporter: createReporter(options.listeners),
    // The workspace says 401 for no other reason.
    servesRejected: false,
    keepsProcessAlive,
    fetch: async ({ signal }) => {
      const startedAt = now();
      const timeout = (): Error => timeoutError("The token provider", attemptTimeoutMs);
      const value = await withDeadline(attemptTimeoutMs, signal, timeout, (signal) => obtainToken(inner, signal));
      return { value, secret: value.accessToken, lifetime: lifetimeOf(value, startedAt) };
    },
  });
  const holder = cache.hold({ mode: "lazy", earlyRefreshMs });
  return {
    getToken: ({ signal } = {}) => holder.get(signal),
    invalidate: (accessToken) => {
      inner.invalidate?.(accessToken);
      holder.invalidate(accessToken);
    },
    clear: () => cache.clear(),
    close: () => holder.close(),
  };
}

function lifetimeOf({ accessToken, expiresAt }: WorkspaceToken, startedAt: Lifetime["startedAt"]): Lifetime {
  const timing = readJwtTiming(accessToken);
  const expiresAtMs = expiresAt?.getTime() ?? timing.expiresAtMs;
  if (expiresAtMs === undefined) return { startedAt, lifeMs: Infinity };
  const evidence = { statedLivesMs: [timing.lifeMs], expiresAtMs, isSecondHand: true };
  return { startedAt, lifeMs: estimateLifeMs(evidence, startedAt.wallMs) };
}
