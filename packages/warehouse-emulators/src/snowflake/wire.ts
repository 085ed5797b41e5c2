/** What goes over the wire, as the real driver reads it. */

export type WireType =
  | "text"
  | "binary"
  | "boolean"
  | "fixed"
  | "real"
  | "date"
  | "time"
  | "timestamp_ltz"
  | "timestamp_ntz"
  | "timestamp_tz"
  | "variant"
  | "object"
  | "array"
  | "map";

export interface WireColumn {
  readonly name: string;
  readonly type: WireType;
  readonly nullable?: boolean;
  readonly precision?: number | null;
  readonly scale?: number | null;
  readonly length?: number | null;
  /** GEOGRAPHY and GEOMETRY come as `object` with this. */
  readonly extTypeName?: string;
}

/** Every value is text or null: epoch days, `seconds.nanos`, hex, JSON text… */
export type WireRow = readonly (string | null)[];

/** An array, or rows that are made when they are asked for: a script's result may be larger than memory. */
export interface WireRows {
  readonly length: number;
  slice(start: number, end?: number): readonly WireRow[];
}

/** What a statement gives. */
export interface StatementResult {
  readonly columns: readonly WireColumn[];
  readonly rows: WireRows;
  readonly statementTypeId: number;
}

/** A failure in Snowflake's own terms. */
export class SnowflakeFailure extends Error {
  readonly code: string;
  readonly sqlState: string | undefined;
  /** Of a syntax error. */
  readonly at: { readonly line: number; readonly pos: number } | undefined;

  constructor(code: string, message: string, sqlState?: string, at?: { line: number; pos: number }) {
    super(message);
    this.code = code;
    this.sqlState = sqlState;
    this.at = at;
  }
}

/** A hard error: neither scripted nor supported. Its text is easily found in a failing test's output. */
export function unsupported(what: string): SnowflakeFailure {
  return new SnowflakeFailure("000002", `Snowflake emulator: not supported and not scripted: ${what}`, "0A000");
}

export const failures = {
  sessionTokenExpired: new SnowflakeFailure("390112", "Session token has expired. Please use master token to renew."),
  masterTokenExpired: new SnowflakeFailure(
    "390114",
    "Authentication token has expired.  The user must authenticate again.",
  ),
  sessionGone: new SnowflakeFailure("390111", "Session no longer exists.  New login required to access the service."),
  sessionInvalid: new SnowflakeFailure("390104", "The session token provided is invalid."),
  cancelled: new SnowflakeFailure("000604", "SQL execution canceled", "57014"),
  notExecuting: new SnowflakeFailure("000605", "Identified SQL statement is not currently executing."),
} as const;

export const statementTypes = {
  select: 0x1000,
  insert: 0x3100,
  update: 0x3200,
  delete: 0x3300,
  merge: 0x3400,
  session: 0x4000,
  transaction: 0x5000,
  ddl: 0x6000,
} as const;

/** The reply to a statement without rows of its own. */
export function statusResult(message: string, statementTypeId: number): StatementResult {
  return { columns: [{ name: "status", type: "text" }], rows: [[message]], statementTypeId };
}
