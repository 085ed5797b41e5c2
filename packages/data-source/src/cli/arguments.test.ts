import { expect, test } from "vitest";
import { type Invocation, readArguments } from "./arguments.ts";
import { UsageError } from "./usage.ts";

const defaults: Invocation = {
  command: "query",
  env: "DATA_SOURCE_URL",
  config: undefined,
  format: "json",
  timeoutMs: undefined,
  sql: undefined,
  file: undefined,
  maxRows: 10_000,
  write: false,
  schemas: undefined,
  tables: undefined,
};

test.each<[string[], Partial<Invocation>]>([
  [["query", "select 1"], { sql: "select 1" }],
  [["query"], {}],
  [["query", "-"], {}],
  [
    ["query", "--file", "a.sql", "--max-rows", "all", "--timeout", "1.5s"],
    { file: "a.sql", maxRows: Infinity, timeoutMs: 1_500 },
  ],
  [
    ["query", "--max-rows=5", "--timeout=250ms", "--write", "delete"],
    { maxRows: 5, timeoutMs: 250, write: true, sql: "delete" },
  ],
  [
    ["query", "--env", "REPORTS", "--format", "csv", "--timeout", "2m"],
    { env: "REPORTS", format: "csv", timeoutMs: 120_000 },
  ],
  [["query", "--config", "db.json", "--format=ndjson"], { config: "db.json", format: "ndjson" }],
  [["check"], { command: "check" }],
  [
    ["introspect", "--schema", "a*", "--schema", "b", "--table", "t"],
    { command: "introspect", schemas: ["a*", "b"], tables: ["t"] },
  ],
  [["estimate", "select 1"], { command: "estimate", sql: "select 1" }],
])("%j", (args, expected) => {
  expect(readArguments(args, false)).toEqual({ ...defaults, ...expected });
});

test.each([
  ["query", "table"],
  ["introspect", "tree"],
  ["check", "table"],
  ["estimate", "table"],
])("%s prints a %s on a terminal unless told otherwise", (command, format) => {
  expect(readArguments([command], true)).toMatchObject({ format });
  expect(readArguments([command, "--format", "json"], true)).toMatchObject({ format: "json" });
});

test.each([
  [["--help"], "help"],
  [["-h"], "help"],
  [["query", "--help"], "help"],
  [["--version"], "version"],
])("%j", (args, expected) => {
  expect(readArguments(args, false)).toBe(expected);
});

const url = "a connection URL does not belong in arguments";
test.each([
  [[], "no command: check, query, introspect, estimate"],
  [["hunter2"], "no such command; there are check, query, introspect, estimate"],
  [["check", "hunter2"], "check takes no argument"],
  [["query", "select 1", "hunter2"], "more than one argument: put the SQL in quotes"],
  [["query", "hunter2", "--file", "a.sql"], "SQL as an argument and --file: give one"],
  [["check", "--env", "A", "--config", "a.json"], "--env and --config: give one"],
  [["check", "--write"], "--write is not an option of check"],
  [["introspect", "--max-rows", "3"], "--max-rows is not an option of introspect"],
  [["query", "--password=hunter2"], "Unknown option '--password'"],
  [["query", "--password", "hunter2"], "Unknown option '--password'"],
  [["query", "--write=hunter2"], "Option '--write' does not take an argument"],
  [["query", "--timeout"], "Option '--timeout <value>' argument missing"],
  [["query", "--timeout", "hunter2"], "--timeout takes a time above 0 with its unit, such as 500ms, 30s or 5m"],
  [["query", "--timeout", "30"], "--timeout takes a time above 0 with its unit, such as 500ms, 30s or 5m"],
  [["query", "--timeout", "0s"], "--timeout takes a time above 0 with its unit, such as 500ms, 30s or 5m"],
  [["query", "--max-rows", "0"], '--max-rows takes a whole number from 1, or "all"'],
  [["query", "--max-rows", "1e3"], '--max-rows takes a whole number from 1, or "all"'],
  [["query", "--format", "hunter2"], "--format of query is table or json or csv or ndjson"],
  [["introspect", "--format", "csv"], "--format of introspect is tree or json"],
  [["query", "--env", "my hunter2"], "--env takes the name of a variable, not its value"],
  [["query", "postgres://u:hunter2@h/d", "select 1"], url],
  [["query", "--env=postgres://u:hunter2@h/d"], url],
  [["query", "--env", "SNOWFLAKE://u:hunter2@h/d"], url],
])("%j is refused, and no message repeats a secret", (args, message) => {
  const act = (): unknown => readArguments(args, false);
  expect(act).toThrow(UsageError);
  expect(act).toThrow(message);
  expect(act).not.toThrow("hunter2");
});

test("SQL that merely holds a URL is SQL", () => {
  const sql = "select * from t where link = 'https://example.com'";
  expect(readArguments(["query", sql], false)).toMatchObject({ sql });
});
