import { expect, test } from "vitest";
import { startCliInTerminal } from "./child.ts";
import { useLakebase } from "./lakebase.ts";

const lakebase = useLakebase();

test("query prints a table, with nothing in it that would steer the terminal", async () => {
  await using run = startCliInTerminal(["query", String.raw`select 7 as n, E'\x1b[2Jx\u202e' as text`], lakebase().env);
  expect(await run.ended).toBe(0);
  expect(run.screen().split("\r\n")).toEqual([
    "|  n | text             |",
    "| -: | :--------------- |",
    String.raw`|  7 | \u001b[2Jx\u202e |`,
    "",
  ]);
});

test.each([
  ["csv", String.raw`n,text|7,"\u001b[2J\u009b1m\u000dx\u202e"|`],
  ["json", String.raw`[|{"n":"7","text":"\u001b[2J\u009b1m\rx\u202e"}|]|`],
  ["ndjson", String.raw`{"n":"7","text":"\u001b[2J\u009b1m\rx\u202e"}|`],
])("%s on a terminal does not steer it either", async (format, expected) => {
  const sql = String.raw`select 7 as n, E'\x1b[2J\u009b1m\rx\u202e' as text`;
  await using run = startCliInTerminal(["query", sql, "--format", format], lakebase().env);
  expect(await run.ended).toBe(0);
  expect(run.screen().replaceAll("\r\n", "|")).toBe(expected);
});

test("introspect prints a tree", async () => {
  const { emulator, env } = lakebase();
  await emulator.query("create schema shop; create table shop.customer (id int primary key, name text)");
  await emulator.query(
    `grant usage on schema shop to "${emulator.user}"; grant select on shop.customer to "${emulator.user}"`,
  );
  await using run = startCliInTerminal(["introspect", "--schema=shop"], env);
  expect(await run.ended).toBe(0);
  expect(run.screen().split("\r\n")).toEqual([
    "shop",
    "└─ customer (table)",
    "   ├─ id  int4, not null, key",
    "   └─ name  text",
    "",
  ]);
});

test("check prints a table and what to do about it", async () => {
  await using run = startCliInTerminal(["check"], lakebase().env);
  expect(await run.ended).toBe(0);
  expect(run.screen()).toMatch(/\| login +\| ok +\|/);
  expect(run.screen()).toContain("server version: 18.");
});

test("Ctrl-C stops the statement on the server", async () => {
  const { env, running } = lakebase();
  await using run = startCliInTerminal(["query", "select pg_sleep(60) /* terminal_cancel */"], env);
  await expect.poll(() => running("terminal_cancel"), { timeout: 20_000 }).toBe(1);
  run.type("\u0003");
  expect(await run.ended).toBe(130);
  expect(await running("terminal_cancel")).toBe(0);
  expect(run.screen()).toContain("cancelled\r\n");
});

test("progress is one line, which is gone when the table comes", async () => {
  await using run = startCliInTerminal(["query", "select 1 as a from pg_sleep(2.3)"], lakebase().env);
  expect(await run.ended).toBe(0);
  const [before = "", after = ""] = run.screen().split("|  a");
  expect(before).toContain("query: 1 s");
  expect(before).toContain("\r\u001B[K");
  expect(before).not.toContain("\n");
  expect(before.endsWith("\r\u001B[K")).toBe(true);
  expect(after).not.toContain("query:");
});

test("without SQL it does not wait for someone to type it", async () => {
  await using run = startCliInTerminal(["query"], lakebase().env);
  expect(await run.ended).toBe(2);
  expect(run.screen()).toContain("no SQL: give it as an argument, by --file, or on standard input");
});
