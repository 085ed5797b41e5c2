import { expect, test } from "vitest";
import { DataSourceError } from "./errors.ts";
import { createLifecycle } from "./lifecycle.ts";
import { observed, withSql } from "./observed.ts";
import type { Instrument } from "./telemetry.ts";

function watch() {
  const outcomes: unknown[] = [];
  const instrument: Instrument = {
    start: ({ name }) => ({ run: (work) => work(), end: (outcome) => outcomes.push([name, outcome]) }),
    span: () => ({ end: () => undefined }),
  };
  return { outcomes, engine: { instrument, lifecycle: createLifecycle({ kind: "postgres", closeTimeoutMs: 60_000 }) } };
}

test("an operation ends with its rows, if it has any, or its error", async () => {
  const { engine, outcomes } = watch();
  const error = new Error("x");
  expect(
    await observed(
      engine,
      { name: "query" },
      async () => "abc",
      (result) => result.length,
    ),
  ).toBe("abc");
  expect(await observed(engine, { name: "check" }, async () => "abc")).toBe("abc");
  await expect(observed(engine, { name: "session" }, () => Promise.reject(error))).rejects.toBe(error);
  expect(outcomes).toEqual([
    ["query", { rows: 3 }],
    ["check", {}],
    ["session", { error }],
  ]);
});

test("close() waits for what runs, failed or not, and nothing begins after", async () => {
  const { engine } = watch();
  const { promise, reject } = Promise.withResolvers<string>();
  const running = observed(engine, { name: "query" }, () => promise);
  let isClosed = false;
  const closing = engine.lifecycle.close(async () => void (isClosed = true));
  await expect(observed(engine, { name: "query" }, async () => 1)).rejects.toMatchObject({ code: "CLOSED" });
  expect(isClosed).toBe(false);
  reject(new Error("x"));
  await expect(running).rejects.toThrow("x");
  await closing;
  expect(isClosed).toBe(true);
});

test("an error carries its statement where no logger looks", () => {
  const error = new DataSourceError({ code: "QUERY_FAILED", message: "no" });
  expect(withSql(error, { text: "select $1", params: ["canary"], rowMode: "object" })).toBe(error);
  expect([error.sql, error.params]).toEqual(["select $1", ["canary"]]);
  expect(Object.keys(error)).not.toContain("sql");
  expect(JSON.stringify(error)).not.toContain("canary");
  expect(withSql("text", { text: "", params: [], rowMode: "object" })).toBe("text");
});
