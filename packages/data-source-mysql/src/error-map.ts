import { DataSourceError, type ErrorCode, OutcomeUnknownError } from "@org/data-source-core";
import {
  type Deadline,
  type Redactor,
  safeCause,
  type TaggedText,
  untaggedPosition,
} from "@org/data-source-core/adapter";
import type { DriverError } from "./driver.ts";
import { errorPosition } from "./error-position.ts";

const kind = "mysql";
const causeFields = ["code", "errno", "sqlState"];

/** By error number, as both manuals list them; from 4000 on MariaDB's and MySQL's differ. */
const numbers: readonly (readonly [ErrorCode, readonly number[]])[] = [
  ["ALREADY_EXISTS", [1007, 1050, 1060, 1061, 1304, 1359, 1396, 1537, 1826]],
  ["AUTHENTICATION", [1045, 1251, 1524, 1698, 1820, 1862, 3118, 3955, 4151]],
  ["CANCELLED", [1317]],
  ["CONFLICT", [1020, 1205, 1213, 3058, 3101, 3572]],
  ["CONNECTION", [1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 3169, 4031]],
  ["CONSTRAINT", [1022, 1048, 1062, 1169, 1216, 1217, 1364, 1451, 1452, 1557, 1586, 1761, 1762, 3819, 4025]],
  [
    "DATA",
    [
      1230, 1231, 1232, 1264, 1265, 1292, 1365, 1366, 1367, 1406, 1411, 1426, 1441, 1690, 3140, 3141, 3143, 3146, 3156,
      3903, 4038,
    ],
  ],
  ["LIMIT_EXCEEDED", [1021, 1037, 1038, 1040, 1041, 1104, 1114, 1153, 1203, 1206, 1226, 1390, 1461]],
  [
    "NOT_FOUND",
    [1008, 1049, 1051, 1054, 1091, 1109, 1115, 1128, 1146, 1176, 1193, 1243, 1273, 1305, 1360, 1477, 1539, 1630, 4091],
  ],
  ["PERMISSION_DENIED", [1044, 1095, 1129, 1130, 1131, 1132, 1133, 1142, 1143, 1227, 1370, 1419]],
  ["READ_ONLY", [1290, 1792, 1836]],
  ["STATEMENT_TIMEOUT", [1969, 3024]],
  ["SYNTAX", [1064, 1065, 1136, 1149]],
  ["UNSUPPORTED", [1235, 1289, 1295]],
  ["VALIDATION", [1210]],
];
const codes = new Map(numbers.flatMap(([code, all]) => all.map((errno) => [errno, code] as const)));

const hints: Partial<Record<ErrorCode, string>> = {
  AUTHENTICATION:
    "Check user, password and from where the account may log in; for a token, its age and the server's plugin.",
  CONNECTION: "Check host, port, firewall, TLS settings and whether the server runs.",
  READ_ONLY: 'Pass readOnly: false, to a data source with access: "read-write".',
};

export interface StatementContext {
  readonly redact: Redactor;
  readonly tagged?: TaggedText;
  readonly deadline?: Deadline;
}

/** Whether the error is the server's answer, after which the connection goes on. */
export function isRefusal(error: DriverError): boolean {
  return error.errno !== undefined && error.errno > 0 && error.fatal !== true && codeOf(error) !== "CONNECTION";
}

/** The server's refusal of a statement. */
export function statementError(error: DriverError, { redact, tagged, deadline }: StatementContext): DataSourceError {
  const code = codeOf(error);
  // The kill that we asked for ourselves.
  if (code === "CANCELLED" && deadline?.signal.aborted) return deadline.signal.reason as DataSourceError;
  const position = tagged && code === "SYNTAX" ? errorPosition(error.message, tagged.text) : undefined;
  return new DataSourceError({
    ...details(error, redact),
    code,
    message: code === "STATEMENT_TIMEOUT" ? "The statement did not finish within its timeout" : redact(error.message),
    position: tagged ? untaggedPosition(position, tagged) : undefined,
    hint: code === "READ_ONLY" ? hints.READ_ONLY : undefined,
  });
}

/** A connection that broke. */
export function brokenError(error: DriverError, redact: Redactor): DataSourceError {
  const message = `The connection broke: ${redact(messageOf(error))}`;
  return new DataSourceError({ ...details(error, redact), code: "CONNECTION", message });
}

/** A connection that broke after a write was sent, and before its end was known. */
export function unknownOutcome(cause: DataSourceError): OutcomeUnknownError {
  return new OutcomeUnknownError({
    kind,
    message: "The connection broke after the statement was sent: it may or may not have been committed",
    hint: "Look at the data before running it again.",
    cause,
  });
}

export function isRefusedLogin(error: unknown): boolean {
  return (error as DriverError).errno === 1045;
}

/** The function that should have given one failed. */
export function passwordError(error: unknown, redact: Redactor): DataSourceError {
  if (error instanceof DataSourceError) return error;
  return new DataSourceError({
    code: "AUTHENTICATION",
    kind,
    message: `The password function failed: ${redact(messageOf(error))}`,
    cause: safeCause(error, redact, causeFields),
  });
}

/** Problems of the driver's with a server's way to log in. */
const loginCodes = new Set(["AUTH_SWITCH_PLUGIN_ERROR", "MYSQL_CLEAR_PASSWORD_NOT_ENABLED"]);
/** Trying again changes nothing: the certificate, or a server without TLS. */
const permanentCodes = new Set(["HANDSHAKE_SSL_ERROR", "HANDSHAKE_NO_SSL_SUPPORT"]);

/** Why no connection could be opened. */
export function loginError(error: unknown, redact: Redactor): DataSourceError {
  if (error instanceof DataSourceError) return error;
  const failure = error as DriverError;
  const fromServer = codes.get(failure.errno ?? 0);
  const code = fromServer ?? (loginCodes.has(failure.code ?? "") ? "AUTHENTICATION" : "CONNECTION");
  return new DataSourceError({
    ...details(failure, redact),
    code,
    message: `No connection: ${redact(messageOf(error))}`,
    hint: hints[code],
    isRetryable: code === "LIMIT_EXCEEDED" || (code === "CONNECTION" && !permanentCodes.has(failure.code ?? "")),
  });
}

function details(error: DriverError, redact: Redactor) {
  const { errno = 0, sqlState } = error;
  return {
    kind,
    // Scripted servers and some proxies send placeholders.
    sqlState: sqlState !== undefined && /^[0-9A-Z]{5}$/.test(sqlState) ? sqlState : undefined,
    nativeCode: errno > 0 ? String(errno) : error.code,
    cause: safeCause(error, redact, causeFields),
  };
}

function codeOf({ errno = 0 }: DriverError): ErrorCode {
  return codes.get(errno) ?? "QUERY_FAILED";
}

function messageOf(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  // A refused connection to a name of two addresses is an AggregateError without a message.
  return message || code || "unknown";
}
