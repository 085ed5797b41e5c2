import { ValidationError } from "../errors.ts";
import { type FetchLike, type JsonResponse, requestJson } from "../http.ts";
import { readJwtTiming } from "../jwt.ts";
import { estimateLifeMs } from "../lifetime.ts";
import { type TokenProvider, type WorkspaceToken, workspaceToken } from "../token-provider.ts";
import { timeoutError } from "../retry.ts";
import { withDeadline } from "../timers.ts";
import { checkMs } from "../validate.ts";
import { workspaceUrl } from "../workspace-url.ts";

/** A service principal's OAuth client. */
export interface M2mOptions {
  /** The workspace, for example "https://example.cloud.databricks.com". */
  readonly workspaceHost: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Default "all-apis". */
  readonly scope?: string;
  /** The longest that one request may take, in milliseconds. Default 10 000. */
  readonly attemptTimeoutMs?: number;
  /** Default: the global `fetch`. */
  readonly fetch?: FetchLike;
}

/**
 * Tokens of a service principal (OAuth client credentials). One request per call; wrap it in
 * `cachedTokenProvider` when several providers use it.
 *
 * @example
 * ```ts
 * import { m2mTokenProvider } from "@org/lakebase-auth/token-providers";
 *
 * declare const clientSecret: string;
 * const provider = m2mTokenProvider({
 *   workspaceHost: "https://example.cloud.databricks.com",
 *   clientId: "00000000-0000-0000-0000-000000000000",
 *   clientSecret,
 * });
 * ```
 */
export function m2mTokenProvider(options: M2mOptions): TokenProvider {
  const { clientId, clientSecret, scope = "all-apis", attemptTimeoutMs = 10_000, fetch = globalThis.fetch } = options;
  const host = workspaceUrl(options.workspaceHost, "workspaceHost");
  for (const field of ["clientId", "clientSecret"] as const)
    if (typeof options[field] !== "string" || options[field] === "")
      throw new ValidationError(field, "expected the service principal's OAuth client, not an empty value");
  checkMs("attemptTimeoutMs", attemptTimeoutMs);
  const form = { grant_type: "client_credentials", scope };
  return {
    getToken: ({ signal } = {}) =>
      requestToken({
        fetch,
        attemptTimeoutMs,
        host,
        form,
        authorization: `Basic ${base64(`${clientId}:${clientSecret}`)}`,
        secrets: [clientSecret, base64(`${clientId}:${clientSecret}`)],
        purpose: "The OAuth token request",
        signal,
      }),
  };
}

interface TokenRequest {
  readonly fetch: FetchLike;
  readonly attemptTimeoutMs: number;
  readonly host: string;
  readonly form: Readonly<Record<string, string>>;
  readonly authorization?: string;
  readonly secrets: readonly string[];
  readonly purpose: string;
  readonly signal: AbortSignal | undefined;
}

/** One request to the workspace's token endpoint. */
export async function requestToken(request: TokenRequest): Promise<WorkspaceToken> {
  const { host, form, authorization, secrets, purpose, fetch, attemptTimeoutMs } = request;
  const startedMs = Date.now();
  const send = (signal: AbortSignal): Promise<JsonResponse> =>
    requestJson({
      fetch,
      method: "POST",
      url: `${host}/oidc/v1/token`,
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        ...(authorization !== undefined && { authorization }),
      },
      body: new URLSearchParams(form).toString(),
      signal,
      secrets,
      purpose,
      hints: {
        400: "Check the client id and that the grant is allowed for it.",
        401: "Check the client id and secret (DATABRICKS_CLIENT_ID, DATABRICKS_CLIENT_SECRET); the secret may have been rotated.",
        404: "Check the workspace host (DATABRICKS_HOST).",
      },
    });
  const timeout = (): Error => timeoutError(purpose, attemptTimeoutMs);
  const { body, serverNowMs } = await withDeadline(attemptTimeoutMs, request.signal, timeout, send);
  const token = workspaceToken(body["access_token"], purpose, { tokenType: body["token_type"] });
  const expiresInMs = Number(body["expires_in"] ?? Number.NaN) * 1000;
  const timing = readJwtTiming(token.accessToken);
  const statedLivesMs = [expiresInMs, timing.lifeMs];
  const lifeMs = estimateLifeMs({ statedLivesMs, expiresAtMs: timing.expiresAtMs, serverNowMs }, startedMs);
  return workspaceToken(token.accessToken, purpose, {
    tokenType: token.tokenType,
    expiresAt: new Date(startedMs + lifeMs),
  });
}

const base64 = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
