import { existsSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { createContext, failure, write } from "./context.ts";
import { escapes } from "./escapes.ts";

const { observer, server, source, writable } = await createContext();
const { database } = server.options;
/** The session's own switch. */
const readOnly = server.isMariaDb ? "tx_read_only" : "transaction_read_only";
const file = join(tmpdir(), `escaped-${process.pid}`);

beforeAll(async () => {
  await observer.query("create table victim (id int primary key, name text) engine = InnoDB");
  await observer.query("insert into victim values (1, 'one')");
  await observer.query("create table old (a int) engine = MyISAM");
  await observer.query("create procedure escape_procedure() update victim set name = 'escaped'");
  await observer.query(
    `create function escape_function() returns int deterministic begin set session ${readOnly} = 0; insert into victim values (3, 'escaped'); return 1; end`,
  );
  if (server.isMariaDb) await observer.query("create sequence escape_sequence");
});

/** Whatever an escape could have changed, as the server has it. */
async function everything(): Promise<unknown> {
  const ask = (text: string): Promise<unknown> => observer.query(text);
  return {
    rows: await ask("select * from victim order by id"),
    tables: await ask(
      `select table_schema, table_name from information_schema.tables where table_type <> 'SYSTEM VIEW' order by 1, 2`,
    ),
    columns: await ask(
      `select table_name, column_name, column_type from information_schema.columns where table_schema = '${database}' order by 1, 2`,
    ),
    events: await ask("select event_name from information_schema.events"),
    users: await ask("select user, host from mysql.user order by 1, 2"),
    globals: await ask("show global variables where variable_name not like 'gtid%'"),
    sequence: server.isMariaDb && (await ask("select next_not_cached_value from escape_sequence")),
    procedures: await ask(
      "select routine_name, routine_type, routine_definition from information_schema.routines order by 1",
    ),
    triggers: await ask("select trigger_name from information_schema.triggers"),
    schemata: await ask("select schema_name from information_schema.schemata order by 1"),
    plugins: await ask("select plugin_name from information_schema.plugins order by 1"),
    file: existsSync(file),
  };
}

/** What an escape could have left on the connection. */
const sessionState = `select @@session.${readOnly} as ro, @@session.sql_mode as mode, @@session.character_set_client as charset, database() as db, @escaped as variable, is_used_lock('escaped') as held, @@session.autocommit as auto`;

describe("no escape changes anything, on an account that may do everything", async () => {
  const all = escapes("`victim`", file);
  test("there are many", () => {
    expect(all.length).toBeGreaterThanOrEqual(40);
  });

  test.each(all)("%s", async (text) => {
    const before = await everything();
    for (const reader of [source({ pool: { max: 1 } }), writable({ pool: { max: 1 } })]) {
      const session = (await reader.query(sessionState)).rows;
      await reader.query(text).catch(() => undefined);
      for await (const rows of reader.stream("select 1")) expect(rows).toHaveLength(1);
      await reader.batch([text]).catch(() => undefined);
      await reader.session((inner) => inner.query(text)).catch(() => undefined);
      await reader.transaction((inner) => inner.query(text)).catch(() => undefined);
      expect((await reader.query(sessionState)).rows).toEqual(session);
      expect(await failure(reader.query("update victim set name = 'x'"))).toMatchObject({ code: "READ_ONLY" });
    }
    expect(await everything()).toEqual(before);
    rmSync(file, { force: true });
  });
});

describe("the server's part, without our check of tokens", () => {
  // A function's name says nothing of what it does: these pass the tokens.
  test.each(["select escape_function()", "select * from victim where escape_function() > 0"])("%s", async (text) => {
    expect(await failure(source().query(text))).toMatchObject({ code: "READ_ONLY", nativeCode: "1792" });
    expect(await observer.query("select count(*) as n from victim")).toEqual([{ n: 1 }]);
  });

  test("a table of an engine without transactions is covered as well", async () => {
    expect(await failure(source().query("insert into old values (1)"))).toMatchObject({ code: "READ_ONLY" });
    const reader = source({ pool: { max: 1 } });
    await reader.query("select 1");
    await observer.query(
      "create function old_function() returns int deterministic begin insert into old values (1); return 1; end",
    );
    expect(await failure(reader.query("select old_function()"))).toMatchObject({ nativeCode: "1792" });
    expect(await observer.query("select count(*) as n from old")).toEqual([{ n: 0 }]);
  });

  test("the session is read-only again after a write on the same connection", async () => {
    const both = writable({ pool: { max: 1 } });
    const mode = async (): Promise<unknown> =>
      (await both.query(`select @@${readOnly} as ro, connection_id() as id`)).rows[0];
    const first = await mode();
    expect(first).toMatchObject({ ro: 1n });
    await both.query("insert into old values (1)", write);
    expect(await mode()).toEqual(first);
    await both.query("delete from old", write);
  });

  test("a server whose default grammar is another is brought back to the one that is checked", async () => {
    await observer.query("set global sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES'");
    try {
      const { rows } = await source().query(String.raw`select "text" as a, 'it\'s' as b, @@sql_mode as mode`);
      expect(rows).toEqual([
        { a: "text", b: "it's", mode: expect.stringMatching(/^(?:IGNORE_SPACE,)?STRICT_ALL_TABLES$/) },
      ]);
    } finally {
      await observer.query("set global sql_mode = default");
    }
  });
});

describe("nothing of one caller reaches the next on its connection", () => {
  const state = `select database() as db, @@${readOnly} as ro, @@sql_select_limit as lim, @@time_zone as tz, @@sql_mode as mode, @@character_set_client as charset, @leak as leak`;

  beforeAll(async () => {
    await observer.query("create table counted (id int primary key auto_increment, a int)");
    await observer.query(
      `create function unlocking() returns int deterministic begin set @leak = 1; set session ${readOnly} = 0; set time_zone = '+05:00'; return 1; end`,
    );
    await observer.query(
      "create function writing() returns int deterministic begin insert into counted (a) values (1); return 1; end",
    );
  });

  test("a function that lifts read-only", async () => {
    const reader = source({ pool: { max: 1 } });
    const before = (await reader.query(state)).rows;
    await reader.query("select unlocking()");
    expect(await failure(reader.query("select writing()"))).toMatchObject({ code: "READ_ONLY", nativeCode: "1792" });
    for await (const rows of reader.stream("select unlocking()")) expect(rows).toHaveLength(1);
    expect((await reader.query(state)).rows).toEqual(before);
    await reader.session(async (session) => {
      await session.query("select unlocking()");
      expect(await failure(session.query("select writing()"))).toMatchObject({ nativeCode: "1792" });
    });
    expect((await reader.query(state)).rows).toEqual(before);
    expect(await observer.query("select count(*) as n from counted")).toEqual([{ n: 0 }]);
  });

  test.each([
    "/*!99999 select */ use mysql",
    "/*!99999 select */ set names latin1",
    "/*!99999 select */ set session sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'",
    "/*!99999 select */ create temporary table leaked (a int)",
    "/*!99999 select */ lock tables counted write",
    "flush tables with read lock",
    "flush tables counted for export",
    ...(server.isMariaDb
      ? [
          "if 1 then set @leak = 1; end if",
          "case when 1 then set session time_zone = '+09:00'; end case",
          "backup stage start",
        ]
      : []),
  ])("a write: %s", async (text) => {
    const writer = writable({ pool: { max: 1 } });
    const before = (await writer.query(state)).rows;
    await writer.query(text, write);
    expect((await writer.query(state)).rows).toEqual(before);
    expect(await failure(writer.query("select * from leaked"))).toMatchObject({ code: "NOT_FOUND" });
    // Nobody else is kept waiting by a lock.
    await writable().query("insert into counted (a) values (2)", { ...write, statementTimeoutMs: 10_000 });
  });

  test("warnings and generated numbers", async () => {
    const both = writable({ pool: { max: 1 } });
    await both.query("select cast('a value of theirs' as signed)");
    expect(await failure(both.query("show warnings"))).toMatchObject({ code: "READ_ONLY" });
    await both.session(async (session) => {
      expect((await session.query("show warnings")).rows).toEqual([]);
      await session.query("select cast('a value of ours' as signed)");
      const { rows } = await session.query<{ Message: string }>("show warnings");
      expect(rows.map(({ Message }) => Message)).toEqual([expect.stringContaining("a value of ours")]);
    });
    await both.query("insert into counted (a) values (3)", write);
    expect(await failure(both.query("select last_insert_id()"))).toMatchObject({ code: "READ_ONLY" });
    await both.session(async (session) =>
      expect((await session.query("select last_insert_id() as id")).rows).toEqual([{ id: 0n }]),
    );
  });
});
