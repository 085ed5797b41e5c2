import type { LogicalType } from "./logical-types.ts";
import type { SqlFragment } from "./sql.ts";
import type { StandardSchema } from "./standard-schema.ts";

/** A bound value together with its type, for what has none of its own (null, an empty array). Made by `sql.typed`. */
export interface TypedParam {
  readonly value: ParamValue;
  /** A logical type, that with `[]`, or else the engine's own type name. */
  readonly type: ParamType;
}

/** `"integer"`, `"decimal[]"`…, or the engine's own name such as `"citext"`. A logical name wins over a native one. */
export type ParamType = LogicalType | `${LogicalType}[]` | (string & {});

/** A bound value. `undefined` is refused (a ValidationError), never taken for null. Plain objects are sent as JSON. */
export type ParamValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | TypedParam
  | readonly ParamValue[]
  | { readonly [key: string]: unknown };

/** Positional, or by name on an engine that has named parameters (`capabilities.namedParams`). */
export type Params = readonly ParamValue[] | Readonly<Record<string, ParamValue>>;

/** A statement with its bound values, in the engine's own placeholder syntax. The server binds them. */
export interface SqlRequest {
  readonly text: string;
  readonly params?: Params;
  /** `object` (default): rows keyed by `Column.key`. `array`: rows in column order. */
  readonly rowMode?: "object" | "array";
}

/** What can be run. A bare string has no parameters. */
export type Request = string | SqlRequest | SqlFragment;

/** A request that asks for rows as arrays. */
export type ArrayRequest = SqlRequest & { readonly rowMode: "array" };

/** Options of every statement. */
export interface StatementOptions {
  /** Aborting stops the work on the server; the call rejects with code `CANCELLED`, the reason as its cause. */
  readonly signal?: AbortSignal;
  /** Default true. `false` needs a data source with `access: "read-write"`. Not accepted in a session or transaction. */
  readonly readOnly?: boolean;
  /** One clock, in milliseconds, for waiting for a connection, running and fetching. Default 60,000; Infinity: none. */
  readonly statementTimeoutMs?: number;
  /** Attribution: Snowflake QUERY_TAG, BigQuery labels, a leading SQL comment elsewhere. Never put secrets here. */
  readonly queryTags?: Readonly<Record<string, string>>;
}

export interface QueryOptions<R = unknown> extends StatementOptions {
  /** Default 10,000; Infinity lifts it. A result with more rows is cut and says `truncated`. */
  readonly maxRows?: number;
  /** Approximate size of the values, in bytes. Default Infinity. A result that would exceed it is cut at a row's end. */
  readonly maxBytes?: number;
  /** Each row is validated, and becomes the schema's output. A bad row: code `ROW_VALIDATION`. */
  readonly rowSchema?: StandardSchema<R>;
}

export interface StreamOptions<R = unknown> extends QueryOptions<R> {
  /** Default Infinity: a stream has no row limit unless asked for. */
  readonly maxRows?: number;
  /** For a stream: the time the server may take up to the first batch and for each batch after. Default 60,000. */
  readonly statementTimeoutMs?: number;
  /** How long the consumer may take between two batches before the stream is closed. Default 300,000. */
  readonly idleTimeoutMs?: number;
  /** From the start to the last row, pauses included. Default Infinity. */
  readonly totalTimeoutMs?: number;
  /** Rows in a batch, at most. Default 1,000. */
  readonly batchRows?: number;
}

export interface SessionOptions {
  readonly signal?: AbortSignal;
  /** Fixed for every statement inside. Default true; temporary tables and settings need `false`. */
  readonly readOnly?: boolean;
  /** Defaults for the statements inside. */
  readonly statementTimeoutMs?: number;
  readonly queryTags?: Readonly<Record<string, string>>;
  /**
   * What to do when the server drops the session midway. `never` (default): a SessionLostError. `whole`: `work` runs
   * once more from its start on a new session, so it must be safe to run twice.
   */
  readonly replay?: "never" | "whole";
}

export type IsolationLevel = "read-uncommitted" | "read-committed" | "repeatable-read" | "serializable" | "snapshot";

export interface TransactionOptions extends SessionOptions {
  /** Default: the engine's. One the engine lacks is a ValidationError. */
  readonly isolation?: IsolationLevel;
  /** How often `work` may run in all when the server reports a serialization failure or deadlock. Default 1. */
  readonly maxAttempts?: number;
}

/** The statements of a batch share these; `statementTimeoutMs` is for each. */
export interface BatchOptions extends Omit<QueryOptions, "rowSchema"> {
  readonly isolation?: IsolationLevel;
}
