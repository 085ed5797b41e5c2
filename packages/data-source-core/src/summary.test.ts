import { expect, test } from "vitest";
import { createClassifier } from "./classify.ts";
import { lexicalRules } from "./lexical-rules.ts";
import { createSummarizer } from "./summary.ts";

const summarize = createSummarizer(createClassifier(lexicalRules.postgres));

test.each([
  ["select * from orders where id = 5", "SELECT orders"],
  ['SELECT a FROM s.Orders o JOIN "My Table" m ON o.id = m.id', "SELECT s.orders My Table"],
  ["insert into t (a) select 'canary' from u", "INSERT t SELECT u"],
  ["update only t set a = 'canary'", "UPDATE t"],
  ["delete from t where a in (select b from c)", "DELETE t SELECT c"],
  ["create table if not exists t (a int)", "CREATE t"],
  ["drop view v; truncate table t", "DROP v TRUNCATE t"],
  ["with x as (select 1 from a) select * from x", "SELECT a SELECT x"],
  ["select 1", "SELECT"],
  ["select * from (select 1) s", "SELECT SELECT"],
  ["select * from unnest(array['canary'])", "SELECT"],
  ["select * from t for update", "SELECT t"],
  ["insert into t values (1) on conflict do update set a = 1", "INSERT t"],
  ["set x = 'canary'", "SET"],
  ["explain select 1 from t", "EXPLAIN SELECT t"],
  ["", ""],
])("%s", (sql, summary) => {
  expect(summarize(sql)).toBe(summary);
});

test("is never longer than the convention's 255 characters, and ends at a whole part", () => {
  const summary = summarize(
    Array.from({ length: 100 }, (_, index) => `select 1 from table_${index}`).join(" union all "),
  );
  expect(summary.length).toBeLessThanOrEqual(255);
  expect(summary).toMatch(/^SELECT table_0 .* (SELECT|table_\d+)$/);
});
