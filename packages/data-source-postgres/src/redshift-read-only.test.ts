import { expect, test } from "vitest";
import { checkStatement } from "./read-only.ts";

const escapes = [
  // Redshift's own writes
  "unload ('select * from t') to 's3://bucket/x' iam_role default",
  "copy t from 's3://bucket/x' iam_role default",
  "call p()",
  "select * into x from t",
  "select a into temp x from t",
  "create table x as select 1",
  "create temp table #x as select 1",
  "create external table s.t (a int) stored as parquet location 's3://b/x'",
  "vacuum t",
  "analyze t",
  "analyze compression t",
  "truncate t",
  "insert into t values (1)",
  "update t set a = 1",
  "delete t",
  "merge into t using s on t.a = s.a remove duplicates",
  "refresh materialized view v",
  "alter table t append from s",
  "grant select on t to u",
  "lock t",
  "cancel 123",
  "use other",
  "set query_group to x",
  "set session authorization u",
  "reset all",
  "deallocate p",
  "prepare p as delete from t",
  "execute p",
  "declare c cursor for select 1",
  "fetch 10 from c",
  "begin",
  "commit",
  "rollback",
  "do $$ begin end $$",
  // In other clothes
  "with a as (select 1) delete from t using a",
  "with a as (select 1) update t set b = 1",
  "with a as (select 1) insert into t select * from a",
  "with replace as (select 1) delete from t",
  "with a as (delete from t returning *) select * from a",
  "(select 1) union (delete from t)",
  "explain analyze delete from t",
  "explain verbose analyze delete from t",
  "explain analyse delete from t",
  "/* select */ delete from t",
  "select set_config('statement_timeout', '0', false)",
  `select "set_config"('statement_timeout', '0', false)`,
  "select change_query_priority(1, 'critical')",
  "select change_session_priority(1, 'critical')",
  // Several statements
  "select 1; delete from t",
  "select 1; select 2",
  // Texts that servers read differently: in one of the readings there is a write
  String.raw`select '\'; delete from t; --'`,
  String.raw`select '\' || ' into x from t --'`,
  "select 1 /* /* */ into x /* */ */ from t",
  "/* /* */ select 1 -- */ delete from t",
  "select 1, $$ ' $$ into x from t --'",
  "select $$a$$, $$ into x $$ from t",
];

test.each(escapes)("a read may not be: %s", (text) => {
  expect(() => checkStatement(text, "read", "redshift")).toThrow(expect.objectContaining({ code: "READ_ONLY" }));
});

const reads = [
  "select * from t where a = $1",
  "select 'into; delete' as a, \"update\" from t",
  String.raw`select * from t where a ~ 'x\\.y'`,
  "select 1 /* a comment */ -- and another",
  "with a as (select 1), b as (select * from a) select * from b",
  "with recursive a(n) as (select 1 union all select n + 1 from a where n < 3) select n from a",
  "(select 1) union all (select 2)",
  "select a.b[0].c from super_table a, a.b as x",
  "show datestyle",
  "show tables from schema dev.public",
  "explain select 1",
  "explain verbose select 1",
  "select 1;",
  "select update_time, copy, call from t",
];

test.each(reads)("a read may be: %s", (text) => {
  expect(() => checkStatement(text, "read", "redshift")).not.toThrow();
});

test("several statements are refused outside of reads too, where no server is known to refuse them", () => {
  expect(() => checkStatement("delete from t; delete from u", "write", "redshift")).toThrow(
    expect.objectContaining({ code: "VALIDATION" }),
  );
  expect(() => checkStatement("use other", "write", "redshift")).toThrow("USE would change a pooled connection");
});
