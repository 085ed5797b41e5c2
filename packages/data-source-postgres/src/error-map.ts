import { DataSourceError, type ErrorCode, type Notice, OutcomeUnknownError } from "@org/data-source-core";
import {
  type Deadline,
  type Redactor,
  safeCause,
  type TaggedText,
  untaggedPosition,
} from "@org/data-source-core/adapter";
import { DatabaseError } from "pg";

const kind = "postgres";

/** By SQLSTATE, else by its class (the first two characters). Appendix A of the Postgres manual. */
const codes: Readonly<Record<string, ErrorCode>> = {
  "08": "CONNECTION",
  "0A": "UNSUPPORTED",
  "22": "DATA",
  "23": "CONSTRAINT",
  "25006": "READ_ONLY",
  "28": "AUTHENTICATION",
  "3D": "NOT_FOUND",
  "3F": "NOT_FOUND",
  "40001": "CONFLICT",
  "40P01": "CONFLICT",
  "42501": "PERMISSION_DENIED",
  "42601": "SYNTAX",
  "42701": "ALREADY_EXISTS",
  "42703": "NOT_FOUND",
  "42704": "NOT_FOUND",
  "42710": "ALREADY_EXISTS",
  "42723": "ALREADY_EXISTS",
  "42883": "NOT_FOUND",
  "42P01": "NOT_FOUND",
  "42P02": "VALIDATION",
  "42P04": "ALREADY_EXISTS",
  "42P06": "ALREADY_EXISTS",
  "42P07": "ALREADY_EXISTS",
  "42P18": "VALIDATION",
  "53": "LIMIT_EXCEEDED",
  "54": "LIMIT_EXCEEDED",
  "57014": "CANCELLED",
  "57P": "CONNECTION",
};

const hints: Partial<Record<string, string>> = {
  "25006": 'Pass readOnly: false, to a data source with access: "read-write".',
  "25P02": "An earlier statement of this transaction failed: everything up to its end is refused.",
  "42P18": "Give the parameter a type: sql.typed(value, type), or a cast in the SQL.",
};

const changedHint = "A table was altered after this statement was prepared: run the transaction again.";

/** "Cached plan must not change result type", of a statement that was prepared before a table was altered. */
export function isResultChanged({ code, routine }: DatabaseError): boolean {
  return code === "0A000" && routine === "RevalidateCachedQuery";
}

export interface StatementContext {
  readonly redact: Redactor;
  readonly tagged?: TaggedText;
  readonly deadline?: Deadline;
}

/** The server's refusal of a statement. */
export function statementError(error: DatabaseError, context: StatementContext): DataSourceError {
  const { redact, deadline } = context;
  const sqlState = error.code ?? "";
  if (sqlState === "57014" && deadline !== undefined) {
    // Its own timer and ours run from the same moment: one SQLSTATE for the timeout and for a cancel.
    if (deadline.signal.aborted) return deadline.signal.reason as DataSourceError;
    if (deadline.remainingMs() < 5) {
      return new DataSourceError({
        code: "STATEMENT_TIMEOUT",
        kind,
        message: "The statement did not finish within its timeout",
        sqlState,
        cause: safeCause(error, redact, causeFields),
      });
    }
  }
  const position = error.position === undefined ? undefined : Number(error.position);
  const isChanged = isResultChanged(error);
  return new DataSourceError({
    code: isChanged ? "CONFLICT" : codeOf(sqlState),
    kind,
    message: redact(error.message),
    sqlState,
    position: context.tagged ? untaggedPosition(position, context.tagged) : position,
    hint: (isChanged ? changedHint : hints[sqlState]) ?? (error.hint === undefined ? undefined : redact(error.hint)),
    cause: safeCause(error, redact, causeFields),
  });
}

/** A connection that broke while a statement ran. */
export function brokenError(error: unknown, redact: Redactor): DataSourceError {
  if (error instanceof DatabaseError && codeOf(error.code ?? "") !== "CONNECTION") {
    return statementError(error, { redact });
  }
  return new DataSourceError({
    code: "CONNECTION",
    kind,
    message: `The connection broke: ${redact(messageOf(error))}`,
    sqlState: error instanceof DatabaseError ? error.code : undefined,
    nativeCode: nativeCodeOf(error),
    cause: safeCause(error, redact, causeFields),
  });
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

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A system's code such as ECONNREFUSED; an SQLSTATE is none. */
export function nativeCodeOf(error: unknown): string | undefined {
  if (error instanceof DatabaseError || typeof error !== "object" || error === null) return undefined;
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? code : undefined;
}

export function noticeOf(message: { severity?: string; code?: string; message?: string }): Notice {
  const { severity = "NOTICE", code, message: text = "" } = message;
  return { severity, code, message: text };
}

/** What a cause may show: the server's `detail` and `where` quote values. */
export const causeFields: readonly string[] = ["code", "errno", "syscall", "severity", "position", "routine"];

export function codeOf(sqlState: string): ErrorCode {
  return codes[sqlState] ?? codes[sqlState.slice(0, 3)] ?? codes[sqlState.slice(0, 2)] ?? "QUERY_FAILED";
}
