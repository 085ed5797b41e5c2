import { expect, test } from "vitest";
import { baseline, changes, type Settings } from "./settings.ts";

const settings: Settings = { readOnly: true, timeoutMs: 1500, selectLimit: 11, writeTimeoutMs: 310_000 };

test("each product by its own names and units", () => {
  expect(changes("mariadb", undefined, settings)).toEqual([
    "tx_read_only=1",
    "max_statement_time=1.5",
    "sql_select_limit=11",
    "net_write_timeout=310",
  ]);
  expect(changes("mysql", undefined, settings)).toEqual([
    "transaction_read_only=1",
    "max_execution_time=1500",
    "sql_select_limit=11",
    "net_write_timeout=310",
  ]);
});

test("only what differs", () => {
  expect(changes("mariadb", settings, settings)).toEqual([]);
  expect(changes("mysql", settings, { ...settings, readOnly: false })).toEqual(["transaction_read_only=0"]);
});

test("none is 0 for a timeout, and the largest number for rows", () => {
  const none = { ...settings, timeoutMs: undefined, selectLimit: Infinity, writeTimeoutMs: Infinity };
  expect(changes("mariadb", settings, none)).toEqual([
    "max_statement_time=0",
    "sql_select_limit=18446744073709551615",
    "net_write_timeout=2000000",
  ]);
  expect(changes("mysql", settings, none)[0]).toBe("max_execution_time=0");
});

test("a timeout is never beyond what the servers take, nor 0 by rounding", () => {
  expect(changes("mysql", undefined, { ...settings, timeoutMs: 0.2 })[1]).toBe("max_execution_time=1");
  expect(changes("mysql", undefined, { ...settings, timeoutMs: 1e15 })[1]).toBe("max_execution_time=2000000000");
  expect(changes("mariadb", undefined, { ...settings, timeoutMs: 1e15 })[1]).toBe("max_statement_time=2000000");
});

test("modes under which the read-only check would read other tokens are taken out, the rest stays", () => {
  expect(baseline("ANSI_QUOTES,STRICT_TRANS_TABLES,NO_BACKSLASH_ESCAPES,ORACLE")).toContain(
    "sql_mode='STRICT_TRANS_TABLES,IGNORE_SPACE'",
  );
  expect(baseline("")).toContain("sql_mode='IGNORE_SPACE'");
  expect(baseline("A', global x='1")).toContain("sql_mode='IGNORE_SPACE'");
});

test.each([
  [{ readOnly: false }, "tx_read_only=0"],
  [{ timeoutMs: 1500 }, "max_statement_time=1.5"],
  [{ selectLimit: 8 }, "sql_select_limit=8"],
  [{ writeTimeoutMs: 9000 }, "net_write_timeout=9"],
])("only what differs: %o", (own, assignment) => {
  const before = { readOnly: true, timeoutMs: 1000, selectLimit: 7, writeTimeoutMs: 8000 };
  expect(changes("mariadb", before, { ...before })).toEqual([]);
  expect(changes("mariadb", before, { ...before, ...own })).toEqual([assignment]);
});
