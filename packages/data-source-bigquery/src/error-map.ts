import { DataSourceError, isDataSourceError, type ErrorCode } from "@org/data-source-core";
import { positionOf, type Redactor, type ResolvedRequest, safeCause, withSql } from "@org/data-source-core/adapter";
import { ApiError, isTransient } from "./api-error.ts";

const kind = "bigquery";

/** BigQuery's reasons in our words. */
const codes: Readonly<Record<string, ErrorCode>> = {
  accessDenied: "PERMISSION_DENIED",
  authError: "AUTHENTICATION",
  billingNotEnabled: "PERMISSION_DENIED",
  billingTierLimitExceeded: "LIMIT_EXCEEDED",
  blocked: "PERMISSION_DENIED",
  bytesBilledLimitExceeded: "LIMIT_EXCEEDED",
  duplicate: "ALREADY_EXISTS",
  invalidUser: "PERMISSION_DENIED",
  jobRateLimitExceeded: "LIMIT_EXCEEDED",
  notFound: "NOT_FOUND",
  notImplemented: "UNSUPPORTED",
  quotaExceeded: "LIMIT_EXCEEDED",
  rateLimitExceeded: "LIMIT_EXCEEDED",
  resourcesExceeded: "LIMIT_EXCEEDED",
  responseTooLarge: "LIMIT_EXCEEDED",
  stopped: "CANCELLED",
  timeout: "STATEMENT_TIMEOUT",
};

/** The role that carries a permission; the least that does. */
const roles: readonly (readonly [RegExp, string])[] = [
  [/^bigquery\.jobs\.(?:create|list)$/, "roles/bigquery.jobUser"],
  [/^bigquery\.jobs\./, "roles/bigquery.jobUser (its own jobs) or roles/bigquery.admin"],
  [/^bigquery\.readsessions\./, "roles/bigquery.readSessionUser"],
  [/^bigquery\.(?:tables|routines|models)\.(?:getData|export)$/, "roles/bigquery.dataViewer"],
  [/^bigquery\.(?:datasets|tables|routines|models)\.(?:get|list|getMetadata)$/, "roles/bigquery.metadataViewer"],
  [/^bigquery\.connections\./, "roles/bigquery.connectionUser"],
  [/^bigquery\./, "roles/bigquery.dataEditor"],
  [/^iam\.serviceAccounts\./, "roles/iam.serviceAccountTokenCreator"],
];

const hints: Readonly<Record<string, string>> = {
  authError: "The token was refused: check the credentials, and whether the account still exists.",
  billingNotEnabled: "Link the project to a billing account.",
  bytesBilledLimitExceeded: "Read fewer columns or partitions, or raise maximumBytesBilled on the data source.",
  quotaExceeded: "A quota of the project is used up: wait for its next period, or have it raised. Not retried.",
  rateLimitExceeded: "Too many requests at once: send fewer in parallel.",
  resourcesExceeded: "The query needs more memory or slots than it may have: make it smaller.",
  responseTooLarge: "The result is larger than an answer may be: read it as a stream, or filter it.",
};

/** What a call rejects with. */
export function toDataSourceError(
  error: unknown,
  context: { readonly redact: Redactor; readonly request?: ResolvedRequest; readonly queryId?: string | undefined },
): unknown {
  const { redact, request } = context;
  if (isDataSourceError(error)) return request ? withSql(error, request) : error;
  if (!(error instanceof ApiError)) return error;
  const message = redact(error.message);
  const position = request && positionIn(message, request.text);
  const details = {
    code: codeOf(error, message),
    kind,
    message,
    isRetryable:
      error.status === undefined || isTransient(error) || (error.status >= 500 && error.reason === undefined),
    nativeCode: error.reason ?? (error.status === undefined ? undefined : String(error.status)),
    queryId: error.jobId ?? context.queryId,
    position,
    hint: hintOf(error, message),
    cause: safeCause(error, redact, ["reason", "status", "jobId"]),
  };
  const made = new DataSourceError(details);
  return request ? withSql(made, request) : made;
}

/** No token could be had. Its cause is left out: the libraries put requests and key material on their errors. */
export function credentialError(error: unknown): DataSourceError {
  if (isDataSourceError(error)) return error;
  const { status, code } = (error ?? {}) as { status?: unknown; code?: unknown };
  const detail = [status, code].find((value) => typeof value === "number" || typeof value === "string");
  const isNetwork = typeof code === "string" && /^E[A-Z]+$/.test(code);
  return new DataSourceError({
    code: isNetwork ? "CONNECTION" : "AUTHENTICATION",
    kind,
    message: `No access token could be had${detail === undefined ? "" : ` (${detail})`}`,
    ...(detail === undefined ? {} : { nativeCode: String(detail) }),
    hint: "Check credentials; for impersonation the account needs roles/iam.serviceAccountTokenCreator on its target.",
  });
}

function codeOf({ reason, status }: ApiError, message: string): ErrorCode {
  if (status === undefined) return "CONNECTION";
  if (reason === "invalidQuery" || reason === "invalid") return invalidCode(message);
  return codes[reason ?? ""] ?? (status === 401 ? "AUTHENTICATION" : "QUERY_FAILED");
}

/**
 * `invalidQuery` is the reason for everything that a query can have wrong: what is found before it runs has its place
 * at the end of the message, what its data does has none. Unknown names are told by the message only.
 */
function invalidCode(message: string): ErrorCode {
  if (/^(?:Unrecognized name|Function not found|Type not found|Name \S+ not found)/.test(message)) return "NOT_FOUND";
  if (/^Required field \S+ cannot be null/.test(message)) return "CONSTRAINT";
  return placePattern.test(message) || message.startsWith("Syntax error") ? "SYNTAX" : "DATA";
}

const placePattern = /(?: at)? \[(\d+):(\d+)\]/;

function positionIn(message: string, text: string): number | undefined {
  const [, line, column] = placePattern.exec(message) ?? [];
  return line === undefined ? undefined : positionOf(text, Number(line), Number(column));
}

function hintOf({ reason = "", status }: ApiError, message: string): string | undefined {
  if (status === undefined) return "Check the network, proxies and apiEndpoint; check() says which step fails.";
  if (reason !== "accessDenied") return hints[reason];
  const permission = /\b(?:bigquery|iam)\.[a-zA-Z]+\.[a-zA-Z]+\b/.exec(message)?.[0];
  if (permission === undefined)
    return "Grant the account a role for this, such as roles/bigquery.dataViewer on the dataset.";
  const role = roles.find(([pattern]) => pattern.test(permission))?.[1];
  return `The account lacks ${permission}${role === undefined ? "" : `: grant ${role}`}.`;
}
