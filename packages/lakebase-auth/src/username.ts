import { readVariable } from "./environment.ts";
import { CredentialError, LakebaseAuthError, ownError, ValidationError } from "./errors.ts";
import { type FetchLike, requestJson } from "./http.ts";
import { checkOptions, CREDENTIAL_FIELDS, type CredentialOptions, environmentOf, resolveRequest } from "./options.ts";
import { withBudget, withRetry } from "./retry.ts";
import { keepAlive } from "./timers.ts";
import { authorizationOf } from "./token-provider.ts";
import { resolveWorkspace, type Workspace } from "./workspace.ts";

export interface UsernameOptions extends CredentialOptions {
  /** The Postgres role. Default: PGUSER, then DATABRICKS_CLIENT_ID. */
  readonly user?: string;
}

/** The Postgres role that needs no request: option, PGUSER, DATABRICKS_CLIENT_ID. */
export function findUsername(options: UsernameOptions): string | undefined {
  const { user } = options;
  if (user !== undefined && (typeof user !== "string" || user.trim() === ""))
    throw new ValidationError("user", "expected the name of a Postgres role");
  const env = environmentOf(options);
  return user ?? readVariable(env, "PGUSER") ?? readVariable(env, "DATABRICKS_CLIENT_ID");
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
  checkOptions(options, [...CREDENTIAL_FIELDS, "user"]);
  const known = findUsername(options);
  if (known !== undefined) return known;
  const { policy, fetch } = resolveRequest(options);
  const { signal } = options;
  try {
    const { attemptTimeoutMs } = policy;
    const identity = resolveWorkspace({ ...options, env: environmentOf(options), fetch, attemptTimeoutMs });
    const workspace = identity.open(options);
    const lookUp = withBudget(policy, signal, PURPOSE, (budget) =>
      withRetry({ policy, ...budget, purpose: PURPOSE }, (signal) => askWorkspace(workspace, fetch, signal)),
    );
    return await keepAlive(lookUp.finally(() => workspace.release()));
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (!(error instanceof LakebaseAuthError) || error instanceof ValidationError) throw error;
    throw ownError(error, `The Postgres role is not known: set PGUSER or the option user. ${error.message}`);
  }
}

const PURPOSE = "Looking up the current user";

async function askWorkspace(workspace: Workspace, fetch: FetchLike, signal: AbortSignal): Promise<string> {
  const token = await workspace.getToken({ signal });
  const host = await workspace.getHost({ signal });
  const { body } = await requestJson({
    fetch,
    method: "GET",
    url: `${host}/api/2.0/preview/scim/v2/Me`,
    headers: { authorization: authorizationOf(token) },
    signal,
    secrets: [token.accessToken],
    purpose: PURPOSE,
    hints: { 401: "The workspace refused its token: it expired, was revoked or belongs to another workspace." },
  });
  const { userName } = body;
  if (typeof userName === "string" && userName !== "") return userName;
  throw new CredentialError(`${PURPOSE}: the workspace returned no userName.`, { code: "MALFORMED_RESPONSE" });
}
