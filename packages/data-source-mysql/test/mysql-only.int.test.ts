// What MySQL does and MariaDB does not, on a scripted server, so that every run sees it; `pnpm test:mysql` runs all
// other tests on a real MySQL.
import type { DataSource } from "@org/data-source-core";
import { afterEach, expect, test } from "vitest";
import { createMySqlDataSource, type MySqlDataSourceOptions } from "../src/index.ts";
import { failure } from "./context.ts";
import { type Reply, scriptMySql } from "./scripted-mysql.ts";

const closes: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closes.splice(0).toReversed()) await close();
});

async function script(answer: (text: string, reply: Reply) => void) {
  const { port, said, close } = await scriptMySql(answer);
  closes.push(close);
  const source = (own?: MySqlDataSourceOptions): DataSource => {
    const options = { host: "127.0.0.1", port, user: "u", password: "p", pool: { max: 1 } };
    const created = createMySqlDataSource({ ...options, ...own });
    closes.push(() => created.close());
    return created;
  };
  return { said, source };
}

test("scripted MySQL: its own names for read-only and the timeout, sent once until they change", async () => {
  const { said, source } = await script((_text, reply) => reply.row({ a: "x" }));
  const reader = source();
  expect((await reader.query("select 'x' as a", { statementTimeoutMs: 1500 })).rows).toEqual([{ a: "x" }]);
  await reader.query("select 'x' as a", { statementTimeoutMs: 1500 });
  await reader.query("select 'x' as a", { statementTimeoutMs: Infinity });
  expect(said.filter((text) => text.startsWith("SET SESSION"))).toEqual([
    "SET SESSION transaction_read_only=1, max_execution_time=1500, sql_select_limit=10001, net_write_timeout=310",
    "SET SESSION max_execution_time=0",
  ]);
  expect(said.find((text) => text.startsWith("SET NAMES"))).toContain("sql_mode='STRICT_TRANS_TABLES,IGNORE_SPACE'");
  expect(reader.capabilities.statementTimeout.note).toContain("max_execution_time");
});

test("scripted MySQL: 3024 is STATEMENT_TIMEOUT, and its placeholder no SQLSTATE", async () => {
  const { source } = await script((_text, reply) => reply.error(3024, "maximum statement execution time exceeded"));
  const error = await failure(source().query("select sleep(9)"));
  expect(error).toMatchObject({ code: "STATEMENT_TIMEOUT", nativeCode: "3024", sqlState: undefined });
});

test("scripted MySQL: a write, which max_execution_time does not cover, is killed by our clock", async () => {
  let victim: Reply | undefined;
  const { said, source } = await script((text, reply) => {
    if (text.startsWith("update")) victim = reply;
    else reply.ok();
    if (text.startsWith("KILL QUERY")) victim?.error(1317, "Query execution was interrupted");
  });
  const both = source({ access: "read-write" });
  await both.query("do 1", { readOnly: false });
  const slow = both.query("update t set a = 1", { readOnly: false, statementTimeoutMs: 100 });
  expect(await failure(slow)).toMatchObject({ code: "STATEMENT_TIMEOUT" });
  expect(said.filter((text) => /^(?:KILL|do 0)/.test(text))).toEqual(["KILL QUERY 11", "do 0"]);
});

test("scripted MySQL: a write that ended in spite of the cancel has happened", async () => {
  const caller = new AbortController();
  const { signal } = caller;
  let victim: Reply | undefined;
  const { source } = await script((text, reply) => {
    if (text.startsWith("update")) {
      victim = reply;
      caller.abort();
    } else reply.ok();
    if (text.startsWith("KILL QUERY")) victim?.ok();
  });
  const done = await source({ access: "read-write" }).query("update t set a = 1", { readOnly: false, signal });
  expect(done.rowsAffected).toBe(0);
});

test("scripted MySQL: a kill that comes too late hits the barrier, not the next statement", async () => {
  const caller = new AbortController();
  let victim: Reply | undefined;
  let barriers = 0;
  const { said, source } = await script((text, reply) => {
    if (text.startsWith("KILL QUERY")) {
      reply.ok();
      victim?.row({ a: "done" });
    } else if (text === "do 0") {
      barriers += 1;
      if (barriers === 1) reply.error(1317, "Query execution was interrupted");
      else reply.ok();
    } else if (text.startsWith("select 'slow'")) {
      victim = reply;
      caller.abort();
    } else reply.row({ a: "next" });
  });
  const reader = source();
  const slow = failure(reader.query("select 'slow'", { signal: caller.signal }));
  expect(await slow).toMatchObject({ code: "CANCELLED" });
  expect((await reader.query("select 'next' as a")).rows).toEqual([{ a: "next" }]);
  expect(barriers).toBe(2);
  // The connection itself, and the one that killed.
  expect(said.filter((text) => text.startsWith("select version()"))).toHaveLength(2);
});

test("scripted MySQL: a kill that is refused costs the connection, and not the caller", async () => {
  const caller = new AbortController();
  const { said, source } = await script((text, reply) => {
    if (text.startsWith("KILL QUERY")) reply.error(1095, "You are not owner of thread");
    else if (text === "select 'next' as a") reply.row({ a: "next" });
    else caller.abort();
  });
  const reader = source();
  const slow = failure(reader.query("select 'slow'", { signal: caller.signal }));
  expect(await slow).toMatchObject({ code: "CANCELLED" });
  expect((await reader.query("select 'next' as a")).rows).toEqual([{ a: "next" }]);
  expect(said.filter((text) => text.startsWith("select version()"))).toHaveLength(3);
});

test("scripted MySQL: a connection on which a transaction could not begin is not used again", async () => {
  const { said, source } = await script((text, reply) => {
    if (text.startsWith("START")) reply.error(1290, "The server is running with an option that prevents it");
    else if (text === "select 'next' as a") reply.row({ a: "next" });
    else reply.ok();
  });
  const reader = source();
  const begun = reader.transaction(async () => undefined, { isolation: "serializable" });
  expect(await failure(begun)).toMatchObject({ nativeCode: "1290" });
  expect((await reader.query("select 'next' as a")).rows).toEqual([{ a: "next" }]);
  // The isolation level would have been its.
  expect(said.filter((text) => text.startsWith("select version()"))).toHaveLength(2);
});
