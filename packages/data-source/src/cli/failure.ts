import { type ErrorCode, isDataSourceError } from "@org/data-source-core";
import { printable } from "./printable.ts";
import { UsageError } from "./usage.ts";

const exitCodes: Partial<Record<ErrorCode, number>> = {
  CONFIGURATION: 2,
  VALIDATION: 2,
  AUTHENTICATION: 3,
  CONNECTION: 3,
  CONNECT_TIMEOUT: 3,
  ACQUIRE_TIMEOUT: 3,
  READ_ONLY: 4,
  STATEMENT_TIMEOUT: 5,
  IDLE_TIMEOUT: 5,
  OUTCOME_UNKNOWN: 6,
};

/** What the usage says about each. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return 2;
  return (isDataSourceError(error) && exitCodes[error.code]) || 1;
}

/** An error for people: no stack, no cause, nothing that steers the terminal. */
export function describeFailure(error: unknown, sql: string | undefined): string {
  if (error instanceof UsageError) return `error: ${printable(error.message)}\nSee data-source --help.\n`;
  if (!isDataSourceError(error)) return `error: ${printable(error instanceof Error ? error.message : String(error))}\n`;
  const { code, message, position, queryId, sqlState, isRetryable } = error;
  // The library's own hint speaks of options, not of the command line.
  const hint =
    code === "READ_ONLY" ? "Only reads run, unless --write is given and the config file allows it." : error.hint;
  const lines = [
    `error: ${code}: ${printable(message)}`,
    ...(position === undefined || sql === undefined ? [] : [`  at:       ${place(sql, position)}`]),
    ...(hint === undefined ? [] : [`  hint:     ${printable(hint)}`]),
    ...(sqlState === undefined ? [] : [`  sqlstate: ${printable(sqlState)}`]),
    ...(queryId === undefined ? [] : [`  query id: ${printable(queryId)}`]),
    ...(isRetryable ? ["  The same command may succeed later."] : []),
  ];
  return `${lines.join("\n")}\n`;
}

/** A position from 1, as line and column. */
function place(sql: string, position: number): string {
  const before = sql.slice(0, position - 1).split("\n");
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
