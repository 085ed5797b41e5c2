import { configurationChecks as check } from "./checks.ts";
import type { Access } from "./data-source.ts";
import type { EventListener } from "./events.ts";
import type { IntegerMode } from "./logical-types.ts";
import type { DataSourceOptions } from "./options.ts";

/** The limits of calls that state none. */
export interface ResolvedDefaults {
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly statementTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly totalTimeoutMs: number;
  readonly batchRows: number;
  readonly queryTags: Readonly<Record<string, string>> | undefined;
}

export interface ResolvedPool {
  readonly max: number;
  readonly idleTimeoutMs: number;
  readonly maxLifetimeMs: number;
  readonly acquireTimeoutMs: number;
}

/** The options that all adapters share, checked, with every default in place. */
export interface ResolvedSourceOptions {
  readonly access: Access;
  readonly defaults: ResolvedDefaults;
  readonly integers: IntegerMode;
  readonly json: "parsed" | "text";
  readonly pool: ResolvedPool;
  readonly connectTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly telemetry: { readonly enabled: boolean; readonly captureQueryText: boolean };
  /** Never throws. */
  readonly onEvent: EventListener;
  readonly cacheIdentity: string | undefined;
}

/** The names in DataSourceOptions: an adapter adds its own and gives both to `configurationChecks.known`. */
export const sourceOptionNames: readonly string[] = [
  "access",
  "defaults",
  "integers",
  "json",
  "pool",
  "connectTimeoutMs",
  "closeTimeoutMs",
  "telemetry",
  "onEvent",
  "cacheIdentity",
] satisfies (keyof DataSourceOptions)[];

const builtIn: ResolvedDefaults = {
  maxRows: 10_000,
  maxBytes: Infinity,
  statementTimeoutMs: 60_000,
  idleTimeoutMs: 300_000,
  totalTimeoutMs: Infinity,
  batchRows: 1_000,
  queryTags: undefined,
};

/** An adapter may bring defaults of its own for these. */
export interface AdapterDefaults {
  readonly connectTimeoutMs?: number;
  readonly pool?: Partial<ResolvedPool>;
}

/** Checks the shared options of `options` (others are the adapter's to check); throws a ConfigurationError. */
export function resolveSourceOptions(options: DataSourceOptions, adapter: AdapterDefaults = {}): ResolvedSourceOptions {
  const { access, integers, json, connectTimeoutMs, closeTimeoutMs, onEvent, cacheIdentity } = options;
  const pool = group(options, "pool", ["max", "idleTimeoutMs", "maxLifetimeMs", "acquireTimeoutMs"]);
  const telemetry = group(options, "telemetry", ["enabled", "captureQueryText"]);
  const listener = onEvent === undefined ? undefined : (check.func("onEvent", onEvent) as EventListener);
  return {
    access: access === undefined ? "read-only" : check.oneOf("access", access, ["read-only", "read-write"]),
    integers:
      integers === undefined ? "bigint" : check.oneOf("integers", integers, ["bigint", "safe-number", "string"]),
    json: json === undefined ? "parsed" : check.oneOf("json", json, ["parsed", "text"]),
    defaults: resolveDefaults(options),
    pool: {
      max: optional(check.count, "pool.max", pool["max"]) ?? adapter.pool?.max ?? 10,
      idleTimeoutMs: duration("pool.idleTimeoutMs", pool["idleTimeoutMs"]) ?? adapter.pool?.idleTimeoutMs ?? 30_000,
      maxLifetimeMs: duration("pool.maxLifetimeMs", pool["maxLifetimeMs"]) ?? adapter.pool?.maxLifetimeMs ?? Infinity,
      acquireTimeoutMs:
        duration("pool.acquireTimeoutMs", pool["acquireTimeoutMs"]) ?? adapter.pool?.acquireTimeoutMs ?? 30_000,
    },
    connectTimeoutMs: duration("connectTimeoutMs", connectTimeoutMs) ?? adapter.connectTimeoutMs ?? 10_000,
    closeTimeoutMs: duration("closeTimeoutMs", closeTimeoutMs) ?? 5_000,
    telemetry: {
      enabled: optional(check.boolean, "telemetry.enabled", telemetry["enabled"]) ?? true,
      captureQueryText: optional(check.boolean, "telemetry.captureQueryText", telemetry["captureQueryText"]) ?? false,
    },
    onEvent: (event) => {
      try {
        listener?.(event);
      } catch {
        // A listener's own fault must not become a query's.
      }
    },
    cacheIdentity: optional(check.string, "cacheIdentity", cacheIdentity),
  };
}

function resolveDefaults(options: DataSourceOptions): ResolvedDefaults {
  const given = group(options, "defaults", Object.keys(builtIn));
  const limit = (name: "maxRows" | "maxBytes"): number =>
    optional(check.limit, `defaults.${name}`, given[name]) ?? builtIn[name];
  const ms = (name: "statementTimeoutMs" | "idleTimeoutMs" | "totalTimeoutMs"): number =>
    duration(`defaults.${name}`, given[name]) ?? builtIn[name];
  const tags = given["queryTags"];
  if (tags !== undefined) {
    for (const [key, value] of Object.entries(check.object("defaults.queryTags", tags))) {
      check.string(`defaults.queryTags.${key}`, value);
    }
  }
  return {
    maxRows: limit("maxRows"),
    maxBytes: limit("maxBytes"),
    statementTimeoutMs: ms("statementTimeoutMs"),
    idleTimeoutMs: ms("idleTimeoutMs"),
    totalTimeoutMs: ms("totalTimeoutMs"),
    batchRows: optional(check.count, "defaults.batchRows", given["batchRows"]) ?? builtIn.batchRows,
    queryTags: tags as ResolvedDefaults["queryTags"],
  };
}

function group(
  options: DataSourceOptions,
  name: keyof DataSourceOptions,
  keys: readonly string[],
): Record<string, unknown> {
  if (options[name] === undefined) return {};
  const value = check.object(name, options[name]);
  check.known(value, keys, `${name}.`);
  return value;
}

function duration(field: string, value: unknown): number | undefined {
  return optional(check.durationMs, field, value);
}

function optional<T>(verify: (field: string, value: unknown) => T, field: string, value: unknown): T | undefined {
  return value === undefined ? undefined : verify(field, value);
}
