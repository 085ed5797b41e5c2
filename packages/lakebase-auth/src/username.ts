import { readVariable } from "./environment.ts";
import { ConfigurationError, CredentialError, LakebaseAuthError } from "./errors.ts";
import { requestJson } from "./http.ts";
import { checkFields, type CredentialOptions, environmentOf, resolveRequest } from "./options.ts";
import { withBudget, withRetry } from "./retry.ts";
import { keepAlive } from "./timers.ts";
import { authorizationOf } from "./token-provider.ts";
import { resolveWorkspace, type WorkspaceIdentity } from "./workspace.ts";

export interface UsernameOptions extends CredentialOptions {
  /** The Postgres role. Default: PGUSER, then DATABRICKS_CLIENT_ID. */
  readonly user?: string;
}

/** The Postgres role that needs no request: option, PGUSER, DATABRICKS_CLIENT_ID. */
export function findUsername(options: UsernameOptions): string | undefined {
  const env = environmentOf(options);
  return options.user ?? readVariable(env, "PGUSER") ?? readVariable(env, "DATABRICKS_CLIENT_ID");
}

/**
 * The Postgres role: option `user`, else PGUSER, else DATABRICKS_CLIENT_ID, else the workspace is asked who the
 * identity is. Call it once at the start. A failed look-up rejects, with its cause.
 *
 * @example
 * ```ts
 * import { getPgConfig, getUsernameWithApiLookup } from "@org/lakebase-auth";
 *
 * const config = getPgConfig({ user: await getUsernameWithApiLookup() });
 * ```
 */
export async function getUsernameWithApiLookup(options: UsernameOptions = {}): Promise<string> {
  checkFields(options, ["user"]);
  const known = findUsername(options);
  if (known !== undefined) return known;
  const { policy, fetch } = resolveRequest(options);
  try {
    const { tokenProvider, workspaceClient, workspaceHost } = options;
    const env = environmentOf(options);
    const { attemptTimeoutMs } = policy;
    const identity = resolveWorkspace({ env, fetch, attemptTimeoutMs, tokenProvider, workspaceClient, workspaceHost });
    const lookUp = withBudget(policy, options.signal, PURPOSE, (signal) =>
      withRetry({ policy, signal, purpose: PURPOSE }, (signal) => askWorkspace(identity, fetch, signal, options)),
    );
    return await keepAlive(lookUp);
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason;
    const message = "The Postgres role could not be looked up: set PGUSER or the option user.";
    if (!(error instanceof LakebaseAuthError) || error.code === "CONFIGURATION")
      throw new ConfigurationError(`${message} ${error instanceof Error ? error.message : ""}`.trim(), error);
    throw new CredentialError(message, { code: error.code, isRetryable: error.isRetryable, cause: error });
  }
}

const PURPOSE = "Looking up the current user";

async function askWorkspace(
  identity: WorkspaceIdentity,
  fetch: ReturnType<typeof resolveRequest>["fetch"],
  signal: AbortSignal,
  listeners: CredentialOptions,
): Promise<string> {
  const workspace = identity.open(listeners);
  try {
    const host = await workspace.getHost({ signal });
    const token = await workspace.getToken({ signal });
    const { body } = await requestJson({
      fetch,
      method: "GET",
      url: `${host}/api/2.0/preview/scim/v2/Me`,
      headers: { authorization: authorizationOf(token) },
      signal,
      purpose: PURPOSE,
    });
    const { userName } = body;
    if (typeof userName === "string" && userName !== "") return userName;
    throw new CredentialError("The workspace returned no userName.", { code: "MALFORMED_RESPONSE" });
  } finally {
    workspace.release();
  }
}
