import { expect, test } from "vitest";
import { createClassifier, hasSequence, type Statement } from "./classify.ts";
import { lexicalRules } from "./lexical-rules.ts";

const postgres = createClassifier(lexicalRules.postgres);
const only = (sql: string): Statement => {
  const { statements } = postgres(sql);
  expect(statements).toHaveLength(1);
  return statements[0] as Statement;
};

test("counts statements, not semicolons", () => {
  const count = (sql: string): number => postgres(sql).statements.length;
  expect(count("select 1")).toBe(1);
  expect(count("select 1;")).toBe(1);
  expect(count(";;select 1; ; -- ;\n")).toBe(1);
  expect(count("select ';' /* ; */; drop table t")).toBe(2);
  expect(count("")).toBe(0);
  expect(count("-- nothing")).toBe(0);
});

test.each([
  ["select 1", "SELECT", "SELECT"],
  [" /* c */ (( select 1 ))", "SELECT", "SELECT"],
  ["with a as (select 1) select * from a", "WITH", "SELECT"],
  ["with a as (select 1) insert into t select * from a", "WITH", "INSERT"],
  ["with a as (delete from t returning *) select * from a", "WITH", "SELECT"],
  ["with recursive a(n) as (values (1)), b as materialized (select 2) update t set x = 1", "WITH", "UPDATE"],
  ["with a as (select 1) (select * from a)", "WITH", "SELECT"],
  ["(with a as (select 1) select * from a)", "WITH", "SELECT"],
  ["with a as (with b as (select 1) select * from b) delete from t", "WITH", "DELETE"],
  ["explain analyze delete from t", "EXPLAIN", "EXPLAIN"],
  ["'select'", "", ""],
  ['"select" 1', "", ""],
])("%s: first %s, verb %s", (sql, first, verb) => {
  const statement = only(sql);
  expect([statement.first, statement.verb]).toEqual([first, verb]);
});

test("words are those outside of quotes, at any depth", () => {
  const { words } = only(`with a as (delete from "update") select 'insert' from a -- merge`);
  expect([...words]).toEqual(["WITH", "A", "AS", "DELETE", "FROM", "SELECT"]);
});

test("calls are seen however they are written", () => {
  const { calls } = only(`select pg_sleep (1), "pg_catalog"."Set_Config"('a','b',true), count(*) from dblink/**/('x')`);
  expect([...calls]).toEqual(["PG_SLEEP", "SET_CONFIG", "COUNT", "DBLINK"]);
});

test("sequences are of neighbouring words, comments between them or not", () => {
  const statement = only(`select a into /* x */ outfile 'f' from "for" update`);
  expect(hasSequence(statement, "INTO", "OUTFILE")).toBe(true);
  expect(hasSequence(statement, "OUTFILE", "INTO")).toBe(false);
  expect(hasSequence(statement, "FOR", "UPDATE")).toBe(false);
});

test("what is irregular is passed on", () => {
  expect(postgres("select 'a").irregular).toBe("it has a quote without an end");
  expect(createClassifier(lexicalRules.mysql)("select /*! 1 */").executableComment).toBe(true);
});

test("remembers the latest texts, not all", () => {
  const first = postgres("select 'remembered'");
  expect(postgres("select 'remembered'")).toBe(first);
  for (let index = 0; index < 256; index += 1) postgres(`select ${index} + 1`);
  const again = postgres("select 'remembered'");
  expect(again).not.toBe(first);
  expect(again).toEqual(first);
});
