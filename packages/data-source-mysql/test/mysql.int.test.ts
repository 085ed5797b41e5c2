import { sql } from "@org/data-source-core";
import { describe, expect, test } from "vitest";
import { createContext, failure, recorded, until, write } from "./context.ts";

const { observer, series, server, source, writable } = await createContext();
const connectionId = "select connection_id() as id";

describe("values of every type, from a table", () => {
  const columns = {
    tiny: "tinyint unsigned",
    small: "smallint",
    medium: "mediumint",
    big: "bigint unsigned",
    fixed: "decimal(65,30)",
    single_float: "float",
    double_float: "double",
    day: "date",
    moment: "datetime(6)",
    instant: "timestamp(6) null",
    span: "time(6)",
    in_year: "year",
    flags: "bit(12)",
    document: "json",
    bytes: "blob",
    place: "geometry",
    one_of: "enum('a','b')",
    some_of: "set('x','y')",
    wide: "text",
    padded: "binary(3)",
  };
  const names = Object.keys(columns);
  const insert = async (name: string, values: readonly string[]): Promise<void> => {
    const definitions = Object.entries(columns).map(([column, type]) => `${column} ${type}`);
    await observer.query("set sql_mode = '', time_zone = '+05:00'");
    await observer.query(`create table ${name} (${definitions.join(", ")})`);
    await observer.query(`insert into ${name} values (${values.join(", ")})`);
  };
  /** By query and by stream, each in the order of the columns. */
  const readTwice = async (name: string): Promise<unknown[]> => {
    const reader = source();
    const request = { text: `select * from ${name}`, rowMode: "array" } as const;
    const read: unknown[] = [...(await reader.query(request)).rows];
    for await (const rows of reader.stream(request)) read.push(...rows);
    return read;
  };

  test("the largest", async () => {
    await insert("largest", [
      "255",
      "-32768",
      "8388607",
      "18446744073709551615",
      "'99999999999999999999999999999999999.999999999999999999999999999999'",
      "3.14",
      "1.7976931348623157e308",
      "'9999-12-31'",
      "'9999-12-31 23:59:59.999999'",
      "'2024-02-29 17:00:00.000001'",
      "'838:59:58.999999'",
      "2155",
      "b'111111111111'",
      `'{"n": 12345678901234567890, "f": 0.1}'`,
      "x'00ff'",
      "st_geomfromtext('POINT(1 2)', 3857)",
      "'b'",
      "'x,y'",
      "'ümlaut \u{1F600}'",
      "x'01'",
    ]);
    const expected = [
      255n,
      -32768n,
      8388607n,
      18446744073709551615n,
      "99999999999999999999999999999999999.999999999999999999999999999999",
      3.14,
      1.7976931348623157e308,
      "9999-12-31",
      "9999-12-31T23:59:59.999999",
      "2024-02-29T12:00:00.000001Z",
      "838:59:58.999999",
      2155n,
      "111111111111",
      { n: 12345678901234567890n, f: 0.1 },
      Uint8Array.of(0, 255),
      Uint8Array.from(Buffer.from("0101000020110f0000000000000000f03f0000000000000040", "hex")),
      "b",
      "x,y",
      "ümlaut \u{1F600}",
      Uint8Array.of(1, 0, 0),
    ];
    expect(await readTwice("largest")).toStrictEqual([expected, expected]);
  });

  test("zeros, among them dates that are none", async () => {
    await insert("zeros", [
      "0",
      "0",
      "0",
      "0",
      "0",
      "0",
      "0",
      "'0000-00-00'",
      "'2024-00-15 10:00:00'",
      "'0000-00-00 00:00:00'",
      "'-838:59:59'",
      "0",
      "0",
      "'null'",
      "''",
      "st_geomfromtext('POINT(0 0)')",
      "''",
      "''",
      "''",
      "''",
    ]);
    const expected = [
      0n,
      0n,
      0n,
      0n,
      "0.000000000000000000000000000000",
      0,
      0,
      "0000-00-00",
      "2024-00-15 10:00:00.000000",
      "0000-00-00 00:00:00.000000",
      "-838:59:59.000000",
      0n,
      "000000000000",
      null,
      new Uint8Array(),
      Uint8Array.from(Buffer.from("010100000000000000000000000000000000000000", "hex")),
      "",
      "",
      "",
      Uint8Array.of(0, 0, 0),
    ];
    expect(await readTwice("zeros")).toStrictEqual([expected, expected]);
  });

  test("nulls", async () => {
    await insert(
      "nulls",
      names.map(() => "null"),
    );
    const expected = names.map(() => null);
    expect(await readTwice("nulls")).toStrictEqual([expected, expected]);
  });

  test("what was read can be written and found again", async () => {
    const both = writable();
    await both.query(
      "create table written (n bigint unsigned, d decimal(65,30), t timestamp(6) null, b bit(12), j json)",
      write,
    );
    const values = [
      18446744073709551615n,
      "-0.000000000000000000000000000001",
      "2024-02-29T12:00:00.000001Z",
      "000000000101",
    ] as const;
    const [n, d, t, b] = values;
    const typed = sql`${n}, ${sql.typed(d, "decimal")}, ${sql.typed(t, "timestamptz")}, ${sql.typed(b, "bits")}, ${{ big: 2n ** 60n }}`;
    await both.query(sql`insert into written values (${typed})`, write);
    expect((await both.query({ text: "select * from written", rowMode: "array" })).rows).toEqual([
      [...values, { big: 2n ** 60n }],
    ]);
    const found = sql`select count(*) as c from written where n = ${n} and d = ${sql.typed(d, "decimal")} and t = ${sql.typed(t, "timestamptz")}`;
    expect((await both.query(found)).rows).toEqual([{ c: 1n }]);
  });

  test("a statement that was prepared with values of one type does not bend those of another", async () => {
    const reader = source({ pool: { max: 1 } });
    const values = [1.5, 9007199254740993n, "abc", null, "12.50", true, 10n ** 30n, "x", 2n ** 64n - 1n];
    const read: unknown[] = [];
    for (const value of values) read.push((await reader.query(sql`select ${value} as v`)).rows[0]);
    const expected = [1.5, 9007199254740993n, "abc", null, "12.50", 1n, String(10n ** 30n), "x", 2n ** 64n - 1n];
    expect(read).toEqual(expected.map((v) => ({ v })));
  });

  test("a number may be a LIMIT", async () => {
    expect((await source().query({ text: `select seq from ${series(9)} limit ?`, params: [2] })).rows).toHaveLength(2);
  });
});

describe("limits", () => {
  test.each([
    [`select seq from ${series(100)}`, 5],
    [`select seq from ${series(100)} union all select seq from ${series(100)}`, 5],
    [`select seq from ${series(100)} limit 50`, 5],
    [`select seq from ${series(1_000_000)} limit 900000`, 5],
    ["show variables", 5],
  ])("%s is cut", async (text, maxRows) => {
    const reader = source({ pool: { max: 1 } });
    const result = await reader.query(text, { maxRows });
    expect([result.rows.length, result.truncated]).toEqual([5, true]);
    expect((await reader.query("select 1 as a")).rows).toEqual([{ a: 1n }]);
  });

  test.each([
    `select count(*) as n from (select seq from ${series(100)}) as t`,
    `with a as (select seq from ${series(100)}) select count(*) as n from a`,
    `select count(*) as n from ${series(100)} where seq in (select seq from ${series(100)})`,
  ])("%s is not cut inside", async (text) => {
    expect((await source().query(text, { maxRows: 3 })).rows).toEqual([{ n: 100n }]);
  });
});

describe("timeout and cancel", () => {
  test("the server's own timer ends a statement: nobody had to kill it", async () => {
    const { events, onEvent } = recorded();
    const reader = source({ onEvent });
    await reader.query("select 1");
    expect(await failure(reader.query("select sleep(20)", { statementTimeoutMs: 300 }))).toMatchObject({
      code: "STATEMENT_TIMEOUT",
    });
    expect(events.map(({ type }) => type)).toEqual(["connection-opened"]);
  });

  test("a cancel reaches the server in 500 ms; the connection is used again, and clean", async () => {
    const { events, onEvent } = recorded();
    const reader = source({ pool: { max: 1 }, onEvent });
    const before = (await reader.query(connectionId)).rows;
    const caller = new AbortController();
    const running = failure(reader.query("select sleep(20) as cancelled_1", { signal: caller.signal }));
    await until(async () => (await observer.activeStatements("cancelled_1")) === 1);
    caller.abort();
    const took = await until(async () => (await observer.activeStatements("cancelled_1")) === 0, 500);
    expect(took).toBeLessThan(500);
    expect(await running).toMatchObject({ code: "CANCELLED" });
    expect((await reader.query(connectionId)).rows).toEqual(before);
    expect(events.filter(({ type }) => type === "connection-closed")).toEqual([
      { type: "connection-closed", reason: "It was opened to cancel a statement" },
    ]);
  });

  test("an unused connection does the killing, if there is one", async () => {
    const { events, onEvent } = recorded();
    const reader = source({ onEvent });
    await Promise.all([reader.query("select sleep(0.1)"), reader.query("select sleep(0.1)")]);
    const signal = AbortSignal.timeout(100);
    await failure(reader.query("select sleep(20)", { signal }));
    expect(events.map(({ type }) => type)).toEqual(["connection-opened", "connection-opened"]);
  });

  test("a write that is cancelled in the middle has done nothing", async () => {
    const both = writable();
    await both.query("create table cancelled (id int primary key) engine = InnoDB", write);
    const signal = AbortSignal.timeout(150);
    const slow = both.query(`insert into cancelled select seq from ${series(3)} where sleep(1) = 0`, {
      ...write,
      signal,
    });
    expect(await failure(slow)).toMatchObject({ code: "CANCELLED" });
    expect((await both.query("select * from cancelled")).rows).toEqual([]);
  });

  test("an administrator's KILL QUERY is CANCELLED, too", async () => {
    const reader = source();
    const running = failure(reader.query(`select sleep(20) as killed_2 from ${series(2)}`));
    await until(async () => (await observer.activeStatements("killed_2")) === 1);
    const [row] = await observer.query(
      "select id as id from information_schema.processlist where info like '%killed_2%' and id <> connection_id()",
    );
    await observer.query(`kill query ${String(row?.["id"])}`);
    expect(await running).toMatchObject({ code: "CANCELLED", nativeCode: "1317" });
  });
});

describe.skipIf(server.isMariaDb)("MySQL's hints, which may lift the server's own limits", () => {
  test.each(["MAX_EXECUTION_TIME(0)", "SET_VAR(max_execution_time=0)"])("%s: our clock ends it", async (hint) => {
    const marker = `lifted_${hint.length}`;
    const slow = source().query(`select /*+ ${hint} */ sleep(20) as ${marker}`, { statementTimeoutMs: 300 });
    expect(await failure(slow)).toMatchObject({ code: "STATEMENT_TIMEOUT" });
    await until(async () => (await observer.activeStatements(marker)) === 0, 500);
  });

  test("SET_VAR(sql_select_limit): we count, too", async () => {
    const text = `select /*+ SET_VAR(sql_select_limit=18446744073709551615) */ seq from ${series(1_000_000)}`;
    const result = await source().query(text, { maxRows: 5 });
    expect([result.rows.length, result.truncated]).toEqual([5, true]);
  });
});

describe("sessions and writes", () => {
  test("what a session sets is gone with its connection", async () => {
    const both = writable({ pool: { max: 1 } });
    const state = "select database() as db, @@sql_mode as mode, @a as a, connection_id() as id";
    const [before] = (await both.query<{ id: bigint; db: string }>(state)).rows;
    await both.session(async (session) => {
      await session.query("use mysql");
      await session.query("set sql_mode = 'ANSI_QUOTES', @a = 5");
      expect((await session.query(state)).rows).toMatchObject([{ db: "mysql", mode: "ANSI_QUOTES", a: 5n }]);
    }, write);
    const [after] = (await both.query<{ id: bigint; db: string }>(state)).rows;
    expect({ ...after, id: 0n }).toEqual({ ...before, id: 0n });
    expect(after?.id).not.toBe(before?.id);
  });

  test("what a procedure sets does not stay on the pooled connection", async () => {
    await observer.query("create procedure sets() begin set @left = 1, session sql_mode = 'ANSI_QUOTES'; end");
    const both = writable({ pool: { max: 1 } });
    const before = (await both.query(connectionId)).rows;
    await both.query("call sets()", write);
    expect((await both.query('select @left as a, "text" as b, connection_id() as id')).rows).toEqual([
      { a: null, b: "text", id: (before[0] as { id: bigint }).id },
    ]);
  });

  test("of several results the first is returned, and a notice says so", async () => {
    await observer.query("create procedure twice() begin select 1 as a; select 2 as b, 3 as c; end");
    const result = await writable().query("call twice()", write);
    expect(result.rows).toEqual([{ a: 1n }]);
    expect(result.notices).toEqual([{ severity: "Note", code: undefined, message: "1 further results were left out" }]);
  });

  test("warnings of a write are notices; events have them without values", async () => {
    const { events, onEvent } = recorded();
    const both = writable({ onEvent });
    await both.query("create table warned (a tinyint)", write);
    const result = await both.query("insert ignore into warned values ('canary-value')", write);
    expect(result.notices).toHaveLength(1);
    expect(result.notices[0]).toMatchObject({ severity: "Warning", code: "1366" });
    expect(result.notices[0]?.message).toContain("canary-value");
    expect(JSON.stringify(events)).not.toContain("canary-value");
    expect(events.filter(({ type }) => type === "notice")).toHaveLength(1);
  });

  test("warnings of a read are notices, too, and asked for only if there are any", async () => {
    const { events, onEvent } = recorded();
    const reader = source({ onEvent, pool: { max: 1 } });
    const request = { text: "select cast(? as signed) as a", params: ["12' canary 'value"] };
    const result = await reader.query(request);
    expect(result.rows).toEqual([{ a: 12n }]);
    expect(result.notices).toMatchObject([{ severity: "Warning", code: "1292" }]);
    expect(result.notices[0]?.message).toContain("canary");
    expect(events.filter(({ type }) => type === "notice")).toHaveLength(1);
    expect(JSON.stringify(events)).not.toContain("canary");
    const before = await observer.statements();
    expect((await reader.query({ ...request, params: ["12"] })).notices).toEqual([]);
    expect((await observer.statements()) - before).toBe(1);
  });

  test("a statement that cannot be prepared runs as text", async () => {
    const both = writable();
    await both.session((session) => session.query("lock tables type_lock read"), write).catch(() => undefined);
    const { rows } = await both.query("show profiles");
    expect(rows).toEqual([]);
  });
});

describe("transactions", () => {
  test("a deadlock is CONFLICT, ends the transaction, and maxAttempts runs it again", async () => {
    const both = writable({ pool: { max: 2 } });
    await both.query("create table locked (id int primary key, n int) engine = InnoDB", write);
    await both.query("insert into locked values (1, 0), (2, 0)", write);
    const bothHold = Promise.withResolvers<void>();
    let holding = 0;
    let attempts = 0;
    const move = (first: number, second: number): Promise<void> =>
      both.transaction(
        async (tx) => {
          attempts += 1;
          await tx.query(sql`update locked set n = n + 1 where id = ${first}`);
          holding += 1;
          if (holding === 2) bothHold.resolve();
          await bothHold.promise;
          await tx.query(sql`update locked set n = n + 1 where id = ${second}`);
        },
        { ...write, maxAttempts: 3 },
      );
    await Promise.all([move(1, 2), move(2, 1)]);
    expect((await both.query("select n from locked")).rows).toEqual([{ n: 2n }, { n: 2n }]);
    expect(attempts).toBe(3);
  });

  test("after a deadlock nothing more runs, or it would commit by itself", async () => {
    const both = writable({ pool: { max: 2 } });
    await both.query("create table dead (id int primary key, n int) engine = InnoDB", write);
    await both.query("insert into dead values (1, 0), (2, 0)", write);
    const bothHold = Promise.withResolvers<void>();
    let holding = 0;
    const goneOn: string[] = [];
    const swallow = async (first: number, second: number): Promise<unknown> => {
      try {
        return await both.transaction(async (tx) => {
          await tx.query(sql`update dead set n = n + 1 where id = ${first}`);
          holding += 1;
          if (holding === 2) bothHold.resolve();
          await bothHold.promise;
          const error = await tx
            .query(sql`update dead set n = n + 1 where id = ${second}`)
            .catch((reason: unknown) => reason);
          // The mistake: to go on.
          if (error instanceof Error) goneOn.push((await failure(tx.query("insert into dead values (9, 9)"))).code);
          return "done";
        }, write);
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    const results = await Promise.all([swallow(1, 2), swallow(2, 1)]);
    expect(new Set(results)).toEqual(new Set(["CONFLICT", "done"]));
    expect(goneOn).toEqual(["QUERY_FAILED"]);
    expect((await both.query("select id, n from dead order by id")).rows).toEqual([
      { id: 1n, n: 1n },
      { id: 2n, n: 1n },
    ]);
  });

  test("DDL is refused in it; a procedure that commits is found out", async () => {
    const both = writable();
    await both.query("create table kept (id int) engine = InnoDB", write);
    await observer.query("create procedure commits() begin insert into kept values (2); commit; end");
    const refused = both.transaction(async (tx) => {
      await tx.query("insert into kept values (1)");
      await tx.query("create table inside (a int)");
    }, write);
    expect(await failure(refused)).toMatchObject({ code: "VALIDATION" });
    expect((await both.query("select * from kept")).rows).toEqual([]);
    const committed = both.transaction(async (tx) => {
      await tx.query("call commits()").catch(() => undefined);
      await tx.query("insert into kept values (3)");
    }, write);
    expect((await failure(committed)).message).toMatch(/transaction/);
    expect((await both.query("select * from kept")).rows).toEqual([{ id: 2n }]);
  });

  test("its isolation level is the server's, and only its own", async () => {
    const both = writable({ pool: { max: 1 } });
    await both.query("create table isolated (id int primary key) engine = InnoDB", write);
    const seen = async (isolation: "read-committed" | "repeatable-read"): Promise<number> =>
      both.transaction(
        async (tx) => {
          await tx.query("select * from isolated");
          await observer.query(`insert into isolated values (${Math.floor(Math.random() * 1e9)})`);
          return (await tx.query("select * from isolated")).rows.length;
        },
        { isolation },
      );
    expect(await seen("read-committed")).toBe(1);
    expect(await seen("repeatable-read")).toBe(1);
    expect((await both.query(`select @@${server.isMariaDb ? "tx" : "transaction"}_isolation as level`)).rows).toEqual([
      { level: "REPEATABLE-READ" },
    ]);
  });
});

describe("a connection that breaks", () => {
  test("in a write, its outcome is unknown; in a session, the session is lost; a read runs again", async () => {
    const both = writable({ pool: { max: 1 } });
    const cut = async (marker: string): Promise<void> => {
      await until(async () => (await observer.activeStatements(marker)) === 1);
      await observer.dropConnections();
    };
    await both.query("create table broken (id int) engine = InnoDB", write);
    const written = failure(both.query("insert into broken select sleep(20) as cut_1", write));
    await cut("cut_1");
    expect(await written).toMatchObject({ code: "OUTCOME_UNKNOWN", isRetryable: false });

    const session = failure(both.session((inner) => inner.query("select sleep(20) as cut_2")));
    await cut("cut_2");
    expect(await session).toMatchObject({ code: "SESSION_LOST", lost: ["temporary tables", "settings"] });

    const transaction = failure(
      both.transaction((tx) => tx.query("insert into broken select sleep(20) as cut_3"), write),
    );
    await cut("cut_3");
    expect(await transaction).toMatchObject({ code: "SESSION_LOST", lost: ["transaction"] });

    const read = both.query("select sleep(0.7) as cut_4");
    await cut("cut_4");
    expect((await read).rows).toEqual([{ cut_4: 0n }]);
  });

  test("replay: whole runs the session's work once more", async () => {
    const both = writable({ pool: { max: 1 } });
    let runs = 0;
    const work = both.session(
      async (session) => {
        runs += 1;
        return (await session.query(`select sleep(${runs === 1 ? 20 : 0}) as cut_5`)).rows;
      },
      { replay: "whole" },
    );
    await until(async () => (await observer.activeStatements("cut_5")) === 1);
    await observer.dropConnections();
    expect([await work, runs]).toEqual([[{ cut_5: 0n }], 2]);
  });
});

describe("estimate", () => {
  test("the plan's rows, parameters and positions", async () => {
    await observer.query("create table planned (id int primary key, v int) engine = InnoDB");
    await observer.query(`insert into planned select seq, seq from ${series(1_000)}`);
    await observer.query("analyze table planned");
    const reader = source();
    const estimate = await reader.estimate({ text: "select * from planned where id = ?", params: [5] });
    const cost = server.isMariaDb ? undefined : 0;
    expect(estimate).toMatchObject({ source: "plan", rows: 1, statementType: "SELECT", cost });
    expect((await reader.estimate("select * from planned")).rows).toBe(1000);
    expect(await failure(reader.estimate("select * from"))).toMatchObject({ code: "SYNTAX", position: 14 });
    expect(await failure(reader.estimate("delete from planned"))).toMatchObject({ code: "READ_ONLY" });
  });
});

describe("check", () => {
  test("an account that only reads passes without a warning", async () => {
    await observer.query("create user plain identified by 'reader-password'");
    await observer.query(`grant select on ${server.options.database}.* to plain`);
    const report = await source({ user: "plain", password: "reader-password" }).check();
    expect([report.ok, report.canWrite, report.user]).toEqual([true, false, "plain@%"]);
    expect(report.steps.filter(({ outcome }) => outcome === "warning" || outcome === "failed")).toEqual([]);
  });

  test("write privileges and FILE are warnings", async () => {
    await observer.query("create user writer identified by 'writer-password'");
    await observer.query(`grant select, update on ${server.options.database}.* to writer`);
    const step = async (): Promise<unknown> => {
      const report = await source({ user: "writer", password: "writer-password" }).check();
      return report.steps.find(({ name }) => name === "privileges");
    };
    expect(await step()).toMatchObject({ outcome: "warning", detail: "It may UPDATE" });
    await observer.query("grant file on *.* to writer");
    const hint = expect.stringContaining("FILE") as string;
    expect(await step()).toMatchObject({ outcome: "warning", hint });
  });

  test("a name that does not resolve, and a certificate that is not trusted", async () => {
    const unknown = await source({ host: "no-such-host.invalid" }).check();
    expect(unknown.steps.slice(0, 3)).toMatchObject([
      { name: "resolve", outcome: "failed" },
      { name: "tcp", outcome: "skipped" },
      { name: "tls", outcome: "skipped" },
    ]);
    const untrusted = await source({ host: "localhost", ssl: true }).check();
    expect(untrusted.steps.slice(0, 4).map(({ name, outcome }) => [name, outcome])).toEqual([
      ["resolve", "ok"],
      ["tcp", "ok"],
      ["tls", "failed"],
      ["login", "skipped"],
    ]);
  });
});

describe("introspection", () => {
  test.skipIf(server.isMariaDb)("what only MySQL has, and how it says it", async () => {
    await observer.query(`create table odd (
      id binary(16) primary key default (uuid_to_bin(uuid())), hidden_one int invisible default 5,
      quoted varchar(20) default 'it''s \\\\ x', spoken varchar(30) default ('it''s "x" \\n'), raw varbinary(4) default x'41ff',
      flags bit(3) default b'101', doubled varchar(30) as (concat(quoted, 'it''s')), document json default (json_object('a', 1)),
      place point not null srid 4326, embedding vector(3),
      index descending (hidden_one desc, quoted), index functional ((concat(quoted, 'x''y'))), spatial index places (place),
      constraint known check (quoted in ('a', 'it''s')))`);
    const catalog = await source().introspect({ tables: { include: ["odd"] } });
    const [table] = catalog.schemas.flatMap(({ tables }) => tables);
    expect(table?.columns.map((column) => [column.name, column.type, column.default, column.generated])).toEqual([
      ["id", "bytes", "uuid_to_bin(uuid())", null],
      ["hidden_one", "integer", "5", null],
      ["quoted", "string", String.raw`'it''s \\ x'`, null],
      ["spoken", "string", String.raw`_utf8mb4'it\'s "x" \n'`, null],
      ["raw", "bytes", "0x41FF", null],
      ["flags", "bits", "b'101'", null],
      ["doubled", "string", null, String.raw`concat(~quoted~,_utf8mb4'it\'s')`.replaceAll("~", "`")],
      ["document", "json", "json_object(_utf8mb4'a',1)", null],
      ["place", "geometry", null, null],
      ["embedding", "array", null, null],
    ]);
    expect(table?.checks).toEqual([
      { name: "known", expression: String.raw`(~quoted~ in (_utf8mb4'a',_utf8mb4'it\'s'))`.replaceAll("~", "`") },
    ]);
    const part = { isColumn: true, prefixLength: undefined };
    expect(table?.indexes?.map(({ name, method, parts }) => [name, method, parts])).toEqual([
      [
        "descending",
        "btree",
        [
          { ...part, expression: "hidden_one", order: "desc" },
          { ...part, expression: "quoted", order: "asc" },
        ],
      ],
      [
        "functional",
        "btree",
        [
          {
            ...part,
            isColumn: false,
            expression: String.raw`concat(~quoted~,_utf8mb4'x\'y')`.replaceAll("~", "`"),
            order: "asc",
          },
        ],
      ],
      ["places", "spatial", [{ ...part, expression: "place", order: "asc" }]],
      ["PRIMARY", "btree", [{ ...part, expression: "id", order: "asc" }]],
    ]);
    const read = await source().query("select string_to_vector('[1, 2.5]') as v");
    expect([read.rows, read.columns[0]?.type, read.columns[0]?.nativeType]).toEqual([
      [{ v: [1, 2.5] }],
      "array",
      "vector",
    ]);
  });

  test("statistics of the first rows", async () => {
    await observer.query("create table counted (id int primary key, name varchar(10), at datetime) engine = InnoDB");
    await observer.query(
      "insert into counted values (1, 'a', '2024-01-01'), (2, 'a', null), (3, null, null), (4, 'b', null)",
    );
    const catalog = await source().introspect(
      { tables: { include: ["counted"] } },
      { statistics: { sampleRows: 100, samples: 2 } },
    );
    const [table] = catalog.schemas.flatMap(({ tables }) => tables);
    expect(table?.columns.map(({ statistics }) => statistics)).toEqual([
      { source: "sample", sampledRows: 4, distinctCount: 4, nullFraction: 0, min: 1n, max: 4n, samples: [1n, 2n] },
      { source: "sample", sampledRows: 4, distinctCount: 2, nullFraction: 0.25, min: "a", max: "b", samples: ["a"] },
      {
        source: "sample",
        sampledRows: 4,
        distinctCount: 1,
        nullFraction: 0.75,
        min: "2024-01-01T00:00:00",
        max: "2024-01-01T00:00:00",
        samples: ["2024-01-01T00:00:00"],
      },
    ]);
    const bounded = await source().introspect({ tables: { include: ["counted"] } }, { statistics: { sampleRows: 2 } });
    expect(bounded.schemas[0]?.tables[0]?.columns[0]?.statistics).toMatchObject({ sampledRows: 2, max: 2n });
  });

  test("system schemas are left out, catalogs are refused", async () => {
    const catalog = await source().introspect();
    expect(catalog.schemas.map(({ name }) => name)).toEqual([server.options.database]);
    expect(await failure(source().introspect({ catalogs: ["def"] }))).toMatchObject({
      code: "VALIDATION",
      field: "catalogs",
    });
  });
});
