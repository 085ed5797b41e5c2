import { expect, test } from "vitest";
import {
  innerScope,
  resolveQueryOptions,
  resolveStreamOptions,
  resolveUnitOptions,
  type CallScope,
} from "./call-options.ts";
import { DataSourceError, ValidationError } from "./errors.ts";
import { resolveSourceOptions } from "./source-options.ts";

const { defaults } = resolveSourceOptions({ defaults: { queryTags: { app: "a" } } });
const scope: CallScope = { kind: "test", access: "read-write", defaults };
const readOnlyScope: CallScope = { ...scope, access: "read-only" };

test("a query without options has the data source's limits", () => {
  expect(resolveQueryOptions(undefined, scope)).toEqual({
    readOnly: true,
    statementTimeoutMs: 60_000,
    signal: undefined,
    queryTags: { app: "a" },
    maxRows: 10_000,
    maxBytes: Infinity,
    rowSchema: undefined,
  });
});

test("a stream has no row limit unless it states one", () => {
  expect(resolveStreamOptions(undefined, scope).maxRows).toBe(Infinity);
  expect(resolveStreamOptions({ maxRows: 5, batchRows: 2 }, scope)).toMatchObject({ maxRows: 5, batchRows: 2 });
});

test("tags of a call are added to those of the source", () => {
  expect(resolveQueryOptions({ queryTags: { job: "j" } }, scope).queryTags).toEqual({ app: "a", job: "j" });
});

test("a write needs both the call's word and the source's", () => {
  expect(resolveQueryOptions({ readOnly: false }, scope).readOnly).toBe(false);
  expect(resolveQueryOptions({ readOnly: true }, scope).readOnly).toBe(true);
  expect(resolveQueryOptions({}, scope).readOnly).toBe(true);
  const attempt = (): unknown => resolveQueryOptions({ readOnly: false }, readOnlyScope);
  expect(attempt).toThrow(DataSourceError);
  expect(attempt).toThrow(expect.objectContaining({ code: "READ_ONLY", kind: "test" }));
});

test("inside a unit readOnly is fixed, and its timeout and tags are the defaults", () => {
  const unit = resolveUnitOptions({ readOnly: false, statementTimeoutMs: 5, queryTags: { unit: "u" } }, scope);
  const inner = innerScope(scope, unit);
  expect(resolveQueryOptions({}, inner)).toMatchObject({
    readOnly: false,
    statementTimeoutMs: 5,
    queryTags: { app: "a", unit: "u" },
  });
  expect(() => resolveQueryOptions({ readOnly: true }, inner)).toThrow(ValidationError);
  expect(() => resolveQueryOptions({ readOnly: false }, inner)).toThrow(
    "readOnly is fixed by the surrounding session or transaction: state it there",
  );
});

test("a unit on a read-only source cannot be a writing one", () => {
  expect(() => resolveUnitOptions({ readOnly: false }, readOnlyScope)).toThrow(
    expect.objectContaining({ code: "READ_ONLY" }),
  );
});

test("isolation is one that the engine has", () => {
  expect(resolveUnitOptions({ isolation: "serializable", maxAttempts: 3 }, scope, ["serializable"])).toMatchObject({
    isolation: "serializable",
    maxAttempts: 3,
    replay: "never",
  });
  expect(() => resolveUnitOptions({ isolation: "snapshot" }, scope, ["serializable"])).toThrow(
    'isolation must be "serializable"; got a string',
  );
  expect(() => resolveUnitOptions({ isolation: "snapshot" }, scope)).toThrow("isolation is not an option");
});

test.each<[object, string]>([
  [{ maxRow: 1 }, "maxRow is not an option; known:"],
  [{ readonly: true }, "readonly is not an option; did you mean readOnly?"],
  [{ maxRows: 0 }, "maxRows must be a whole number from 1, or Infinity for none; got 0"],
  [{ maxBytes: -1 }, "maxBytes must be"],
  [
    { statementTimeoutMs: 0 },
    "statementTimeoutMs must be a number of milliseconds above 0, or Infinity for none; got 0",
  ],
  [{ signal: {} }, "signal must be an AbortSignal; got an object"],
  [{ queryTags: { a: undefined } }, "queryTags.a must be a non-empty string; got undefined"],
  [{ readOnly: "no" }, "readOnly must be true or false; got a string"],
  [{ rowSchema: {} }, "rowSchema must be a Standard Schema"],
  [{ idleTimeoutMs: 1 }, "idleTimeoutMs is not an option"],
])("%o is refused by name", (options, message) => {
  const attempt = (): unknown => resolveQueryOptions(options, scope);
  expect(attempt).toThrow(ValidationError);
  expect(attempt).toThrow(message);
});
