import { type Environment, readVariable } from "./environment.ts";
import { ConfigurationError, ValidationError } from "./errors.ts";
import type { Listeners } from "./events.ts";
import type { FetchLike } from "./http.ts";
import { createCachedTokenProvider } from "./providers/cached.ts";
import { databricksSdkTokenProvider, type WorkspaceClientLike } from "./providers/databricks-sdk.ts";
import { m2mTokenProvider } from "./providers/m2m.ts";
import { staticTokenProvider } from "./providers/static.ts";
import { acquireShared, type Closeable, type ShareKey } from "./shared.ts";
import { untilAborted } from "./timers.ts";
import { obtainToken, type TokenProvider } from "./token-provider.ts";
import { workspaceUrl } from "./workspace-url.ts";

/** Who asks the workspace, and where it is. */
export interface WorkspaceIdentity {
  /** What it means to be the same identity. */
  readonly key: ShareKey;
  /** Opens it for use; the last release ends what it keeps. */
  open(listener: Listeners): Workspace;
}

/** An identity in use. */
export interface Workspace extends TokenProvider {
  getHost(options: { readonly signal: AbortSignal }): Promise<string>;
  release(): void;
}

export interface WorkspaceOptions {
  readonly tokenProvider?: TokenProvider;
  readonly workspaceClient?: WorkspaceClientLike;
  readonly workspaceHost?: string;
  readonly env: Environment;
  readonly fetch: FetchLike;
  readonly attemptTimeoutMs: number;
}

interface Source extends TokenProvider {
  getHost?(options: { readonly signal: AbortSignal }): Promise<string | undefined>;
}

const WORKSPACE_EARLY_REFRESH_MS = 300_000;

/** Options first, then the environment, then the SDK. Checks what can be checked without a request. */
export function resolveWorkspace(options: WorkspaceOptions): WorkspaceIdentity {
  const { tokenProvider, workspaceClient, env, fetch } = options;
  if (tokenProvider !== undefined && workspaceClient !== undefined)
    throw new ConfigurationError("tokenProvider and workspaceClient are both set: pass one of them.");
  if (tokenProvider !== undefined) {
    if (typeof tokenProvider?.getToken !== "function")
      throw new ValidationError("tokenProvider", "expected an object with getToken(), such as m2mTokenProvider(…)");
    const host = requireHost(options);
    return { key: { label: `provider ${host}`, refs: [tokenProvider] }, open: () => openPlain(tokenProvider, host) };
  }
  if (workspaceClient !== undefined) {
    if (typeof workspaceClient?.config?.authenticate !== "function")
      throw new ValidationError("workspaceClient", "expected a WorkspaceClient of @databricks/sdk-experimental");
    // It knows its workspace: DATABRICKS_HOST may be that of another one, as in a Databricks App.
    const host = explicitHost({ ...options, env: {} });
    return shared(options, { label: `client ${host ?? ""}`, refs: [workspaceClient] }, host, () =>
      databricksSdkTokenProvider({ workspaceClient }),
    );
  }
  const identity = environmentIdentity(env);
  if (identity === undefined) {
    const host = explicitHost(options);
    // What the SDK finds depends on many variables, and it reads them at the first call: as they are now, then.
    const variables = { ...env };
    const key = { label: `sdk ${host ?? ""}`, refs: Object.entries(variables).flat() };
    return shared(options, key, host, () =>
      databricksSdkTokenProvider({ env: variables, ...(host !== undefined && { workspaceHost: host }) }),
    );
  }
  const host = requireHost(options);
  if (identity.kind === "pat") {
    const provider = staticTokenProvider(identity.token);
    return { key: { label: `pat ${host}`, refs: [identity.token] }, open: () => openPlain(provider, host) };
  }
  const { clientId, clientSecret } = identity;
  const key = { label: `m2m ${host} ${clientId}`, refs: [clientSecret, fetch] };
  const { attemptTimeoutMs } = options;
  return shared(options, key, host, () =>
    m2mTokenProvider({ workspaceHost: host, clientId, clientSecret, attemptTimeoutMs, fetch }),
  );
}

type EnvironmentIdentity =
  | { readonly kind: "pat"; readonly token: string }
  | { readonly kind: "m2m"; readonly clientId: string; readonly clientSecret: string };

function environmentIdentity(env: Environment): EnvironmentIdentity | undefined {
  const token = readVariable(env, "DATABRICKS_TOKEN");
  const clientId = readVariable(env, "DATABRICKS_CLIENT_ID");
  const clientSecret = readVariable(env, "DATABRICKS_CLIENT_SECRET");
  const wanted = readVariable(env, "DATABRICKS_AUTH_TYPE");
  if (wanted !== undefined && wanted !== "pat" && wanted !== "oauth-m2m") return undefined;
  const pat = token !== undefined && wanted !== "oauth-m2m" ? ({ kind: "pat", token } as const) : undefined;
  const isM2m = clientId !== undefined && clientSecret !== undefined && wanted !== "pat";
  if (pat !== undefined && isM2m)
    throw new ConfigurationError(
      "Two identities are set: DATABRICKS_TOKEN and DATABRICKS_CLIENT_ID with DATABRICKS_CLIENT_SECRET. Unset one, or choose with DATABRICKS_AUTH_TYPE=pat or oauth-m2m.",
    );
  return isM2m ? { kind: "m2m", clientId, clientSecret } : pat;
}

function explicitHost({ workspaceHost, env }: WorkspaceOptions): string | undefined {
  if (workspaceHost !== undefined) return workspaceUrl(workspaceHost, "workspaceHost");
  const variable = readVariable(env, "DATABRICKS_HOST");
  return variable === undefined ? undefined : workspaceUrl(variable, "DATABRICKS_HOST");
}

function requireHost(options: WorkspaceOptions): string {
  const host = explicitHost(options);
  if (host !== undefined) return host;
  throw new ConfigurationError(
    'The workspace is not known: set DATABRICKS_HOST, or the option workspaceHost, to its URL, such as "https://example.cloud.databricks.com".',
  );
}

const openPlain = (provider: TokenProvider, host: string): Workspace => ({
  getToken: ({ signal } = {}) => untilAborted(obtainToken(provider, signal), signal),
  invalidate: (accessToken) => provider.invalidate?.(accessToken),
  getHost: () => Promise.resolve(host),
  release: () => {},
});

/** An identity of our own making: one cached token for everybody who uses it. */
function shared(
  options: WorkspaceOptions,
  key: ShareKey,
  host: string | undefined,
  create: () => Source,
): WorkspaceIdentity {
  const { attemptTimeoutMs } = options;
  const open = (listener: Listeners): Workspace => {
    const full = { label: `token ${attemptTimeoutMs} ${key.label}`, refs: key.refs };
    const { value, release } = acquireShared<Closeable & { source: Source; cached: TokenProvider }>(
      full,
      listener,
      (listeners) => {
        const source = create();
        const earlyRefreshMs = WORKSPACE_EARLY_REFRESH_MS;
        const cached = createCachedTokenProvider(source, {
          earlyRefreshMs,
          attemptTimeoutMs,
          // Who waits for it waits for a credential.
          keepsProcessAlive: false,
          listeners: () => listeners,
        });
        return { source, cached, close: () => cached.close() };
      },
    );
    return {
      getToken: (options) => value.cached.getToken(options),
      invalidate: (accessToken) => value.cached.invalidate?.(accessToken),
      getHost: async ({ signal }) => resolveHost(host, await value.source.getHost?.({ signal })),
      release,
    };
  };
  return { key, open };
}

function resolveHost(asked: string | undefined, found: string | undefined): string {
  const known = found === undefined ? undefined : workspaceUrl(found, "workspaceClient.config.host");
  if (asked !== undefined && known !== undefined && asked !== known)
    throw new ConfigurationError(
      `workspaceHost (${asked}) is not the workspace that the identity belongs to (${known}): its token would go to another host.`,
    );
  const host = asked ?? known;
  if (host !== undefined) return host;
  throw new ConfigurationError("The Databricks SDK knows no workspace host: set DATABRICKS_HOST or a profile.");
}
