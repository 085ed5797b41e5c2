import { expect, test } from "vitest";
import { checkStatement, type StatementScope } from "./read-only.ts";

/** The code of the refusal in each scope, `-` for none. */
function refusals(text: string): string[] {
  return (["read", "write", "session"] satisfies StatementScope[]).map((scope) => {
    try {
      checkStatement(text, scope, "postgres");
      return "-";
    } catch (error) {
      return (error as { code: string }).code;
    }
  });
}

test.each([
  "select 1",
  "(select 1) union (select 2)",
  "with a as (select 1) select * from a",
  "values (1)",
  "table t",
  "show server_version",
  "explain analyze select 1",
  "select pg_advisory_lock(1), pg_sleep(1)",
  "select 'commit; set_config(1)' as \"do $$\"",
  "/* set x */ select 1 -- commit",
  "",
])("%s is allowed everywhere", (text) => {
  expect(refusals(text)).toEqual(["-", "-", "-"]);
});

test.each([
  "insert into t values (1)",
  "update t set a = 1",
  "delete from t",
  "merge into t using s on true when matched then delete",
  "create table t (a int)",
  "truncate t",
  "copy t to '/tmp/x'",
  "do $$ begin end $$",
  "call p()",
  "vacuum",
  "lock t",
  "notify x",
  "select 1 into t",
  "select 1; select 2",
  "select set_config('a.b', 'c', false)",
  "select pg_catalog.set_config('a.b', 'c', false)",
  "select \"set_config\"('a.b', 'c', false)",
  "select ('x').lo_import",
  "select U&\"s\\0065t_config\"('a.b', 'c', false)",
  "select dblink_exec('x', 'y')",
  "select lo_export(1, '/tmp/x')",
  "select query_to_xml('delete from t', true, true, '')",
  "select pg_reload_conf()",
  "select pg_create_logical_replication_slot('a', 'b')",
  "select pg_stat_reset()",
])("%s is no read", (text) => {
  expect(refusals(text)).toEqual(["READ_ONLY", "-", "-"]);
});

test.each([
  "begin",
  "start transaction read write",
  "commit",
  "end",
  "rollback to savepoint a",
  "abort",
  "savepoint a",
  "release a",
  "prepare transaction 'x'",
])("%s is the adapter's own to say", (text) => {
  expect(refusals(text)).toEqual(["READ_ONLY", "VALIDATION", "VALIDATION"]);
});

test.each([
  "set search_path = x",
  "reset all",
  "discard all",
  "prepare p as select 1",
  "deallocate all",
  "execute p",
  "listen x",
  "unlisten *",
  "load 'x'",
  "declare c cursor for select 1",
])("%s is for sessions", (text) => {
  expect(refusals(text)).toEqual(["READ_ONLY", "VALIDATION", "-"]);
});
