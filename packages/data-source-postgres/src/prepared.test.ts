import { expect, test } from "vitest";
import { effectOnPrepared } from "./prepared.ts";

test.each([
  ["select 1", "keep"],
  ["(select 1)", "keep"],
  ["values (1)", "keep"],
  ["table t", "keep"],
  ["insert into t values (1)", "keep"],
  ["update t set a = 1 returning *", "keep"],
  ["delete from t", "keep"],
  ["merge into t using s on true when matched then delete", "keep"],
  ["with a as (select 1) select * from a", "keep"],
  ["with a as (select 1) insert into t select * from a", "keep"],
  [`select ${"a,".repeat(6_000)} 1`, "leave"],
  ["show server_version", "leave"],
  ["explain select 1", "leave"],
  ["explain analyze create table t as select 1", "forget"],
  ["select 1 into t", "forget"],
  ["with a as (select 1) select * into t from a", "forget"],
  ["create temp table t (a int)", "forget"],
  ["discard all", "forget"],
  ["deallocate x", "forget"],
  ["set search_path = x", "forget"],
  ["execute x", "forget"],
  ["do $$ begin end $$", "forget"],
  ["call p()", "forget"],
  ["", "forget"],
])("%s: %s", (text, effect) => {
  expect(effectOnPrepared(text)).toBe(effect);
});
