import { ConfigurationError } from "../errors.ts";
import { callForeign } from "../foreign.ts";
import { safeCause } from "../redact.ts";
import { untilAborted } from "../timers.ts";
import { type TokenProvider, workspaceToken } from "../token-provider.ts";
import { readJwtTiming } from "../jwt.ts";

/** The part of the Databricks SDK's WorkspaceClient that is used. */
export interface WorkspaceClientLike {
  readonly config: {
    host?: string | undefined;
    authenticate(headers: Headers): Promise<void>;
  };
}

export interface DatabricksSdkOptions {
  /** A client of your own; everything else is then its business. */
  readonly workspaceClient?: WorkspaceClientLike;
  /** Default: what the SDK finds (DATABRICKS_HOST, the profile). */
  readonly workspaceHost?: string;
  /** A profile of .databrickscfg. Default: DATABRICKS_CONFIG_PROFILE, then DEFAULT. */
  readonly profile?: string;
  /** Where the SDK looks for variables. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A token provider that also knows which workspace it is for, once it has been resolved. */
export interface DatabricksSdkTokenProvider extends TokenProvider {
  getHost(options?: { readonly signal?: AbortSignal }): Promise<string | undefined>;
}

/**
 * Whatever identity the Databricks SDK finds: .databrickscfg profiles, the databricks CLI, Azure and Google
 * identities. Needs the optional peer `@databricks/sdk-experimental`, which is imported at the first call and
 * used for its authorization header only.
 *
 * @example
 * ```ts
 * import { createPasswordProvider } from "@org/lakebase-auth";
 * import { cachedTokenProvider, databricksSdkTokenProvider } from "@org/lakebase-auth/token-providers";
 *
 * const password = createPasswordProvider({
 *   tokenProvider: cachedTokenProvider(databricksSdkTokenProvider({ profile: "staging" })),
 *   workspaceHost: "https://example.cloud.databricks.com",
 * });
 * ```
 */
export function databricksSdkTokenProvider(options: DatabricksSdkOptions = {}): DatabricksSdkTokenProvider {
  let client: Promise<WorkspaceClientLike> | undefined;
  const open = (): Promise<WorkspaceClientLike> => {
    client ??= openClient(options).catch((error: unknown) => {
      client = undefined;
      throw error;
    });
    return client;
  };
  const authenticate = async (): Promise<string> => {
    const { config } = await open();
    const headers = new Headers();
    await callForeign(NAME, undefined, () => config.authenticate(headers));
    return headers.get("authorization") ?? "";
  };
  // Until the SDK has authenticated once, it knows no host.
  const findHost = async (): Promise<string | undefined> => {
    const { config } = await open();
    if (config.host === undefined) await authenticate();
    return config.host;
  };
  return {
    getToken: async ({ signal } = {}) => {
      const header = await untilAborted(authenticate(), signal);
      const [tokenType, accessToken] = header.split(/\s+/, 2);
      const { expiresAtMs } = readJwtTiming(accessToken ?? "");
      const expiresAt = expiresAtMs === undefined ? undefined : new Date(expiresAtMs);
      return workspaceToken(accessToken, NAME, { tokenType, expiresAt });
    },
    getHost: ({ signal } = {}) => untilAborted(findHost(), signal),
  };
}

const NAME = "The Databricks SDK";

async function openClient({ workspaceClient, workspaceHost, profile, env }: DatabricksSdkOptions) {
  if (workspaceClient !== undefined) return workspaceClient;
  const sdk = await importSdk();
  return new sdk.WorkspaceClient({
    // Unless it is told so, the SDK does not verify certificates.
    skipVerify: false,
    ...(workspaceHost !== undefined && { host: workspaceHost }),
    ...(profile !== undefined && { profile }),
    ...(env !== undefined && { env }),
  });
}

interface SdkModule {
  readonly WorkspaceClient: new (config: Record<string, unknown>) => WorkspaceClientLike;
}

async function importSdk(): Promise<SdkModule> {
  try {
    const sdk: unknown = await import("@databricks/sdk-experimental");
    return sdk as SdkModule;
  } catch (error) {
    throw new ConfigurationError(
      [
        "No workspace identity was found. Looked for, in this order:",
        "  the options tokenProvider, workspaceClient and fetchCredential;",
        "  DATABRICKS_HOST with DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET (a service principal);",
        "  DATABRICKS_HOST with DATABRICKS_TOKEN (a personal access token);",
        "  @databricks/sdk-experimental, for profiles, the databricks CLI, Azure and Google identities: not installed.",
        "Set one of them, or run: npm install @databricks/sdk-experimental",
      ].join("\n"),
      safeCause(error),
    );
  }
}
