import type { LogicalType } from "./logical-types.ts";

/** A row as an object, keyed by `Column.key`. */
export type Row = Record<string, unknown>;

/** What a column, an array's element or a struct's member is. `undefined`: the engine does not say. */
export interface ColumnType {
  readonly type: LogicalType;
  /** The engine's own name for it, such as `int8` or `NUMBER(38,0)`. */
  readonly nativeType: string;
  readonly precision: number | undefined;
  readonly scale: number | undefined;
  readonly nullable: boolean | undefined;
  /** Of an array. */
  readonly element?: ColumnType;
  /** Of a struct. */
  readonly fields?: readonly Column[];
}

export interface Column extends ColumnType {
  /** As the engine reports it; two columns may share a name. */
  readonly name: string;
  /** Its key in a row object: the name, or for a repeated one the name with the next free suffix `_2`, `_3`… */
  readonly key: string;
}

/** Milliseconds spent; `undefined` where an engine cannot tell. */
export interface Timings {
  readonly totalMs: number;
  /** Waiting for a connection, and opening it. */
  readonly acquireMs: number | undefined;
  /** From sending the statement to its first row or completion. */
  readonly executeMs: number | undefined;
  readonly fetchMs: number | undefined;
}

/** A warning or message from the server. */
export interface Notice {
  readonly severity: string;
  readonly code: string | undefined;
  readonly message: string;
}

/** What the engine says it used. */
export interface Usage {
  readonly bytesProcessed: bigint | undefined;
  readonly bytesBilled: bigint | undefined;
  readonly cacheHit: boolean | undefined;
}

export interface QueryResult<R = Row> {
  readonly rows: R[];
  readonly columns: readonly Column[];
  /** True exactly when the statement had more rows than `rows` holds, because of `maxRows` or `maxBytes`. */
  readonly truncated: boolean;
  /** Rows inserted, updated or deleted as counted by the server; `undefined` for a read, or if it does not say. */
  readonly rowsAffected: number | undefined;
  /** The server's id of this execution. */
  readonly queryId: string | undefined;
  readonly timings: Timings;
  readonly notices: readonly Notice[];
  readonly usage: Usage | undefined;
}

/**
 * Row batches with backpressure, to be iterated once. Nothing runs before the first `columns()` or iteration. Leaving
 * the loop in any way (`break`, `return`, a thrown error, an abort) stops the server's work before it returns.
 *
 * @example
 * ```ts
 * import type { DataSource, Row } from "@org/data-source-core";
 *
 * declare const source: DataSource;
 * declare function handle(row: Row): void;
 * const stream = source.stream("select * from big");
 * for await (const rows of stream) for (const row of rows) handle(row);
 * ```
 */
export interface QueryStream<R = Row> extends AsyncIterable<R[]>, AsyncDisposable {
  /** Starts the statement if need be. Known before the first row. */
  columns(): Promise<readonly Column[]>;
  readonly rowsDelivered: number;
  /** After the end: whether `maxRows` or `maxBytes` cut it. False before. */
  readonly truncated: boolean;
  /** `undefined` before the start, or if the engine gives none. */
  readonly queryId: string | undefined;
  /** Stops the server's work and gives the connection back. Idempotent; an iteration under way ends. */
  close(): Promise<void>;
}
