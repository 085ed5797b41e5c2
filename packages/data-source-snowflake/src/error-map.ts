import { DataSourceError, type ErrorCode, isDataSourceError, OutcomeUnknownError } from "@org/data-source-core";
import { positionOf, type Redactor, safeCause } from "@org/data-source-core/adapter";
import type { DriverError } from "./driver.ts";
import { expiryOf } from "./expiry.ts";

const kind = "snowflake";

const codes: Readonly<Record<string, ErrorCode>> = {
  "000604": "CANCELLED",
  "000605": "CANCELLED",
  "000625": "CONFLICT",
  "000630": "STATEMENT_TIMEOUT",
  "000904": "NOT_FOUND",
  "001003": "SYNTAX",
  "002002": "ALREADY_EXISTS",
  "002003": "NOT_FOUND",
  "002043": "NOT_FOUND",
  "002140": "NOT_FOUND",
  "002141": "NOT_FOUND",
  "003001": "PERMISSION_DENIED",
  "100072": "CONSTRAINT",
  "200001": "CONSTRAINT",
  "401001": "CONNECTION",
  "401002": "CONNECTION",
  "401003": "CONNECTION",
  "402001": "CONNECTION",
  "402002": "CONNECTION",
};

const states: Readonly<Record<string, ErrorCode>> = {
  "42501": "PERMISSION_DENIED",
  "42601": "SYNTAX",
  "42710": "ALREADY_EXISTS",
  "02000": "NOT_FOUND",
  "42S02": "NOT_FOUND",
  "40001": "CONFLICT",
  "57014": "CANCELLED",
  "22": "DATA",
  "23": "CONSTRAINT",
};

const hints: Readonly<Record<string, string>> = {
  "000606": "Name a warehouse in the options, or give the user a default one.",
  "090105": "Name a database and schema in the options, or qualify the names in the statement.",
  "002003": "Check the name, its case (unquoted names are upper-case), and the role's privileges.",
  "390100": "Check the user name and password.",
  "390144": "Check that the public key of this private key is registered for the user, and the account's name.",
  "390189": "Check that the role exists and is granted to the user.",
  "390303": "Get a new OAuth token; a token provider is asked again by itself.",
  "390318": "Get a new OAuth token; a token provider is asked again by itself.",
  "394400": "Check that the access token exists, has not expired and is allowed for this role and network.",
};

export interface ErrorContext {
  readonly redact: Redactor;
  /** The statement, for an error's position. */
  readonly text?: string;
  readonly queryId?: string | undefined;
}

/** The driver's error in the contract's terms. */
export function toDataSourceError(error: unknown, context: ErrorContext): DataSourceError {
  if (isDataSourceError(error)) return error;
  const { redact, text } = context;
  const driverError = (typeof error === "object" && error !== null ? error : {}) as DriverError;
  const nativeCode = nativeCodeOf(error);
  const { sqlState, data } = driverError;
  const message = error instanceof Error ? error.message : String(error);
  return new DataSourceError({
    code: codeOf(error, nativeCode, sqlState),
    kind,
    message: redact(message),
    sqlState,
    nativeCode,
    queryId: context.queryId ?? data?.queryId,
    position: text === undefined ? undefined : place(text, data, message),
    hint: hints[nativeCode ?? ""],
    cause: safeCause(error, redact, ["code", "sqlState", "errno", "syscall"]),
  });
}

/** A write that the server accepted, or may have, and whose reply is lost. */
export function unknownOutcome(queryId: string | undefined, why: string, cause: unknown): OutcomeUnknownError {
  return new OutcomeUnknownError({
    kind,
    message: `A write was interrupted, and ${why}: it may or may not have happened`,
    queryId,
    hint:
      queryId === undefined
        ? "Look at the data before running it again."
        : "Ask queryStatus(queryId) later, or look at the data, before running it again.",
    cause,
  });
}

function nativeCodeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" || typeof code === "number" ? String(code) : undefined;
}

function codeOf(error: unknown, native: string | undefined, sqlState: string | undefined): ErrorCode {
  const expiry = expiryOf(error);
  if (expiry !== undefined) return expiry === "reconnect" ? "SESSION_LOST" : "AUTHENTICATION";
  if (native !== undefined) {
    const known = codes[native];
    if (known !== undefined) return known;
    if (native.startsWith("39")) return "AUTHENTICATION";
    // What the driver itself refuses before sending: 404… to 410….
    if (/^40[4-9]\d{3}$/.test(native)) return "QUERY_FAILED";
    if (/^E[A-Z]+$/.test(native)) return "CONNECTION";
  }
  return states[sqlState ?? ""] ?? states[(sqlState ?? "").slice(0, 2)] ?? "QUERY_FAILED";
}

/** The reply's line and position, or when it has none those in the message; positions count from 0 there. */
function place(text: string, data: DriverError["data"], message: string): number | undefined {
  const inMessage = /line (\d+) at position (\d+)/.exec(message);
  const hasPlace = data?.line !== undefined && data.line > 0 && data.pos !== undefined && data.pos >= 0;
  const line = hasPlace ? data.line : Number(inMessage?.[1]);
  const column = hasPlace ? data.pos : Number(inMessage?.[2]);
  if (line === undefined || column === undefined || Number.isNaN(line)) return undefined;
  return positionOf(text, line, column + 1);
}
