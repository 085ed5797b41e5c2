import { inspect } from "node:util";
import { expect, test, vi } from "vitest";
import {
  ConfigurationError,
  DataSourceError,
  isDataSourceError,
  OutcomeUnknownError,
  SessionLostError,
  ValidationError,
} from "./errors.ts";

const canary = "canary-4711";

test("carries everything a caller can react to", () => {
  const cause = new Error("from the driver");
  const error = new DataSourceError({
    code: "CONSTRAINT",
    message: "duplicate key",
    kind: "postgres",
    sqlState: "23505",
    nativeCode: "23505",
    queryId: "q1",
    position: 8,
    hint: "choose another key",
    cause,
  });
  expect(error.message).toBe("duplicate key");
  expect(error.cause).toBe(cause);
  expect(Object.fromEntries(Object.entries(error))).toEqual({
    code: "CONSTRAINT",
    kind: "postgres",
    isRetryable: false,
    sqlState: "23505",
    nativeCode: "23505",
    queryId: "q1",
    position: 8,
    hint: "choose another key",
  });
});

test("SQL and binds are readable but never printed or serialised", () => {
  const error = new DataSourceError({
    code: "SYNTAX",
    message: "no",
    sql: `select '${canary}'`,
    params: [canary, { nested: canary }],
  });
  expect(error.sql).toBe(`select '${canary}'`);
  expect(error.params).toEqual([canary, { nested: canary }]);
  for (const text of [inspect(error, { depth: 10 }), JSON.stringify(error), String(error), String(error.stack)]) {
    expect(text).not.toContain(canary);
  }
});

test("names itself in the stack", () => {
  const errors = [
    [new ConfigurationError("m", "pool.max"), "ConfigurationError"],
    [new ValidationError("m", "maxRows"), "ValidationError"],
    [new OutcomeUnknownError({ message: "m", queryId: "q" }), "OutcomeUnknownError"],
    [new SessionLostError({ message: "m", lost: ["temporary tables"] }), "SessionLostError"],
  ] as const;
  for (const [error, name] of errors) {
    expect(error.stack?.split("\n")[0]).toBe(`${name}: m`);
    expect(error).toBeInstanceOf(DataSourceError);
  }
  expect(errors[0][0].field).toBe("pool.max");
  expect(errors[3][0].lost).toEqual(["temporary tables"]);
});

test("only what is safe to repeat is retryable by default", () => {
  const retryable = (code: ConstructorParameters<typeof DataSourceError>[0]["code"]) =>
    new DataSourceError({ code, message: "m" }).isRetryable;
  expect(retryable("CONFLICT")).toBe(true);
  expect(retryable("ACQUIRE_TIMEOUT")).toBe(true);
  expect(retryable("STATEMENT_TIMEOUT")).toBe(false);
  expect(retryable("SYNTAX")).toBe(false);
  expect(new DataSourceError({ code: "CONNECTION", message: "m", isRetryable: false }).isRetryable).toBe(false);
});

test("is recognised by its brand, so that a second installed copy counts too", async () => {
  vi.resetModules();
  const copy = await import("./errors.ts");
  const foreign = new copy.DataSourceError({ code: "CLOSED", message: "m" });
  expect(foreign).not.toBeInstanceOf(DataSourceError);
  expect(isDataSourceError(foreign)).toBe(true);
  expect(isDataSourceError(foreign, "CLOSED")).toBe(true);
  expect(isDataSourceError(foreign, "SYNTAX")).toBe(false);
  expect(isDataSourceError(new Error("m"))).toBe(false);
  expect(isDataSourceError(undefined)).toBe(false);
});
