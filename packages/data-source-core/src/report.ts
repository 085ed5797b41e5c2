import type { DataSourceError } from "./errors.ts";
import type { Column } from "./result.ts";

/** One step of `check()`. */
export interface CheckStep {
  readonly name: "resolve" | "tcp" | "tls" | "login" | "privileges" | "version" | "latency" | (string & {});
  /** `skipped`: an earlier step failed, or the engine has no such step (`detail` says which). */
  readonly outcome: "ok" | "warning" | "failed" | "skipped";
  readonly durationMs: number | undefined;
  readonly detail: string | undefined;
  /** What to do about it. */
  readonly hint: string | undefined;
  readonly error: DataSourceError | undefined;
}

/** Never a bare boolean: each step with its outcome and hint. */
export interface ConnectionReport {
  /** No step failed. */
  readonly ok: boolean;
  readonly steps: readonly CheckStep[];
  readonly user: string | undefined;
  readonly serverVersion: string | undefined;
  /** One round trip of a trivial statement on an open connection. */
  readonly latencyMs: number | undefined;
  /** Whether the account itself may write, whatever this data source allows. */
  readonly canWrite: boolean | undefined;
}

/** What a statement would do, without running it. */
export interface Estimate {
  /** `dry-run`: by the server's own validation. `plan`: by the optimiser. */
  readonly source: "dry-run" | "plan";
  readonly rows: number | undefined;
  readonly bytesProcessed: bigint | undefined;
  /** In the optimiser's own unit. */
  readonly cost: number | undefined;
  /** Such as `SELECT`. */
  readonly statementType: string | undefined;
  readonly columns: readonly Column[] | undefined;
  /** The engine's own plan, parsed where it is JSON. */
  readonly plan: unknown;
}
