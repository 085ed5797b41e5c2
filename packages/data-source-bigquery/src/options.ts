import { ConfigurationError, type DataSourceOptions } from "@org/data-source-core";
import {
  configurationChecks as check,
  resolveSourceOptions,
  sourceOptionNames,
  type ResolvedSourceOptions,
} from "@org/data-source-core/adapter";
import { resolveIdentity, type IdentitySetting } from "./credentials-options.ts";

/** Options of `createBigQueryDataSource`. `pool` has no effect: statements go over HTTP, each as a job of its own. */
export interface BigQueryDataSourceOptions extends DataSourceOptions {
  /** The project that runs and pays for the jobs. Default: the credentials' own. */
  readonly projectId?: string;
  /** Where jobs run, such as `US` or `europe-west1`. Default: where the data is, as BigQuery finds out. */
  readonly location?: string;
  /** The dataset of names without one: `dataset`, or `project.dataset`. */
  readonly dataset?: string;
  /** Default: application default credentials. */
  readonly credentials?: BigQueryCredentials;
  /** Acts as this service account, on which the credentials need `roles/iam.serviceAccountTokenCreator`. */
  readonly impersonate?: BigQueryImpersonation;
  /** What one statement may cost, in bytes; the server refuses more. Default 25 GiB; Infinity: no cap. */
  readonly maximumBytesBilled?: number | bigint;
  /** Default `https://bigquery.googleapis.com`. Plain `http` only for a loopback address. */
  readonly apiEndpoint?: string;
}

/** Who to be. */
export type BigQueryCredentials =
  /** A service account's key, as an object or as JSON text. It signs its own tokens: no token endpoint is asked. */
  | { readonly serviceAccountKey: ServiceAccountKey | string }
  /** The same in a file, read once when the data source is created. */
  | { readonly keyFile: string }
  /** Your own tokens. Called again when `expiresAt` is near or the server refuses one; without `expiresAt`, each time. */
  | { readonly accessToken: AccessTokenProvider }
  /** GOOGLE_APPLICATION_CREDENTIALS, gcloud's login, workload identity or the metadata server. */
  | "application-default";

/** What is used of the JSON file that Google Cloud gives out for a service account. */
export interface ServiceAccountKey {
  readonly client_email: string;
  /** PEM. */
  readonly private_key: string;
  readonly private_key_id?: string;
  /** The default of `projectId`. */
  readonly project_id?: string;
}

/** Gives an OAuth access token for BigQuery; its rejection is the caller's AUTHENTICATION error, without its message. */
export type AccessTokenProvider = (options: {
  readonly signal: AbortSignal;
}) => string | AccessToken | Promise<string | AccessToken>;

/** A token, and how long it may be kept. */
export interface AccessToken {
  readonly token: string;
  /** Without it the token is used for one request. */
  readonly expiresAt?: Date;
}

/** Short-lived tokens of another service account. */
export interface BigQueryImpersonation {
  /** The service account's email address. */
  readonly serviceAccount: string;
  /** Accounts in between, in order. */
  readonly delegates?: readonly string[];
  /** Of a token, in seconds. Default 3,600. */
  readonly lifetimeSeconds?: number;
  /** Default `https://iamcredentials.googleapis.com`. */
  readonly endpoint?: string;
}

export interface ResolvedOptions extends ResolvedSourceOptions {
  readonly identity: IdentitySetting;
  readonly projectId: string | undefined;
  readonly location: string | undefined;
  readonly dataset: { readonly projectId?: string; readonly datasetId: string } | undefined;
  readonly maximumBytesBilled: bigint | undefined;
  readonly apiEndpoint: string;
}

const names = [
  ...sourceOptionNames,
  ...(["projectId", "location", "dataset", "credentials", "impersonate"] satisfies (keyof BigQueryDataSourceOptions)[]),
  ...(["maximumBytesBilled", "apiEndpoint"] satisfies (keyof BigQueryDataSourceOptions)[]),
];
const gibibyte = 2n ** 30n;

export function resolveOptions(options: BigQueryDataSourceOptions): ResolvedOptions {
  check.object("options", options);
  check.known(options, names);
  const { projectId, location, maximumBytesBilled, apiEndpoint = "https://bigquery.googleapis.com" } = options;
  const identity = resolveIdentity(options);
  return {
    ...resolveSourceOptions(options),
    identity,
    projectId:
      projectId === undefined
        ? identity.projectId
        : name("projectId", projectId, projectPattern, "a project id such as my-project"),
    location:
      location === undefined
        ? undefined
        : name("location", location, /^[\w-]+$/, "a location such as US or europe-west1"),
    dataset: options.dataset === undefined ? undefined : datasetOf(options.dataset),
    maximumBytesBilled: maximumBytesBilled === undefined ? 25n * gibibyte : bytes(maximumBytesBilled),
    apiEndpoint: endpoint("apiEndpoint", apiEndpoint),
  };
}

/** Also the older ones that have a domain before them. */
export const projectPattern: RegExp = /^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]*$/;

/** These go into paths and into quoted identifiers of catalog queries. */
function name(field: string, value: unknown, pattern: RegExp, expected: string): string {
  if (typeof value === "string" && pattern.test(value)) return value;
  throw new ConfigurationError(`${field} must be ${expected}`, field);
}

function datasetOf(value: unknown): { projectId?: string; datasetId: string } {
  const text = check.string("dataset", value);
  const [, projectId, datasetId] = /^(?:(.+)\.)?(\w+)$/.exec(text) ?? [];
  if (datasetId === undefined || (projectId !== undefined && !projectPattern.test(projectId))) {
    throw new ConfigurationError("dataset must be a dataset, or project.dataset", "dataset");
  }
  return { ...(projectId === undefined ? {} : { projectId }), datasetId };
}

function bytes(value: unknown): bigint | undefined {
  if (value === Infinity) return undefined;
  if (typeof value === "bigint" ? value > 0n : Number.isSafeInteger(value) && (value as number) > 0) {
    return BigInt(value as number | bigint);
  }
  const expected = "maximumBytesBilled must be a whole number of bytes above 0, or Infinity for no cap";
  throw new ConfigurationError(expected, "maximumBytesBilled");
}

const loopback = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** A token must not travel in the clear. */
export function endpoint(field: string, value: unknown): string {
  const url = URL.parse(check.string(field, value));
  if (url?.protocol === "https:" || (url?.protocol === "http:" && loopback.has(url.hostname))) return url.origin;
  throw new ConfigurationError(`${field} must be an https URL; plain http only for a loopback address`, field);
}
