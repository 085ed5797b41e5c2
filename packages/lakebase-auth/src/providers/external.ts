import { callForeign } from "../foreign.ts";
import { untilAborted } from "../timers.ts";
import { type TokenProvider, workspaceToken } from "../token-provider.ts";

/** What an external source may return: the token alone, or with its expiry. */
export type ExternalToken = string | { readonly accessToken: string; readonly expiresAt?: Date };

/**
 * Tokens from your own function: a vault, a sidecar, a platform's identity.
 *
 * The function is called for every token; wrap the result in `cachedTokenProvider` to call it less often.
 *
 * @example
 * ```ts
 * import { cachedTokenProvider, externalTokenProvider } from "@org/lakebase-auth/token-providers";
 *
 * declare function readFromVault(signal?: AbortSignal): Promise<string>;
 * const provider = cachedTokenProvider(externalTokenProvider(({ signal }) => readFromVault(signal)));
 * ```
 */
export function externalTokenProvider(
  getToken: (options: { readonly signal?: AbortSignal }) => Promise<ExternalToken> | ExternalToken,
): TokenProvider {
  return {
    getToken: async ({ signal } = {}) => {
      const call = callForeign(NAME, signal, () => getToken(signal === undefined ? {} : { signal }));
      const result = await untilAborted(call, signal);
      const token = typeof result === "string" ? { accessToken: result } : result;
      return workspaceToken(token?.accessToken, NAME, token);
    },
  };
}

const NAME = "The external token provider";
