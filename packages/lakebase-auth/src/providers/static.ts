import { ValidationError } from "../errors.ts";
import { type TokenProvider, workspaceToken } from "../token-provider.ts";

/**
 * A token that never changes, such as a personal access token.
 *
 * @param token - The token. Throws a ValidationError when it is empty.
 *
 * @example
 * ```ts
 * import { createPasswordProvider } from "@org/lakebase-auth";
 * import { staticTokenProvider } from "@org/lakebase-auth/token-providers";
 *
 * declare const personalAccessToken: string;
 * const password = createPasswordProvider({
 *   tokenProvider: staticTokenProvider(personalAccessToken),
 *   workspaceHost: "https://example.cloud.databricks.com",
 * });
 * ```
 */
export function staticTokenProvider(token: string): TokenProvider {
  if (typeof token !== "string" || token.trim() === "")
    throw new ValidationError("token", "expected a workspace token that is not empty");
  const value = workspaceToken(token, "The static token provider");
  return { getToken: () => Promise.resolve(value) };
}
