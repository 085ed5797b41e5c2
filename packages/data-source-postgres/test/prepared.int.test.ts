import { sql } from "@org/data-source-core";
import type { LakebaseEmulator } from "@org/lakebase-emulator";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { PostgresDataSourceOptions } from "../src/index.ts";
import { openAsSuperuser, type Source, startServer } from "./server.ts";

let emulator: LakebaseEmulator;
beforeAll(async () => {
  emulator = await startServer();
  await emulator.query(
    `create function forget_prepared() returns void language plpgsql as 'begin execute ''deallocate all''; end';
    create sequence counted;
    create function count_then_fail() returns void language plpgsql
      as 'begin perform nextval(''counted''); execute ''execute missing''; end'`,
  );
});
afterAll(() => emulator.close());
beforeEach(async () => {
  await emulator.query("drop table if exists thing; create table thing (id int8 unique); insert into thing values (1)");
});

/** One connection, so that all statements meet what it keeps. */
const openOne = (options: PostgresDataSourceOptions = {}): Source =>
  openAsSuperuser(emulator, { access: "read-write", pool: { max: 1 }, preparedStatements: true, ...options });

const write = { readOnly: false };

/** What the server holds for the connection, with how often each was executed; the look itself is not kept. */
async function heldBy(source: Source): Promise<Record<string, number>> {
  const { rows } = await source.query<{ statement: string; times: bigint }>(
    `select statement, generic_plans + custom_plans as times from pg_prepared_statements where not from_sql order by 1`,
    { queryTags: { look: "1" } },
  );
  return Object.fromEntries(rows.map(({ statement, times }) => [statement, Number(times)]));
}

/** Of them those that callers asked for. */
async function heldSelects(source: Source): Promise<string[]> {
  return Object.keys(await heldBy(source)).filter((text) => text.startsWith("select") && !text.includes("set_config"));
}

const ids = async (): Promise<string[]> =>
  (await emulator.query("select id from thing order by id")).rows.map((row) => String(row["id"]));

test("nothing is prepared by name unless asked for", async () => {
  await using source = openOne({ preparedStatements: false });
  await source.query("select 1 as a");
  expect(await heldBy(source)).toEqual({});
});

test("a statement, and what surrounds it, is parsed once", async () => {
  await using source = openOne();
  for (let id = 1n; id <= 3n; id += 1n) {
    expect((await source.query(sql`select ${id}::int8 as a`)).rows).toEqual([{ a: id }]);
  }
  const held = await heldBy(source);
  expect(held["select $1::int8 as a"]).toBe(3);
  expect(Object.keys(held).toSorted()).toEqual([
    "select $1::int8 as a",
    "select set_config('statement_timeout', $1, true)",
  ]);
});

test("a function that gives a name to another statement cannot take read-only from the next caller", async () => {
  await emulator.query(`create function swap_begin() returns void language plpgsql as $$ declare held record; begin
    for held in select name from pg_prepared_statements where statement like 'BEGIN%' loop
      execute 'deallocate ' || held.name;
      execute 'prepare ' || held.name || ' as select 1';
    end loop; end $$`);
  await using source = openOne();
  for (let time = 1; time <= 2; time += 1) await source.query("select swap_begin()");
  const { rows } = await source.query("select current_setting('transaction_read_only') as ro");
  expect(rows).toEqual([{ ro: "on" }]);
});

test("rows, columns and limits are the same as without", async () => {
  await using source = openOne();
  const text = "select g as n, g::text as n from generate_series(1, 3) g";
  for (const maxRows of [2, 3, 1]) {
    const { rows, columns, truncated } = await source.query(text, { maxRows });
    expect(columns.map(({ key, nativeType }) => [key, nativeType])).toEqual([
      ["n", "int4"],
      ["n_2", "text"],
    ]);
    expect([rows.length, truncated]).toEqual([maxRows, maxRows < 3]);
  }
  expect((await source.query(text, { maxBytes: 1 })).truncated).toBe(true);
  const batches: unknown[] = [];
  for await (const batch of source.stream(text, { batchRows: 2 })) batches.push(batch.length);
  expect(batches).toEqual([2, 1]);
});

test("a connection keeps the 100 latest; the others are closed on the server", async () => {
  await using source = openOne();
  for (let index = 0; index < 150; index += 1) {
    await source.query(`select ${index} as a`, { ...write, transactional: false });
    await source.query("select 'often' as a", { ...write, transactional: false });
  }
  const held = await heldSelects(source);
  expect(held).toHaveLength(100);
  // Used all the time, it was never among the oldest.
  expect((await heldBy(source))["select 'often' as a"]).toBe(150);
  expect(held).toContain("select 51 as a");
  expect(held).toContain("select 149 as a");
  expect(held).not.toContain("select 50 as a");
});

test("a statement that fails at first is not taken for known; a known one that fails stays", async () => {
  await using source = openOne();
  const insert = (id: number) => source.query({ text: "insert into thing values ($1)", params: [id] }, write);
  await expect(insert(1)).rejects.toMatchObject({ code: "CONSTRAINT" });
  expect(Object.keys(await heldBy(source))).not.toContain("insert into thing values ($1)");
  await insert(2);
  await expect(insert(2)).rejects.toMatchObject({ code: "CONSTRAINT" });
  await insert(3);
  expect((await heldBy(source))["insert into thing values ($1)"]).toBe(3);
  expect(await ids()).toEqual(["1", "2", "3"]);
});

test("a syntax error leaves nothing behind", async () => {
  await using source = openOne();
  await expect(source.query("select from where")).rejects.toMatchObject({ code: "SYNTAX" });
  expect(await heldSelects(source)).toEqual([]);
});

test("a result that another connection changes by DDL is described anew", async () => {
  await using source = openOne();
  const text = "select * from thing";
  expect((await source.query(text)).rows).toEqual([{ id: 1n }]);
  await emulator.query("alter table thing add column name text default 'x'");
  expect((await source.query(text)).rows).toEqual([{ id: 1n, name: "x" }]);
  await emulator.query("alter table thing rename column name to title");
  expect((await source.query(text)).rows).toEqual([{ id: 1n, title: "x" }]);
  await emulator.query("alter table thing alter column title type varchar(7)");
  expect((await source.query(text)).columns[1]).toMatchObject({ key: "title", nativeType: "varchar" });
});

test.each([
  ["in a transaction", write],
  ["without one", { ...write, transactional: false }],
])("a write whose result was changed by DDL runs once, %s", async (_name, options) => {
  await using source = openOne();
  const insert = (id: number) =>
    source.query({ text: "insert into thing values ($1) returning *", params: [id] }, options);
  await insert(2);
  await emulator.query("alter table thing add column name text default 'x'");
  expect((await insert(3)).rows).toEqual([{ id: 3n, name: "x" }]);
  expect(await ids()).toEqual(["1", "2", "3"]);
});

test("in the midst of a transaction it is a conflict, which an attempt more mends", async () => {
  await using source = openOne();
  const text = "select * from thing";
  const work = () => source.transaction(async (tx) => (await tx.query(text)).rows);
  expect(await work()).toEqual([{ id: 1n }]);
  await emulator.query("alter table thing add column a text");
  await expect(work()).rejects.toMatchObject({ code: "CONFLICT", sqlState: "0A000", isRetryable: true });
  expect(await work()).toEqual([{ id: 1n, a: null }]);
  await emulator.query("alter table thing add column b text");
  const again = source.transaction(async (tx) => (await tx.query(text)).rows, { maxAttempts: 2 });
  expect(await again).toEqual([{ id: 1n, a: null, b: null }]);
});

test("types of parameters belong to a statement", async () => {
  await using source = openOne();
  const nativeType = async (param: unknown): Promise<string | undefined> =>
    (await source.query({ text: "select $1 as a", params: [param as string] })).columns[0]?.nativeType;
  for (let round = 0; round < 2; round += 1) {
    expect(await nativeType(sql.typed("1", "integer"))).toBe("int8");
    expect(await nativeType("1")).toBe("text");
    expect(await nativeType(new Uint8Array([1]))).toBe("bytea");
  }
  expect((await heldSelects(source)).length).toBe(1);
});

test("a tagged statement is not kept, and pushes none out", async () => {
  await using source = openOne();
  await source.query("select 1 as a");
  await source.query("select 1 as a", { queryTags: { trace: "1" } });
  await source.query("select 2 as a", { queryTags: { trace: "2" } });
  expect(await heldSelects(source)).toEqual(["select 1 as a"]);
});

test.each(["discard all", "deallocate all"])("after %s in a session, statements are prepared again", async (text) => {
  await using source = openOne();
  await source.query("select 1 as a");
  await source.session(async (session) => {
    expect((await session.query("select 1 as a")).rows).toEqual([{ a: 1n }]);
    await session.query(text, { transactional: false } as object);
    expect((await session.query("select 1 as a")).rows).toEqual([{ a: 1n }]);
  }, write);
  expect((await source.query("select 1 as a")).rows).toEqual([{ a: 1n }]);
  expect((await heldBy(source))["select 1 as a"]).toBe(1);
});

test("when a function deallocates all behind our back, reads and writes go on, each once", async () => {
  await using source = openOne();
  const insert = (id: number) => source.query({ text: "insert into thing values ($1)", params: [id] }, write);
  // An INSERT, since the connection of a write that is a SELECT is reset.
  const forget = (id: number, options: object) =>
    source.query(`insert into thing select ${id} from forget_prepared()`, options);
  await insert(2);
  await forget(3, write);
  await insert(4);
  await forget(5, { ...write, transactional: false });
  expect((await source.query("select count(*) as n from thing")).rows).toEqual([{ n: 5n }]);
  await insert(6);
  expect(await ids()).toEqual(["1", "2", "3", "4", "5", "6"]);
});

test("a statement that had begun to run when such an error came is not run again", async () => {
  await using source = openOne();
  await expect(source.query("select count_then_fail()", write)).rejects.toMatchObject({ sqlState: "26000" });
  const { rows } = await emulator.query("select last_value from counted");
  expect(rows).toEqual([{ last_value: "1" }]);
});

test("a new temporary table takes the name from an old table at once", async () => {
  await using source = openOne();
  const text = "select id from thing";
  await source.query(text);
  await source.session(async (session) => {
    // The second is what the server does not notice by itself.
    await session.query("create temporary table other (id int8)");
    expect((await session.query(text)).rows).toEqual([{ id: 1n }]);
    await session.query("create temporary table thing as select 99::int8 as id");
    expect((await session.query(text)).rows).toEqual([{ id: 99n }]);
  }, write);
  expect((await source.query(text)).rows).toEqual([{ id: 1n }]);
});

test("another search path leads to other tables", async () => {
  await emulator.query("create schema if not exists elsewhere; drop table if exists elsewhere.thing");
  await emulator.query("create table elsewhere.thing as select 5::int8 as id");
  await using source = openOne();
  const text = "select id from thing";
  await source.session(async (session) => {
    expect((await session.query(text)).rows).toEqual([{ id: 1n }]);
    await session.query("select set_config('search_path', 'elsewhere', false)");
    expect((await session.query(text)).rows).toEqual([{ id: 5n }]);
  }, write);
});

test("on another connection everything is parsed anew", async () => {
  await using source = openOne();
  await source.query("select 1 as a");
  await emulator.query("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()");
  expect((await source.query("select 1 as a")).rows).toEqual([{ a: 1n }]);
  expect((await heldBy(source))["select 1 as a"]).toBe(1);
});

test("concurrent statements on several connections do not mix", async () => {
  await using source = openOne({ pool: { max: 5 } });
  const results = await Promise.all(
    Array.from({ length: 500 }, async (_, index) => {
      const { rows } = await source.query({ text: `select $1::int8 as v${index % 7}`, params: [index] });
      return rows[0];
    }),
  );
  expect(results).toEqual(results.map((_, index) => ({ [`v${index % 7}`]: BigInt(index) })));
});
