/** Who keeps a promise: the server or its protocol, only our code, or nobody. */
export type Enforcement = "server" | "client" | "none";

export interface Guarantee {
  readonly enforcedBy: Enforcement;
  /** How, in a sentence. */
  readonly note: string;
  /** What it does not stop: each known exception, such as `pg_notify` for read-only. */
  readonly gaps: readonly string[];
}

/** What this data source promises and who keeps the promise. May become sharper after the first connection. */
export interface Capabilities {
  readonly readOnly: Guarantee;
  readonly maxRows: Guarantee;
  readonly maxBytes: Guarantee;
  readonly statementTimeout: Guarantee;
  /** Whether an abort stops the work on the server. */
  readonly cancel: Guarantee;
  /** Statements may share a connection and its temporary state. False behind a transaction pooler. */
  readonly session: boolean;
  readonly transaction: boolean;
  /** `transaction()` inside a transaction. */
  readonly savepoint: boolean;
  /** `batch` is all or nothing. */
  readonly atomicBatch: boolean;
  readonly estimate: boolean;
  readonly namedParams: boolean;
}
