import { isDataSourceError } from "@org/data-source-core";
import { expect, test } from "vitest";
import { checkStatement, sessionEffect } from "./read-only.ts";
import { allowedReads, escapes } from "../test/escapes.ts";

function outcome(text: string, scope: Parameters<typeof checkStatement>[1]): string {
  try {
    checkStatement(text, scope);
    return "passes";
  } catch (error) {
    return isDataSourceError(error) ? error.code : String(error);
  }
}

test("there are at least thirty escapes", () => {
  expect(escapes("T").length).toBeGreaterThanOrEqual(30);
});

test.each(escapes("T"))("refused as a read: %s", (text) => {
  expect(outcome(text, "read")).toBe("READ_ONLY");
});

test.each(allowedReads)("passes as a read: %s", (text) => {
  expect(outcome(text, "read")).toBe("passes");
});

test.each([
  ["select $1 from @s/a//b ->> delete from t", "own-read", "READ_ONLY"],
  ["select $1 from @s/a--b", "read", "READ_ONLY"],
  ["select $1 from '@s/a//b'", "read", "passes"],
  ['select $1 from @db."s"/a/b (file_format => f) // c', "read", "passes"],
  ["select 'a@b//c', d -- @e//f", "read", "passes"],
  ["/* /* */ select 1 -- */ delete from t", "read", "READ_ONLY"],
  ["explain select system$abort_session(1)", "read", "READ_ONLY"],
  ["select * from table(result_scan(last_query_id()))", "read", "VALIDATION"],
  ["insert into t select last_query_id(-1)", "write", "VALIDATION"],
  ["select last_query_id()", "own-read", "passes"],
  ["select last_query_id()", "session", "passes"],
] as const)("%s as %s: %s", (text, scope, expected) => {
  expect(outcome(text, scope)).toBe(expected);
});

test.each([
  ["begin", "VALIDATION"],
  ["begin transaction", "VALIDATION"],
  ["start transaction", "VALIDATION"],
  ["commit", "VALIDATION"],
  ["rollback", "VALIDATION"],
  ["use schema x", "VALIDATION"],
  ["alter session set timezone = 'UTC'", "VALIDATION"],
  ["set a = 1", "VALIDATION"],
  ["create temporary table t (a int)", "VALIDATION"],
  ["create or replace local temp table t (a int)", "VALIDATION"],
  ["insert into t values (1); delete from t", "VALIDATION"],
  ["/* nothing */", "VALIDATION"],
  ["create table temporary_t (a int)", "passes"],
  ["create or replace table t as select 1 as temp", "passes"],
  ["merge into t using s on t.a = s.a when matched then delete", "passes"],
  ["begin let x := 1; insert into t values (:x); end", "passes"],
  ["declare x int; begin insert into t values (1); end", "passes"],
  ["call p()", "passes"],
  ["copy into t from @stage", "passes"],
  ["alter table t add column b int", "passes"],
])("as a write outside of a session: %s %s", (text, expected) => {
  expect(outcome(text, "write")).toBe(expected);
});

test.each(["use schema x", "alter session set a = 1", "set a = 1", "create temp table t (a int)"])(
  "in a session: %s",
  (text) => {
    expect(outcome(text, "session")).toBe("passes");
    expect(outcome("commit", "session")).toBe("VALIDATION");
  },
);

test.each(["create table t (a int)", "truncate table t", "drop table t", "create temporary table t (a int)"])(
  "in a transaction, which it would commit: %s",
  (text) => {
    expect(outcome(text, "transaction")).toBe("VALIDATION");
  },
);

test.each([
  ['create temporary table db.s."stage" (a int)', "temporary object DB.S.stage"],
  ["create or replace temp table if not exists t as select 1", "temporary object T"],
  ["create temporary stage s", "temporary object S"],
  ["set answer = 42", "session variable ANSWER"],
  ["alter session set timezone = 'UTC'", "setting made by ALTER"],
  ["use role r", "setting made by USE"],
  ["call p()", "whatever CALL did to the session"],
  ["create or replace transient schema s", "the current database or schema, which CREATE changes"],
  ["drop database d", "the current database or schema, which DROP changes"],
  ["create schema_x t (a int)", undefined],
  ["put file:///tmp/a @~", "uploaded files, if they are in a temporary stage"],
  ["insert into t values (1)", undefined],
  ["create table t (a int)", undefined],
  ["select 1", undefined],
])("what a session loses by %s", (text, expected) => {
  expect(sessionEffect(text)).toBe(expected);
});
