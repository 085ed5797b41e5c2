import { expect, test } from "vitest";
import { classify } from "./read-only.ts";
import { leavesTraces } from "./traces.ts";

test.each<[string, boolean, boolean]>([
  ["select f(1)", false, true],
  ["select 1", false, false],
  ["select t.a from t where id = $1 for update", false, false],
  ["explain analyze select f(1)", false, true],
  ["select pg_advisory_lock(1)", true, true],
  ["select (1::int8).pg_try_advisory_lock_shared", true, true],
  ["select pg_advisory_xact_lock(1)", false, true],
  ["insert into t values (1)", false, false],
  ["insert into t select set_config('a.b', 'c', false)", false, true],
  ["with a as (select 1) insert into t select * from a", false, false],
  ["with a as (insert into t values (1)) select * from a", false, true],
  ["do $$ begin end $$", false, true],
  ["call p()", false, true],
  ["create table t (a int)", false, false],
  ["create temp table t (a int)", false, true],
  ["create table pg_temp.t (a int)", false, true],
  ['create table "pg_temp".t (a int)', false, true],
  ["vacuum t", false, false],
])("%s: as a read %s, as a write %s", (text, asRead, asWrite) => {
  const classification = classify(text);
  expect([leavesTraces(classification, true), leavesTraces(classification, false)]).toEqual([asRead, asWrite]);
});

test("on Redshift a name that begins with # is a temporary table's", () => {
  const made = classify("create table #scratch (a int)");
  expect(leavesTraces(made, false, "redshift")).toBe(true);
  expect(leavesTraces(made, false)).toBe(false);
});
