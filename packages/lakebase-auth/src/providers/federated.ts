import type { FetchLike } from "../http.ts";
import { readJwtPayload } from "../jwt.ts";
import { obtainToken, type TokenProvider, type WorkspaceToken } from "../token-provider.ts";
import { workspaceUrl } from "../workspace-url.ts";
import { type CachedTokenProvider, cachedTokenProvider, type CachedTokenProviderOptions } from "./cached.ts";
import { requestToken } from "./m2m.ts";

export interface FederationOptions extends CachedTokenProviderOptions {
  /** The workspace, for example "https://example.cloud.databricks.com". */
  readonly workspaceHost: string;
  /** The service principal whose federation policy accepts the token; omit for an account-wide policy. */
  readonly clientId?: string;
  /** Default "all-apis". */
  readonly scope?: string;
  /** Send the foreign token itself when the exchange fails. Default false: it would hand it to the workspace. */
  readonly fallback?: boolean;
  /** Default: the global `fetch`. */
  readonly fetch?: FetchLike;
}

/**
 * Exchanges tokens of another issuer (Kubernetes, GitHub Actions, Entra ID, …) for workspace tokens.
 * The result is cached outside the exchange. A token that the workspace itself issued, or that is no JWT with an
 * issuer (a personal access token), cannot be exchanged and is used as it is.
 *
 * @example
 * ```ts
 * import { externalTokenProvider, federatedTokenProvider } from "@org/lakebase-auth/token-providers";
 *
 * declare function readServiceAccountToken(): Promise<string>;
 * const provider = federatedTokenProvider(externalTokenProvider(readServiceAccountToken), {
 *   workspaceHost: "https://example.cloud.databricks.com",
 *   clientId: "00000000-0000-0000-0000-000000000000",
 * });
 * ```
 */
export function federatedTokenProvider(inner: TokenProvider, options: FederationOptions): CachedTokenProvider {
  const { clientId, scope = "all-apis", fallback = false, attemptTimeoutMs = 10_000 } = options;
  const { fetch = globalThis.fetch } = options;
  const host = workspaceUrl(options.workspaceHost, "workspaceHost");
  const exchange = (subject: WorkspaceToken, signal: AbortSignal | undefined): Promise<WorkspaceToken> => {
    const form = {
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: subject.accessToken,
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      scope,
      ...(clientId !== undefined && { client_id: clientId }),
    };
    const secrets = [subject.accessToken];
    return requestToken({ fetch, attemptTimeoutMs, host, form, secrets, purpose: "The token exchange", signal });
  };
  const exchanging: TokenProvider = {
    getToken: async ({ signal } = {}) => {
      const token = await obtainToken(inner, signal);
      if (isIssuedBy(token, host)) return token;
      try {
        return await exchange(token, signal);
      } catch (error) {
        if (!fallback || signal?.aborted) throw error;
        return token;
      }
    },
  };
  return cachedTokenProvider(exchanging, options);
}

function isIssuedBy(token: WorkspaceToken, host: string): boolean {
  const issuer = readJwtPayload(token.accessToken)?.["iss"];
  if (typeof issuer !== "string") return true;
  return URL.parse(issuer)?.origin === host;
}
