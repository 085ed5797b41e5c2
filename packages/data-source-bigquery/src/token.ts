import type { AccessToken } from "./options.ts";

/** A token that is fetched when needed, once for all who wait. */
export interface TokenCache {
  get(): Promise<string>;
  /** The server refused this one: the next call fetches another. */
  refuse(token: string): void;
}

/** How long before its end a token is no longer used. */
const earlyRefreshMs = 60_000;

/** Without `expiresAt` a token is never kept: whoever gives it keeps it. */
export function createTokenCache(
  fetchToken: () => Promise<string | AccessToken>,
  now: () => number = Date.now,
): TokenCache {
  let kept: { readonly token: string; readonly until: number } | undefined;
  let flight: Promise<string> | undefined;
  const fetch = async (): Promise<string> => {
    const given = await fetchToken();
    const { token, expiresAt } = typeof given === "string" ? { token: given, expiresAt: undefined } : given;
    if (typeof token !== "string" || token === "") throw new TypeError("the access token provider gave no token");
    const end = expiresAt?.getTime() ?? Number.NaN;
    // A short-lived token is used for at least half of its life.
    const until = end - Math.min(earlyRefreshMs, (end - now()) / 2);
    kept = Number.isNaN(until) ? undefined : { token, until };
    return token;
  };
  return {
    get: () => {
      if (kept && now() < kept.until) return Promise.resolve(kept.token);
      flight ??= fetch().finally(() => {
        flight = undefined;
      });
      return flight;
    },
    refuse: (token) => {
      if (kept?.token === token) kept = undefined;
    },
  };
}
