import type { DataSourceKind } from "./data-source.ts";
import type { Params } from "./request.ts";

/** What went wrong, the same on every engine. The README says what to do about each. */
export type ErrorCode =
  /** The data source was created with wrong or contradictory options. */
  | "CONFIGURATION"
  /** A call's request or options are wrong. */
  | "VALIDATION"
  /** The server refused the credentials. */
  | "AUTHENTICATION"
  /** The account may not do this. */
  | "PERMISSION_DENIED"
  /** The server could not be reached, or the connection broke. */
  | "CONNECTION"
  /** No connection became free in `acquireTimeoutMs`. */
  | "ACQUIRE_TIMEOUT"
  /** `connectTimeoutMs` passed while opening a connection. */
  | "CONNECT_TIMEOUT"
  | "STATEMENT_TIMEOUT"
  /** The consumer of a stream paused longer than `idleTimeoutMs`. */
  | "IDLE_TIMEOUT"
  /** The caller's signal aborted, or somebody cancelled the statement on the server. */
  | "CANCELLED"
  /** A write through a read-only call, session or source. */
  | "READ_ONLY"
  /** The engine has no such thing; `capabilities` says so. */
  | "UNSUPPORTED"
  | "SYNTAX"
  /** A table, column, function… that does not exist, or is not visible to the account. */
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "CONSTRAINT"
  /** A value that the server, or a lossless conversion, cannot accept. */
  | "DATA"
  /** A row that its `rowSchema` refuses. */
  | "ROW_VALIDATION"
  /** Serialization failure or deadlock: the transaction may be run again. */
  | "CONFLICT"
  /** A cost, size or rate limit: bytes billed, quota, too many connections. */
  | "LIMIT_EXCEEDED"
  /** The server dropped the session, and with it temporary tables, settings and an open transaction. */
  | "SESSION_LOST"
  /** A write that may or may not have happened; never replayed. */
  | "OUTCOME_UNKNOWN"
  /** The data source, session or stream is closed. */
  | "CLOSED"
  /** Any other error of the server; `sqlState` and `nativeCode` have its own code. */
  | "QUERY_FAILED";

export interface ErrorDetails {
  readonly code: ErrorCode;
  readonly message: string;
  readonly kind?: DataSourceKind | undefined;
  /** Default: true for `ACQUIRE_TIMEOUT`, `CONNECT_TIMEOUT`, `CONNECTION`, `CONFLICT`. */
  readonly isRetryable?: boolean | undefined;
  readonly sqlState?: string | undefined;
  readonly nativeCode?: string | undefined;
  readonly queryId?: string | undefined;
  readonly position?: number | undefined;
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  readonly sql?: string | undefined;
  readonly params?: Params | undefined;
}

const brand: unique symbol = Symbol.for("data-source.error") as never;
const retryable: ReadonlySet<ErrorCode> = new Set(["ACQUIRE_TIMEOUT", "CONNECT_TIMEOUT", "CONNECTION", "CONFLICT"]);

/** Every error of a data source. Recognise it by `isDataSourceError`, which also works across two installed copies. */
export class DataSourceError extends Error {
  readonly code: ErrorCode;
  /** The engine, where one is involved. */
  readonly kind: DataSourceKind | undefined;
  /** The same call may succeed later, and running it again cannot write twice. */
  readonly isRetryable: boolean;
  readonly sqlState: string | undefined;
  /** The server's or driver's own code, as text. */
  readonly nativeCode: string | undefined;
  readonly queryId: string | undefined;
  /** Where in the request's text, from 1. */
  readonly position: number | undefined;
  /** What to do about it. */
  readonly hint: string | undefined;
  /** Not enumerable, so that no logger prints it. */
  declare readonly sql: string | undefined;
  /** Not enumerable, so that no logger prints them. */
  declare readonly params: Params | undefined;

  static {
    hidden(this.prototype, "name", "DataSourceError");
  }

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.kind = details.kind;
    this.isRetryable = details.isRetryable ?? retryable.has(details.code);
    this.sqlState = details.sqlState;
    this.nativeCode = details.nativeCode;
    this.queryId = details.queryId;
    this.position = details.position;
    this.hint = details.hint;
    hidden(this, "sql", details.sql);
    hidden(this, "params", details.params);
    hidden(this, brand, true);
  }
}

/** A wrong option of a data source; `field` is its path, such as `pool.max`. */
export class ConfigurationError extends DataSourceError {
  readonly field: string | undefined;

  static {
    hidden(this.prototype, "name", "ConfigurationError");
  }

  constructor(message: string, field?: string, details?: Partial<ErrorDetails>) {
    super({ ...details, code: "CONFIGURATION", message });
    this.field = field;
  }
}

/** A wrong request or option of a call; `field` is its path, such as `maxRows` or `params[2]`. */
export class ValidationError extends DataSourceError {
  readonly field: string | undefined;

  static {
    hidden(this.prototype, "name", "ValidationError");
  }

  constructor(message: string, field?: string, details?: Partial<ErrorDetails>) {
    super({ ...details, code: "VALIDATION", message });
    this.field = field;
  }
}

/** A write whose reply was lost: look at the data, or ask the server about `queryId`, before trying again. */
export class OutcomeUnknownError extends DataSourceError {
  static {
    hidden(this.prototype, "name", "OutcomeUnknownError");
  }

  constructor(details: Omit<ErrorDetails, "code" | "isRetryable">) {
    super({ ...details, code: "OUTCOME_UNKNOWN", isRetryable: false });
  }
}

/** The server dropped the session; `lost` says what went with it. Run the whole unit again. */
export class SessionLostError extends DataSourceError {
  readonly lost: readonly string[];

  static {
    hidden(this.prototype, "name", "SessionLostError");
  }

  constructor(details: Omit<ErrorDetails, "code" | "isRetryable"> & { readonly lost: readonly string[] }) {
    super({ ...details, code: "SESSION_LOST", isRetryable: false });
    this.lost = details.lost;
  }
}

/**
 * Whether `value` is a DataSourceError, of that code if one is given.
 *
 * @example
 * ```ts
 * import { type DataSource, isDataSourceError } from "@org/data-source-core";
 *
 * declare const source: DataSource;
 * try {
 *   await source.query("select pg_sleep(60)", { statementTimeoutMs: 1_000 });
 * } catch (error) {
 *   if (!isDataSourceError(error, "STATEMENT_TIMEOUT")) throw error;
 * }
 * ```
 */
export function isDataSourceError(value: unknown, code?: ErrorCode): value is DataSourceError {
  if (typeof value !== "object" || value === null || !(brand in value)) return false;
  return code === undefined || (value as { code?: unknown }).code === code;
}

function hidden(target: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: false, writable: true, configurable: true });
}
