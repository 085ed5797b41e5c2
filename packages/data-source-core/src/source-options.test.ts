import { expect, test } from "vitest";
import { ConfigurationError } from "./errors.ts";
import { resolveSourceOptions } from "./source-options.ts";

test("has a default for everything but the listener and the cache identity", () => {
  const { onEvent, ...options } = resolveSourceOptions({});
  expect(options).toEqual({
    access: "read-only",
    integers: "bigint",
    json: "parsed",
    defaults: {
      maxRows: 10_000,
      maxBytes: Infinity,
      statementTimeoutMs: 60_000,
      idleTimeoutMs: 300_000,
      totalTimeoutMs: Infinity,
      batchRows: 1_000,
      queryTags: undefined,
    },
    pool: { max: 10, idleTimeoutMs: 30_000, maxLifetimeMs: Infinity, acquireTimeoutMs: 30_000 },
    connectTimeoutMs: 10_000,
    closeTimeoutMs: 5_000,
    telemetry: { enabled: true, captureQueryText: false },
    cacheIdentity: undefined,
  });
  expect(() => onEvent({ type: "connection-closed", reason: "idle" })).not.toThrow();
});

test("the caller's value wins over the adapter's default, which wins over the shared one", () => {
  const adapter = { connectTimeoutMs: 30_000, pool: { maxLifetimeMs: 2_700_000, max: 4 } };
  const { pool, connectTimeoutMs } = resolveSourceOptions({ pool: { max: 2 } }, adapter);
  expect(pool).toEqual({ max: 2, idleTimeoutMs: 30_000, maxLifetimeMs: 2_700_000, acquireTimeoutMs: 30_000 });
  expect(connectTimeoutMs).toBe(30_000);
});

test("a listener's fault stays with the listener", () => {
  const { onEvent } = resolveSourceOptions({
    onEvent: () => {
      throw new Error("listener");
    },
  });
  expect(() => onEvent({ type: "connection-opened", durationMs: 1 })).not.toThrow();
});

test.each<[object, string, string]>([
  [{ access: "write" }, "access", 'access must be "read-only" or "read-write"; got a string'],
  [{ pool: { max: 0 } }, "pool.max", "pool.max must be a whole number from 1; got 0"],
  [{ pool: { size: 5 } }, "pool.size", "pool.size is not an option; known: max,"],
  [{ pool: { Max: 5 } }, "pool.Max", "pool.Max is not an option; did you mean max?"],
  [{ pool: 5 }, "pool", "pool must be an object; got 5"],
  [{ connectTimeoutMs: Number.NaN }, "connectTimeoutMs", "got NaN"],
  [{ connectTimeoutMs: "10" }, "connectTimeoutMs", "above 0, or Infinity for none; got a string"],
  [{ closeTimeoutMs: -1 }, "closeTimeoutMs", "got -1"],
  [{ defaults: { maxRows: 1.5 } }, "defaults.maxRows", "a whole number from 1, or Infinity for none; got 1.5"],
  [{ defaults: { queryTags: { team: 1 } } }, "defaults.queryTags.team", "a non-empty string; got 1"],
  [{ telemetry: { enabled: "yes" } }, "telemetry.enabled", "telemetry.enabled must be true or false; got a string"],
  [{ onEvent: {} }, "onEvent", "onEvent must be a function; got an object"],
  [{ integers: "number" }, "integers", '"bigint" or "safe-number" or "string"'],
  [{ cacheIdentity: "" }, "cacheIdentity", "cacheIdentity must be a non-empty string; got an empty string"],
])("%o: names the field", (options, field, message) => {
  const attempt = (): unknown => resolveSourceOptions(options);
  expect(attempt).toThrow(ConfigurationError);
  expect(attempt).toThrow(message);
  expect(attempt).toThrow(expect.objectContaining({ field, code: "CONFIGURATION" }));
});

test("a secret in the wrong place is not repeated", () => {
  const attempt = (): unknown => resolveSourceOptions({ access: "canary-secret" as never });
  expect(attempt).toThrow(expect.objectContaining({ message: expect.not.stringContaining("canary") as string }));
});
