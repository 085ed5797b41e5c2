import type { Access } from "./data-source.ts";
import type { EventListener } from "./events.ts";
import type { IntegerMode } from "./logical-types.ts";

/** Options that every adapter's create function takes, beside those of its engine. */
export interface DataSourceOptions {
  /** Default `read-only`: no call can write, whatever its options say. */
  readonly access?: Access;
  /** Replace the defaults of the calls' options of the same names. */
  readonly defaults?: DefaultLimits;
  /** Default `bigint`. */
  readonly integers?: IntegerMode;
  /** Default `parsed`. */
  readonly json?: "parsed" | "text";
  readonly pool?: PoolOptions;
  /** Milliseconds to open one connection, login included. The default is the adapter's. */
  readonly connectTimeoutMs?: number;
  /** Milliseconds that `close()` lets running statements finish. Default 5,000. */
  readonly closeTimeoutMs?: number;
  readonly telemetry?: TelemetryOptions;
  /** Notices, reconnects, retries. */
  readonly onEvent?: EventListener;
  /** Who this source acts as, when credentials come from a function or factory and caching is wanted. */
  readonly cacheIdentity?: string;
}

export interface DefaultLimits {
  readonly maxRows?: number;
  readonly maxBytes?: number;
  readonly statementTimeoutMs?: number;
  readonly idleTimeoutMs?: number;
  readonly totalTimeoutMs?: number;
  readonly batchRows?: number;
  readonly queryTags?: Readonly<Record<string, string>>;
}

export interface PoolOptions {
  /** Open connections, at most. Default 10. */
  readonly max?: number;
  /** Milliseconds an unused connection is kept. Default 30,000. */
  readonly idleTimeoutMs?: number;
  /** Milliseconds a connection is used before it is replaced. Default Infinity, unless the adapter's says otherwise. */
  readonly maxLifetimeMs?: number;
  /** Milliseconds to wait for a free connection; then code `ACQUIRE_TIMEOUT`. Default 30,000. */
  readonly acquireTimeoutMs?: number;
}

export interface TelemetryOptions {
  /** Default true: spans and durations for whatever OpenTelemetry SDK the process has registered, if any. */
  readonly enabled?: boolean;
  /** Put the SQL text, never its parameters, on spans. Default false: literals in the text may be private. */
  readonly captureQueryText?: boolean;
}
