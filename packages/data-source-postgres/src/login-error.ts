import { DataSourceError, type ErrorCode } from "@org/data-source-core";
import { type Redactor, safeCause } from "@org/data-source-core/adapter";
import { DatabaseError } from "pg";
import { causeFields, codeOf, messageOf, nativeCodeOf } from "./error-map.ts";

/** What a failed login asks for: a new credential, another attempt a little later, or nothing. */
export type LoginFailure = "credential" | "transient" | "permanent";

/** The proxy in front of Lakebase says everything under XX000: only its messages tell the cases apart. */
const proxyMessages: readonly (readonly [RegExp, LoginFailure, ErrorCode])[] = [
  [/^password authentication failed|^JWT token has expired/, "credential", "AUTHENTICATION"],
  [/^invalid JWT|^Provided authentication token is not/, "permanent", "AUTHENTICATION"],
  [/^JWT token is not yet ready/, "transient", "AUTHENTICATION"],
  [/endpoint cannot be found|^Endpoint ID is not specified/, "permanent", "NOT_FOUND"],
  [/endpoint is disabled|^This IP address .* is not allowed/, "permanent", "PERMISSION_DENIED"],
  [/^Too many connections|^Failed to acquire permit/, "transient", "LIMIT_EXCEEDED"],
  [
    /^Authentication timed out|^Couldn't connect to compute node|^Control plane request failed/,
    "transient",
    "CONNECTION",
  ],
];

const credentialStates = new Set(["28P01", "28000"]);
/** Starting up, shutting down, too many connections. */
const transientStates = new Set(["57P03", "57P01", "57P02", "53300"]);
const transientSystemCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
]);

export function classifyLogin(error: unknown): LoginFailure {
  if (error instanceof DatabaseError) {
    const byMessage = proxyCase(error);
    if (byMessage) return byMessage[1];
    if (credentialStates.has(error.code ?? "")) return "credential";
    return transientStates.has(error.code ?? "") ? "transient" : "permanent";
  }
  const code = nativeCodeOf(error);
  if (code !== undefined) return transientSystemCodes.has(code) ? "transient" : "permanent";
  // pg has no code for a server that hangs up before it answers.
  return messageOf(error) === "Connection terminated unexpectedly" ? "transient" : "permanent";
}

function proxyCase(error: DatabaseError): (typeof proxyMessages)[number] | undefined {
  if (error.code !== "XX000") return undefined;
  return proxyMessages.find(([pattern]) => pattern.test(error.message));
}

const hints: Partial<Record<ErrorCode, string>> = {
  AUTHENTICATION:
    "Check user, password and database; for Lakebase the role must exist and the token be a database credential.",
  CONNECTION: "Check host, port, firewall and whether the server runs.",
};

/** Why no connection could be opened. */
export function loginError(error: unknown, redact: Redactor): DataSourceError {
  const code = loginCode(error);
  return new DataSourceError({
    code,
    kind: "postgres",
    message: `No connection: ${redact(messageOf(error))}`,
    sqlState: error instanceof DatabaseError ? error.code : undefined,
    nativeCode: nativeCodeOf(error),
    hint: hints[code],
    cause: safeCause(error, redact, causeFields),
  });
}

function loginCode(error: unknown): ErrorCode {
  if (error instanceof DatabaseError) {
    const code = proxyCase(error)?.[2] ?? codeOf(error.code ?? "");
    return code === "QUERY_FAILED" ? "CONNECTION" : code;
  }
  // lakebase-auth could not obtain a credential.
  if (error instanceof Error && error.name === "CredentialError") return "AUTHENTICATION";
  return "CONNECTION";
}
