import { CredentialError } from "./errors.ts";
import { callForeign } from "./foreign.ts";
import { epochMs } from "./lifetime.ts";
import { withSecret } from "./secret-field.ts";

/** An OAuth token of the workspace: it authorises API calls and is refused at a Postgres login. */
export interface WorkspaceToken {
  /** The secret: readable, but not enumerable, so that it does not reach logs by accident. */
  readonly accessToken: string;
  /** As it stands in the Authorization header; "Bearer" unless the issuer said otherwise. */
  readonly tokenType: string;
  /** On the local clock; undefined when it does not expire or nothing is known. */
  readonly expiresAt: Date | undefined;
}

/**
 * A source of workspace tokens.
 *
 * @example
 * ```ts
 * import { createPasswordProvider, type TokenProvider } from "@org/lakebase-auth";
 *
 * declare const vault: { read(name: string): Promise<string> };
 * const tokenProvider: TokenProvider = {
 *   getToken: async () => ({ accessToken: await vault.read("workspace"), tokenType: "Bearer", expiresAt: undefined }),
 * };
 * const password = createPasswordProvider({ tokenProvider, workspaceHost: "https://example.cloud.databricks.com" });
 * ```
 */
export interface TokenProvider {
  getToken(options?: { readonly signal?: AbortSignal }): Promise<WorkspaceToken>;
  /** Told when the workspace refused a token (401), so that the next `getToken` obtains another one. */
  invalidate?(accessToken: string): void;
}

/** Builds a token whose secret is not enumerable; refuses an empty one. */
export function workspaceToken(
  accessToken: unknown,
  purpose: string,
  details: { readonly tokenType?: unknown; readonly expiresAt?: unknown } = {},
): WorkspaceToken {
  if (typeof accessToken !== "string" || accessToken.trim() === "")
    throw new CredentialError(`${purpose} returned no token.`, { code: "EMPTY_TOKEN" });
  const { tokenType } = details;
  const expiresAt = details.expiresAt === undefined ? undefined : new Date(epochMs(details.expiresAt));
  const isNamed = typeof tokenType === "string" && /^[\w-]+$/.test(tokenType);
  return withSecret({ tokenType: isNamed ? tokenType : "Bearer", expiresAt }, "accessToken", accessToken.trim());
}

/** A token of somebody else's provider, checked; its failure is replaced by an error that quotes no secret. */
export async function obtainToken(provider: TokenProvider, signal: AbortSignal | undefined): Promise<WorkspaceToken> {
  const name = "The token provider";
  const token: WorkspaceToken | undefined = await callForeign(name, signal, () =>
    provider.getToken(signal === undefined ? {} : { signal }),
  );
  return workspaceToken(token?.accessToken, name, token);
}

export const authorizationOf = ({ tokenType, accessToken }: WorkspaceToken): string =>
  // Some issuers answer "bearer", which some gateways take literally.
  `${tokenType.toLowerCase() === "bearer" ? "Bearer" : tokenType} ${accessToken}`;
