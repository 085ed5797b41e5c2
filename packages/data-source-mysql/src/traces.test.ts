import { expect, test } from "vitest";
import { classify } from "./read-only.ts";
import { type Traces, tracesOf } from "./traces.ts";

test.each<[Traces, string]>([
  ["none", "select count(*), upper(`a`) from t where id in (1, 2)"],
  ["none", "with a as (select 1) select * from a where exists (select 1)"],
  ["none", "insert into t values (1)"],
  ["none", "select 'f(1)' -- f(1)"],
  ["settings", "select f(1)"],
  ["settings", "select * from t where a = `f` (1)"],
  ["settings", "select shop.abs(1)"],
  ["settings", "update t set a = f()"],
  ["settings", "call p()"],
  ["settings", "if 1 then set @a = 1; end if"],
  ["settings", "for i in 1..2 do set time_zone = '+01:00'; end for"],
  ["settings", "flush tables with read lock"],
  ["settings", "load data infile 'x' into table t (@a)"],
  ["unknown", "/*!99999 select */ use mysql"],
  ["unknown", "insert into t values ('a"],
  ["unknown", "drop database shop"],
])("%s: %s", (traces, text) => {
  expect(tracesOf(classify(text))).toBe(traces);
});
