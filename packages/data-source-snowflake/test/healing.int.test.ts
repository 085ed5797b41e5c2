import {
  isDataSourceError,
  OutcomeUnknownError,
  SessionLostError,
  sql,
  type DataSourceError,
  type DataSourceEvent,
} from "@org/data-source-core";
import type { Expiry, SnowflakeEmulator } from "@org/warehouse-emulators/snowflake";
import { setImmediate } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { createSnowflakeDataSource } from "../src/index.ts";
import { connect, createSetup } from "./server.ts";

const { start, withFactory, track } = createSetup();
const write = { readOnly: false } as const;

async function failure(work: Promise<unknown>): Promise<DataSourceError> {
  try {
    await work;
  } catch (error) {
    if (isDataSourceError(error)) return error;
    throw error;
  }
  throw new Error("fulfilled");
}

const runs = (emulator: SnowflakeEmulator, text: string): number =>
  emulator.statements.filter((statement) => statement.sql.includes(text)).length;

test.each<Expiry>(["both-tokens", "authentication", "gone", "invalid"])(
  "a read whose session has expired (%s) runs once more on a fresh one",
  async (how) => {
    const emulator = await start();
    const events: DataSourceEvent[] = [];
    const { source, calls } = withFactory(emulator, { onEvent: (event) => events.push(event) });
    await source.query("select 1");
    emulator.expire(how);
    expect((await source.query("select 'again' as v")).rows).toEqual([{ V: "again" }]);
    expect([calls(), runs(emulator, "again")]).toEqual([2, 1]);
    expect(events.map(({ type }) => type)).toEqual([
      "connection-opened",
      "connection-closed",
      "retry",
      "connection-opened",
      "reconnected",
    ]);
  },
);

test("an expired session token is the driver's business: nothing is reconnected", async () => {
  const emulator = await start();
  const { source, calls } = withFactory(emulator);
  await source.query("select 1");
  emulator.expire("session-token");
  await source.query("select 2");
  expect([calls(), emulator.count("token")]).toEqual([1, 1]);
});

test("a session that the server refuses with HTTP 401 is replaced", async () => {
  const emulator = await start();
  const { source, calls } = withFactory(emulator);
  await source.query("select 1");
  emulator.inject({ on: "query", httpStatus: 401, code: "390104" });
  expect((await source.query("select 2 as v")).rows).toEqual([{ V: 2n }]);
  expect(calls()).toBe(2);
});

test("expiry by the clock, after hours of nothing", async () => {
  let now = Date.now();
  const emulator = await start({ now: () => now });
  const { source, calls } = withFactory(emulator);
  await source.query("select 1");
  now += 5 * 3_600_000;
  await source.query("select 2");
  expect(calls()).toBe(2);
});

test("a second expiry propagates: one replay, no loop, and the next call tries again", async () => {
  const emulator = await start();
  const { source, calls } = withFactory(emulator);
  await source.query("select 1");
  emulator.inject({ on: "query", code: "390114", times: 2 });
  const error = await failure(source.query("select 2"));
  expect(error).toMatchObject({ code: "SESSION_LOST", nativeCode: "390114" });
  expect(error.message).toContain("The new session's authentication had expired as well");
  expect([calls(), emulator.count("query")]).toEqual([2, 3]);
  expect((await source.query("select 3 as v")).rows).toEqual([{ V: 3n }]);
  expect(calls()).toBe(3);
});

test("another error after the replay propagates as it is", async () => {
  const emulator = await start();
  const { source, calls } = withFactory(emulator);
  await source.query("select 1");
  emulator.expire("authentication");
  const error = await failure(source.query("select * from nowhere"));
  expect([error.code, calls()]).toEqual(["NOT_FOUND", 2]);
});

test.each(["000604", "000630", "001003", "002003", "390100"])("%s is no expiry: no second try", async (code) => {
  const emulator = await start();
  const { source, calls } = withFactory(emulator);
  emulator.script({ match: "select coded", reply: { code, message: "no" } });
  const error = await failure(source.query("select coded"));
  expect([error.nativeCode, runs(emulator, "coded"), calls()]).toEqual([code, 1, 1]);
});

test("fifty statements on one expired session: the factory is called once, all go on on the same fresh session", async () => {
  const emulator = await start({ inProgressAfterMs: 5 });
  const { source, calls } = withFactory(emulator);
  await source.query("select 1");
  const gate = emulator.hold(/as held/);
  const all = Array.from({ length: 50 }, (_, index) => source.query(`select ${index} as held`));
  await gate.reached(50);
  while (emulator.count("result") < 50) await setImmediate();
  // All fifty are under way: each of them finds out by its own refused poll.
  emulator.expire("authentication");
  await gate.reached(100);
  gate.release();
  const results = await Promise.all(all);
  expect(results.map(({ rows }) => rows)).toEqual(all.map((_, index) => [{ HELD: BigInt(index) }]));
  expect(calls()).toBe(2);
  const sessions = emulator.statements
    .filter((statement) => statement.sql.endsWith("as held"))
    .map(({ sessionId }) => sessionId);
  expect([sessions.length, new Set(sessions.slice(50)).size]).toEqual([100, 1]);
});

test("fifty writes on one expired session: each happens exactly once", async () => {
  const emulator = await start();
  const { source, calls } = withFactory(emulator);
  await source.query("create table t (id number)", write);
  emulator.expire("authentication");
  await Promise.all(Array.from({ length: 50 }, (_, id) => source.query(sql`insert into t values (${id})`, write)));
  const { rows } = await source.query("select count(*) as n, count(distinct id) as d from t");
  expect(rows).toEqual([{ N: 50n, D: 50n }]);
  expect(calls()).toBe(2);
});

test("a statement that finds the session already replaced just runs again", async () => {
  const emulator = await start({ inProgressAfterMs: 5 });
  const { source, calls } = withFactory(emulator);
  await source.query("select 1");
  const gate = emulator.hold(/slow/);
  const slow = source.query("select 'slow' as v");
  await gate.reached();
  emulator.expire("authentication", [emulator.sessionIds[0] as string]);
  // This one replaces the session while the slow one still polls on the old one.
  await source.query("select 2");
  gate.release();
  expect((await slow).rows).toEqual([{ V: "slow" }]);
  expect(calls()).toBe(2);
});

test("a write that was refused outright is replayed, and happens once", async () => {
  const emulator = await start();
  const { source } = withFactory(emulator);
  await source.query("create table t (id number)", write);
  emulator.expire("authentication");
  expect((await source.query("insert into t values (1)", write)).rowsAffected).toBe(1);
  expect((await source.query("select count(*) as n from t")).rows).toEqual([{ N: 1n }]);
});

test("DDL heals too", async () => {
  const emulator = await start();
  const { source } = withFactory(emulator);
  await source.query("select 1");
  emulator.expire("authentication");
  await source.query("create table made (id number)", write);
  expect(runs(emulator, "create table made")).toBe(1);
});

test("an expiry while an INSERT is being polled leaves exactly one row, and its result arrives", async () => {
  const emulator = await start({ inProgressAfterMs: 5 });
  const { source, calls } = withFactory(emulator);
  await source.query("create table t (id number)", write);
  const gate = emulator.hold(/^insert/);
  const inserting = source.query("insert into t values (1), (2)", write);
  await gate.reached();
  while (emulator.count("result") === 0) await source.query("select 1");
  emulator.expire("authentication");
  // The status is asked on the fresh session until the statement has ended.
  while (emulator.count("status") === 0) await source.query("select 1");
  gate.release();
  const result = await inserting;
  expect([result.rowsAffected, result.rows, result.queryId]).toEqual([
    2,
    [],
    emulator.statements.find((s) => s.sql.startsWith("insert"))?.id,
  ]);
  expect([runs(emulator, "insert"), calls()]).toEqual([1, 2]);
  expect((await source.query("select count(*) as n from t")).rows).toEqual([{ N: 2n }]);
});

test("a write that had been accepted and then failed gives its own error, and is not replayed", async () => {
  const emulator = await start({ inProgressAfterMs: 5 });
  const { source } = withFactory(emulator);
  await source.query("create table t (id number not null)", write);
  const gate = emulator.hold(/^insert/);
  const inserting = failure(source.query("insert into t values (null)", write));
  await gate.reached();
  while (emulator.count("result") === 0) await source.query("select 1");
  emulator.expire("authentication");
  gate.release();
  expect((await inserting).code).toBe("CONSTRAINT");
  expect(runs(emulator, "insert")).toBe(1);
});

test("a write whose status cannot be known is OUTCOME_UNKNOWN with its query id, never replayed", async () => {
  const emulator = await start({ inProgressAfterMs: 5 });
  const { source } = withFactory(emulator);
  await source.query("create table t (id number)", write);
  const gate = emulator.hold(/^insert/);
  const inserting = failure(source.query("insert into t values (1)", write));
  await gate.reached();
  while (emulator.count("result") === 0) await source.query("select 1");
  emulator.inject({ on: "status", code: "000603", sqlState: "XX000", times: 99 });
  emulator.expire("authentication");
  const error = await inserting;
  gate.release();
  const queryId = emulator.statements.find((statement) => statement.sql.startsWith("insert"))?.id;
  expect(error).toBeInstanceOf(OutcomeUnknownError);
  expect(error).toMatchObject({ code: "OUTCOME_UNKNOWN", queryId, isRetryable: false });
  expect(runs(emulator, "insert")).toBe(1);
  emulator.clearFaults();
  await expect.poll(() => source.queryStatus(queryId as string)).toBe("SUCCESS");
});

test("a write that outlives its deadline after the expiry is OUTCOME_UNKNOWN", async () => {
  const emulator = await start({ inProgressAfterMs: 5 });
  const { source } = withFactory(emulator);
  await source.query("create table t (id number)", write);
  const gate = emulator.hold(/^insert/);
  const inserting = failure(source.query("insert into t values (1)", { ...write, statementTimeoutMs: 900 }));
  await gate.reached();
  while (emulator.count("result") === 0) await source.query("select 1");
  emulator.expire("authentication");
  expect((await inserting).code).toBe("OUTCOME_UNKNOWN");
  gate.release();
});

test("a write whose request the driver had repeated may have run: it is not replayed", async () => {
  const emulator = await start();
  const { source } = withFactory(emulator);
  await source.query("create table t (id number)", write);
  // Accepted, the reply lost; then the repeated request is refused.
  emulator.inject({ on: "query", matching: "insert", drop: true, afterwards: true });
  emulator.inject({ on: "query", matching: "insert", code: "390114" });
  const error = await failure(source.query("insert into t values (1)", write));
  expect([error.code, error.queryId]).toEqual(["OUTCOME_UNKNOWN", undefined]);
  expect(runs(emulator, "insert")).toBe(1);
});

test("a replayed write whose reply is lost and whose new session ends too may have run", async () => {
  const emulator = await start();
  const { source } = withFactory(emulator);
  await source.query("create table t (id number)", write);
  emulator.inject({ on: "query", matching: "insert", code: "390114" });
  emulator.inject({ on: "query", matching: "insert", drop: true, afterwards: true });
  emulator.inject({ on: "query", matching: "insert", code: "390114" });
  expect((await failure(source.query("insert into t values (1)", write))).code).toBe("OUTCOME_UNKNOWN");
  expect((await source.query("select count(*) as n from t")).rows).toEqual([{ N: 1n }]);
});

test("a write that is aborted before the driver's repeat of it is refused may have run: it is not called cancelled", async () => {
  const emulator = await start();
  const { source } = withFactory(emulator);
  await source.query("create table t (id number)", write);
  emulator.inject({ on: "query", matching: "insert", drop: true, afterwards: true });
  emulator.inject({ on: "query", matching: "insert", code: "390114" });
  const caller = new AbortController();
  const inserting = failure(source.query("insert into t values (1)", { ...write, signal: caller.signal }));
  await expect.poll(() => runs(emulator, "insert")).toBe(1);
  caller.abort();
  expect((await inserting).code).toBe("OUTCOME_UNKNOWN");
  expect((await source.query("select count(*) as n from t")).rows).toEqual([{ N: 1n }]);
});

test("a factory that fails gives a clear error, and the next call tries again", async () => {
  const emulator = await start();
  let mode: "ok" | "fail" = "ok";
  const connectionFactory = async () => {
    if (mode === "fail") throw Object.assign(new Error("vault is sealed"), { code: "E_VAULT" });
    return connect(emulator);
  };
  const source = track(createSnowflakeDataSource({ connectionFactory }));
  await source.query("select 1");
  emulator.expire("authentication");
  mode = "fail";
  const error = await failure(source.query("select 2"));
  expect([error.code, error.message]).toEqual(["CONNECTION", "connectionFactory failed: vault is sealed"]);
  mode = "ok";
  expect((await source.query("select 3 as v")).rows).toEqual([{ V: 3n }]);
});

test("a factory that hangs is given up at the deadline, its late connection closed, and the next call tries again", async () => {
  const emulator = await start();
  const late = Promise.withResolvers<Awaited<ReturnType<typeof connect>>>();
  let calls = 0;
  const connectionFactory = () => {
    calls += 1;
    return calls === 1 ? late.promise : connect(emulator);
  };
  const source = track(createSnowflakeDataSource({ connectionFactory, connectTimeoutMs: 100 }));
  const error = await failure(source.query("select 1"));
  expect(error.code).toBe("CONNECT_TIMEOUT");
  expect(error.message).toContain("connectionFactory gave no connection in time");
  expect((await source.query("select 2 as v")).rows).toEqual([{ V: 2n }]);
  late.resolve(await connect(emulator));
  await expect.poll(() => emulator.sessionIds.length).toBe(1);
});

test("a call's own deadline ends its wait for a factory that hangs", async () => {
  const source = track(
    createSnowflakeDataSource({
      connectionFactory: () => new Promise(() => undefined),
      connectTimeoutMs: 60_000,
      closeTimeoutMs: 10,
    }),
  );
  expect((await failure(source.query("select 1", { statementTimeoutMs: 50 }))).code).toBe("STATEMENT_TIMEOUT");
});

test("a factory that gives an already expired connection: a clear error, and the next call tries again", async () => {
  const emulator = await start();
  let expired = true;
  const connectionFactory = async () => {
    const connection = await connect(emulator);
    if (expired) emulator.expire("authentication");
    return connection;
  };
  const source = track(createSnowflakeDataSource({ connectionFactory }));
  const error = await failure(source.query("select 1"));
  expect([error.code, error.nativeCode]).toEqual(["SESSION_LOST", "390114"]);
  expect(error.hint).toContain("connectionFactory");
  expired = false;
  expect((await source.query("select 2 as v")).rows).toEqual([{ V: 2n }]);
});

test("a factory that gives something else is a ConfigurationError", async () => {
  const source = track(createSnowflakeDataSource({ connectionFactory: async () => ({}) as never }));
  expect(await failure(source.query("select 1"))).toMatchObject({ code: "CONFIGURATION", field: "connectionFactory" });
});

test("a plain connection: an expiry propagates, nothing reconnects, and it is not closed", async () => {
  const emulator = await start();
  const connection = await connect(emulator);
  const source = createSnowflakeDataSource({ connection, access: "read-write" });
  expect((await source.query("select 1 as v")).rows).toEqual([{ V: 1n }]);
  emulator.inject({ on: "query", code: "390114" });
  expect(await failure(source.query("select 2"))).toMatchObject({ code: "SESSION_LOST", nativeCode: "390114" });
  expect([emulator.count("login"), emulator.count("query")]).toEqual([1, 2]);
  await source.close();
  expect(emulator.sessionIds).toHaveLength(1);
  expect(connection.isUp()).toBe(true);
  connection.destroy(() => undefined);
});

test("the expired connection is closed, whatever its closing says", async () => {
  const emulator = await start();
  const { source } = withFactory(emulator);
  await source.query("select 1");
  emulator.inject({ on: "delete", code: "390114", times: 9 });
  emulator.expire("authentication");
  await source.query("select 2");
  await expect.poll(() => emulator.count("delete")).toBeGreaterThan(0);
});

test("a stream heals at its start", async () => {
  const emulator = await start();
  const { source, calls } = withFactory(emulator);
  await source.query("select 1");
  emulator.expire("authentication");
  const rows: unknown[] = [];
  for await (const batch of source.stream("select seq8() + 1 as n from table(generator(rowcount => 3))"))
    rows.push(...batch);
  expect([rows, calls()]).toEqual([[{ N: 1n }, { N: 2n }, { N: 3n }], 2]);
});

test("an expiry in the middle of a stream says how many rows were delivered, and is not healed", async () => {
  const emulator = await start({ inlineRows: 100, chunkRows: 100 });
  const { source, calls } = withFactory(emulator);
  const stream = source.stream("select seq8() + 1 as n from table(generator(rowcount => 5000))", {
    batchRows: 100,
    statementTimeoutMs: Infinity,
    idleTimeoutMs: Infinity,
  });
  const progress = { isOver: false };
  const work = failure(
    (async () => {
      for await (const batch of stream) {
        expect(batch.length).toBeGreaterThan(0);
        if (stream.rowsDelivered !== 100) continue;
        // The chunks' addresses have run out, and the session that could renew them is gone.
        emulator.inject({ on: "chunk", httpStatus: 403, times: 999 });
        emulator.expire("authentication");
        // The driver tries a chunk ten times, for about two minutes, before it asks for new addresses.
        vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      }
    })(),
  ).finally(() => {
    progress.isOver = true;
  });
  try {
    while (!progress.isOver) {
      if (vi.isFakeTimers()) await vi.advanceTimersByTimeAsync(1000);
      await setImmediate();
    }
  } finally {
    vi.useRealTimers();
  }
  const error = await work;
  expect(error).toBeInstanceOf(SessionLostError);
  expect(error.message).toContain(`after ${stream.rowsDelivered} rows had been delivered`);
  expect(error).toMatchObject({ nativeCode: "390114", lost: ["the rest of the stream"] });
  expect(stream.rowsDelivered).toBeGreaterThan(0);
  expect(calls()).toBe(1);
  emulator.clearFaults();
  expect((await source.query("select 1 as v")).rows).toEqual([{ V: 1n }]);
});

test("queryStatus heals, and renews what the driver's own request does not", async () => {
  const emulator = await start();
  const { source, calls } = withFactory(emulator);
  const { queryId } = await source.query("select 1");
  emulator.expire("session-token");
  expect(await source.queryStatus(queryId as string)).toBe("SUCCESS");
  expect([emulator.count("token"), calls()]).toEqual([1, 1]);
  for (const how of ["both-tokens", "authentication", "gone"] as const) {
    emulator.expire(how);
    expect(await source.queryStatus(queryId as string)).toBe("SUCCESS");
  }
  expect(calls()).toBe(4);
  expect(await failure(source.queryStatus("no id"))).toMatchObject({ code: "VALIDATION", field: "queryId" });
});

test("1,000 queries with an expiry every 50: no failure, as many factory calls as expiries", async () => {
  const emulator = await start();
  const { source, calls } = withFactory(emulator);
  let expiries = 0;
  for (let index = 0; index < 1000; index += 1) {
    if (index > 0 && index % 50 === 0) {
      emulator.expire(index % 100 === 0 ? "authentication" : "both-tokens");
      expiries += 1;
    }
    const { rows } = await source.query(`select ${index} as v`);
    expect(rows).toEqual([{ V: BigInt(index) }]);
  }
  expect([expiries, calls()]).toEqual([19, 20]);
});
