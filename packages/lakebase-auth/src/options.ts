import { type RequestedClaims, validateClaims } from "./claims.ts";
import { type Environment, processEnvironment, readVariable } from "./environment.ts";
import { ConfigurationError, ValidationError } from "./errors.ts";
import type { Listeners } from "./events.ts";
import type { FetchLike } from "./http.ts";
import type { MintTarget } from "./mint.ts";
import type { WorkspaceClientLike } from "./providers/databricks-sdk.ts";
import { isTransient, type RetryOptions, type RetryPolicy } from "./retry.ts";
import type { TokenProvider } from "./token-provider.ts";
import { checkBoolean, checkFunction, checkMs, checkNonNegative, checkOneOf } from "./validate.ts";

/** A credential from your own source; `expiresAt` may be a Date, epoch milliseconds or ISO text. */
export interface FetchedCredential {
  readonly token: string;
  readonly expiresAt?: Date | number | string;
}

/** What every function of this package accepts. Each variable is read from `env`. */
export interface CredentialOptions extends Listeners {
  /** The Autoscaling endpoint, "projects/…/branches/…/endpoints/…". Default: LAKEBASE_ENDPOINT. */
  readonly endpoint?: string;
  /** A Provisioned instance's name, instead of an endpoint. */
  readonly instanceName?: string;
  /** Limits the credential to some Unity Catalog tables. */
  readonly claims?: readonly RequestedClaims[];
  /** The workspace's URL. Default: DATABRICKS_HOST. */
  readonly workspaceHost?: string;
  /** Where workspace tokens come from. Default: the environment, then the Databricks SDK. */
  readonly tokenProvider?: TokenProvider;
  /** A WorkspaceClient of the Databricks SDK; only its authorization header is used. */
  readonly workspaceClient?: WorkspaceClientLike;
  /** Obtains the credential itself, instead of a workspace. */
  readonly fetchCredential?: (options: { readonly signal: AbortSignal }) => Promise<FetchedCredential>;
  /** Retries of transient failures. */
  readonly retry?: RetryOptions;
  /** The longest that one request may take, in milliseconds. Default 10 000. */
  readonly attemptTimeoutMs?: number;
  /** Default: the global `fetch`. */
  readonly fetch?: FetchLike;
  /** Where variables are read from. Default `process.env`. */
  readonly env?: Environment;
  /** Ends the wait; for a provider, closes it. */
  readonly signal?: AbortSignal;
}

export interface ProviderOptions extends CredentialOptions {
  /** "eager" renews in the background, "lazy" at a call. Default "eager" ("lazy" in `getOrmConfig`). */
  readonly refresh?: "eager" | "lazy";
  /** How long before its expiry a credential is renewed, in ms; at most half of its life. Default 120 000. */
  readonly earlyRefreshMs?: number;
  /** A native Postgres password: no OAuth takes place. */
  readonly password?: string | (() => string | Promise<string>);
  /** Whether providers of the same identity and endpoint share one credential. Default true. */
  readonly share?: boolean;
}

export const CREDENTIAL_FIELDS: readonly string[] = (
  "endpoint instanceName claims workspaceHost tokenProvider workspaceClient fetchCredential retry attemptTimeoutMs " +
  "fetch env signal onEvent onLog"
).split(" ");
export const PROVIDER_FIELDS: readonly string[] = [
  ...CREDENTIAL_FIELDS,
  "refresh",
  "earlyRefreshMs",
  "password",
  "share",
];

/** Refuses a misspelt option, which would otherwise be ignored in silence, and what every function relies on. */
export function checkOptions(options: ProviderOptions, allowed: readonly string[]): void {
  const unknown = Object.keys(options).find((field) => !allowed.includes(field));
  if (unknown !== undefined)
    throw new ValidationError(
      unknown,
      "is not an option of this function. Pool and driver options go beside the config: new Pool({ ...getPgConfig(), max: 20 })",
    );
  const { env, signal, share } = options;
  if (env !== undefined && (typeof env !== "object" || env === null))
    throw new ValidationError("env", "expected an object of variables, such as process.env");
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new ValidationError("signal", "expected an AbortSignal");
  checkBoolean("share", share);
  for (const field of ["onLog", "onEvent", "fetch", "fetchCredential"] as const) checkFunction(field, options[field]);
}

export const environmentOf = (options: CredentialOptions): Environment => options.env ?? processEnvironment();

const ENDPOINT = /^projects\/[^/\s]+\/branches\/[^/\s]+\/endpoints\/[^/\s]+$/;

/** Which endpoint or instance the credential is for. */
export function resolveTarget(options: CredentialOptions): MintTarget {
  const { instanceName } = options;
  const variable = readVariable(environmentOf(options), "LAKEBASE_ENDPOINT");
  if (instanceName !== undefined) {
    if (options.endpoint !== undefined)
      throw new ConfigurationError(
        "endpoint and instanceName are both set: endpoint is for Autoscaling projects, instanceName for Provisioned instances. Pass one of them.",
      );
    if (typeof instanceName !== "string" || !/^[\w-]+$/.test(instanceName))
      throw new ValidationError(
        "instanceName",
        "expected the name of a Provisioned instance (letters, digits, hyphens), not its host or path",
      );
    return { kind: "provisioned", instanceName };
  }
  const field = options.endpoint === undefined ? "LAKEBASE_ENDPOINT" : "endpoint";
  const endpoint = options.endpoint ?? variable;
  if (endpoint === undefined)
    throw new ConfigurationError(
      "No endpoint: set LAKEBASE_ENDPOINT, or the option endpoint, to projects/{project}/branches/{branch}/endpoints/{endpoint} (find it with `databricks postgres list-endpoints projects/{project}/branches/{branch}`), or pass instanceName for a Provisioned instance. Databricks Apps do not set LAKEBASE_ENDPOINT by themselves.",
    );
  if (typeof endpoint !== "string" || !ENDPOINT.test(endpoint)) {
    const expected = "expected projects/{project}/branches/{branch}/endpoints/{endpoint}";
    const isHost = typeof endpoint === "string" && endpoint.includes(".") && !endpoint.includes("/");
    throw new ValidationError(
      field,
      isHost ? `${expected}, but this is a host name: it belongs in the option host (PGHOST)` : expected,
    );
  }
  return { kind: "autoscaling", endpoint };
}

export interface ResolvedRequest {
  readonly policy: RetryPolicy;
  readonly fetch: FetchLike;
  readonly claims: readonly RequestedClaims[] | undefined;
}

const RETRY_FIELDS = ["delaysMs", "budgetMs", "shouldRetry"];

export function resolveRequest(options: CredentialOptions): ResolvedRequest {
  const { retry = {}, attemptTimeoutMs = 10_000, fetch = globalThis.fetch } = options;
  if (typeof retry !== "object" || retry === null)
    throw new ValidationError("retry", "expected an object such as { delaysMs: [50, 500, 5000], budgetMs: 15000 }");
  for (const field of Object.keys(retry))
    if (!RETRY_FIELDS.includes(field))
      throw new ValidationError(`retry.${field}`, `is not an option: expected ${RETRY_FIELDS.join(", ")}`);
  const { delaysMs = [50, 500, 5000], budgetMs = 15_000, shouldRetry = isTransient } = retry;
  if (!Array.isArray(delaysMs)) throw new ValidationError("retry.delaysMs", "expected an array of milliseconds");
  for (const delay of delaysMs) checkNonNegative("retry.delaysMs", delay);
  checkMs("retry.budgetMs", budgetMs);
  checkMs("attemptTimeoutMs", attemptTimeoutMs);
  checkFunction("retry.shouldRetry", shouldRetry);
  return {
    policy: { delaysMs, budgetMs, shouldRetry, attemptTimeoutMs },
    fetch,
    claims: validateClaims(options.claims),
  };
}

export interface ResolvedRefresh {
  readonly mode: "eager" | "lazy";
  readonly earlyRefreshMs: number;
}

export function resolveRefresh(options: ProviderOptions): ResolvedRefresh {
  const { refresh = "eager", earlyRefreshMs = 120_000 } = options;
  checkOneOf("refresh", refresh, ["eager", "lazy"]);
  checkNonNegative("earlyRefreshMs", earlyRefreshMs);
  return { mode: refresh, earlyRefreshMs };
}
