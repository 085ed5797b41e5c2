import {
  isDataSourceError,
  OutcomeUnknownError,
  SessionLostError,
  sql,
  type DataSourceError,
  type Session,
  type Transaction,
} from "@org/data-source-core";
import type { SnowflakeEmulator } from "@org/warehouse-emulators/snowflake";
import { expect, test } from "vitest";
import { createSnowflakeDataSource, type SnowflakeDataSource } from "../src/index.ts";
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

async function prepare(): Promise<{ emulator: SnowflakeEmulator; source: SnowflakeDataSource; calls: () => number }> {
  const emulator = await start({ inProgressAfterMs: 5 });
  const factory = withFactory(emulator);
  await factory.source.query("create table target (id number, name varchar)", write);
  return { emulator, ...factory };
}

const count = async (source: SnowflakeDataSource): Promise<unknown> =>
  (await source.query("select count(*) as n from target")).rows[0]?.["N"];

/** Temporary table, upload, merge: what must never be replayed in part. */
async function bulkLoad(session: Session, beforeMerge: () => void): Promise<number | undefined> {
  await session.query("create temporary table stage (id number, name varchar)");
  await session.query("insert into stage values (1, 'a'), (2, 'b')");
  beforeMerge();
  const merged = await session.query(
    `merge into target using stage on target.id = stage.id
     when matched then update set name = stage.name when not matched then insert (id, name) values (stage.id, stage.name)`,
  );
  return merged.rowsAffected;
}

test("a bulk load whose session expires before its MERGE is replayed whole when asked to be", async () => {
  const { emulator, source, calls } = await prepare();
  let attempts = 0;
  const load = (session: Session): Promise<number | undefined> =>
    bulkLoad(session, () => {
      attempts += 1;
      if (attempts === 1) emulator.expire("authentication");
    });
  expect(await source.session(load, { ...write, replay: "whole" })).toBe(2);
  expect([attempts, await count(source)]).toEqual([2, 2n]);
  const texts = emulator.statements.map((statement) => statement.sql.split(" ")[0]);
  expect(texts).toEqual(["create", "create", "insert", "create", "insert", "merge", "select"]);
  const merge = emulator.statements.find((statement) => statement.sql.startsWith("merge"));
  const [, stages] = [0, emulator.statements.filter((statement) => statement.sql.startsWith("create temporary"))];
  expect([stages.length, merge?.sessionId]).toEqual([2, stages[1]?.sessionId]);
  expect(calls()).toBeGreaterThanOrEqual(2);
});

test("without replay it fails, says what was lost, and no lone MERGE is sent", async () => {
  const { emulator, source } = await prepare();
  const error = await failure(
    source.session((session) => bulkLoad(session, () => emulator.expire("authentication")), write),
  );
  expect(error).toBeInstanceOf(SessionLostError);
  expect(error).toMatchObject({
    code: "SESSION_LOST",
    nativeCode: "390114",
    lost: ["temporary object STAGE"],
    isRetryable: false,
  });
  expect(error.message).toContain("temporary object STAGE");
  expect(emulator.statements.some((statement) => statement.sql.startsWith("merge"))).toBe(false);
  expect(await count(source)).toBe(0n);
});

test("replay: whole happens once: a second loss fails", async () => {
  const { emulator, source } = await prepare();
  let attempts = 0;
  const work = (session: Session): Promise<unknown> =>
    bulkLoad(session, () => {
      attempts += 1;
      emulator.expire("authentication");
    });
  expect((await failure(source.session(work, { ...write, replay: "whole" }))).code).toBe("SESSION_LOST");
  expect(attempts).toBe(2);
});

test("after a loss the session's other statements fail the same way, without being sent", async () => {
  const { emulator, source } = await prepare();
  await source.session(async (session) => {
    await session.query("set a = 1");
    emulator.expire("authentication");
    const first = await failure(session.query("select $a"));
    const sent = emulator.count("query");
    expect(await failure(session.query("select 1"))).toBe(first);
    expect(emulator.count("query")).toBe(sent);
    expect(first).toMatchObject({ lost: ["session variable A"] });
  }, write);
});

test("an error of work's own is not replayed", async () => {
  const { source } = await prepare();
  let attempts = 0;
  const mine = new Error("mine");
  const work = async (): Promise<never> => {
    attempts += 1;
    throw mine;
  };
  await expect(source.session(work, { ...write, replay: "whole" })).rejects.toBe(mine);
  expect(attempts).toBe(1);
});

test("a session that had expired before its first statement loses nothing and just begins on a fresh one", async () => {
  const { emulator, source, calls } = await prepare();
  await source.session(async (session) => session.query("select 1"));
  const before = calls();
  emulator.expire("authentication");
  await source.session(async (session) => {
    await session.query("create temporary table stage (id number)");
    expect((await session.query("select count(*) as n from stage")).rows).toEqual([{ N: 0n }]);
  }, write);
  expect(calls()).toBeLessThanOrEqual(before + 2);
});

test("a transaction that had expired before its BEGIN just begins on a fresh session", async () => {
  const { emulator, source } = await prepare();
  emulator.expire("authentication");
  await source.transaction(async (tx) => tx.query("insert into target values (1, 'a')"), write);
  expect(await count(source)).toBe(1n);
});

/** Expires between its two inserts, the first time. */
function expiring(emulator: SnowflakeEmulator): { work: (tx: Transaction) => Promise<void>; attempts: () => number } {
  let attempts = 0;
  const work = async (tx: Transaction): Promise<void> => {
    attempts += 1;
    await tx.query("insert into target values (1, 'a')");
    if (attempts === 1) emulator.expire("authentication");
    await tx.query("insert into target values (2, 'b')");
  };
  return { work, attempts: () => attempts };
}

test("an expiry inside a transaction rolls back and says so", async () => {
  const { emulator, source } = await prepare();
  const { work, attempts } = expiring(emulator);
  const error = await failure(source.transaction(work, write));
  expect(error).toMatchObject({ code: "SESSION_LOST", lost: ["the open transaction"] });
  expect([attempts(), await count(source)]).toEqual([1, 0n]);
});

test("an expiry inside a transaction: replayed whole, each row is there once", async () => {
  const { emulator, source } = await prepare();
  const { work, attempts } = expiring(emulator);
  await source.transaction(work, { ...write, replay: "whole" });
  expect([attempts(), await count(source)]).toEqual([2, 2n]);
});

test("a COMMIT that is refused outright has rolled back: replayed whole, each row is there once", async () => {
  const { emulator, source } = await prepare();
  let attempts = 0;
  const work = async (tx: Transaction): Promise<void> => {
    attempts += 1;
    await tx.query("insert into target values (1, 'a')");
    if (attempts === 1) emulator.expire("authentication");
  };
  expect((await failure(source.transaction(work, write))).code).toBe("SESSION_LOST");
  expect(await count(source)).toBe(0n);
  attempts = 0;
  await source.transaction(work, { ...write, replay: "whole" });
  expect([attempts, await count(source)]).toEqual([2, 1n]);
});

test("a COMMIT that was under way when the session expired is asked about: it happened", async () => {
  const { emulator, source } = await prepare();
  const gate = emulator.hold("commit");
  let attempts = 0;
  const committing = source.transaction(
    async (tx) => {
      attempts += 1;
      return tx.query("insert into target values (1, 'a')");
    },
    { ...write, replay: "whole" },
  );
  await gate.reached();
  const polls = emulator.count("result");
  while (emulator.count("result") === polls) await source.query("select 1");
  emulator.expire("authentication");
  while (emulator.count("status") === 0) await source.query("select 1");
  gate.release();
  expect((await committing).rowsAffected).toBe(1);
  expect([attempts, await count(source)]).toEqual([1, 1n]);
});

test("a COMMIT whose outcome cannot be known is OUTCOME_UNKNOWN, never replayed", async () => {
  const { emulator, source } = await prepare();
  const gate = emulator.hold("commit");
  let attempts = 0;
  const committing = failure(
    source.transaction(
      async (tx) => {
        attempts += 1;
        return tx.query("insert into target values (1, 'a')");
      },
      { ...write, replay: "whole" },
    ),
  );
  await gate.reached();
  const polls = emulator.count("result");
  while (emulator.count("result") === polls) await source.query("select 1");
  emulator.inject({ on: "status", code: "000603", sqlState: "XX000", times: 99 });
  emulator.expire("authentication");
  const error = await committing;
  gate.release();
  const queryId = emulator.statements.find((statement) => statement.sql === "commit")?.id;
  expect(error).toBeInstanceOf(OutcomeUnknownError);
  expect([error.queryId, attempts]).toEqual([queryId, 1]);
});

test("a write under way in a session when it expires: SESSION_LOST with its query id", async () => {
  const { emulator, source } = await prepare();
  const gate = emulator.hold(/^insert/);
  const session = failure(source.session(async (given) => given.query("insert into target values (1, 'a')"), write));
  await gate.reached();
  while (emulator.count("result") === 0) await source.query("select 1");
  emulator.expire("authentication");
  const error = await session;
  gate.release();
  const queryId = emulator.statements.find((statement) => statement.sql.startsWith("insert"))?.id;
  expect(error).toMatchObject({ code: "SESSION_LOST", queryId });
  expect(error.message).toContain("may or may not have finished");
});

test("a transaction inside a session is on the session's own connection", async () => {
  const { source, emulator } = await prepare();
  await source.session(async (session) => {
    await session.query("create temporary table stage (id number)");
    await session.transaction(async (tx) => {
      await tx.query("insert into stage values (1)");
      await tx.query("insert into target select id, 'x' from stage");
    });
    const nested = session.transaction(async (tx) => {
      await tx.query("delete from target");
      await tx.transaction(async () => undefined);
    });
    expect((await failure(nested)).code).toBe("UNSUPPORTED");
  }, write);
  expect(await count(source)).toBe(1n);
  const inSession = emulator.statements.filter(({ sql: text }) => /stage|begin|commit|rollback/.test(text));
  expect(new Set(inSession.map(({ sessionId }) => sessionId)).size).toBe(1);
});

test("DDL in a transaction is refused: it would commit", async () => {
  const { source } = await prepare();
  const transaction = source.transaction(async (tx) => {
    await tx.query("insert into target values (1, 'a')");
    await tx.query("create table other (id number)");
  }, write);
  expect(await failure(transaction)).toMatchObject({ code: "VALIDATION", field: "text" });
  expect(await count(source)).toBe(0n);
});

test("statements that bind the session are refused outside of one", async () => {
  const { source, emulator } = await prepare();
  const before = emulator.statements.length;
  for (const text of [
    "create temporary table x (id number)",
    "set a = 1",
    "use schema s",
    "alter session set a = 1",
    "begin",
  ]) {
    expect(await failure(source.query(text, write))).toMatchObject({ code: "VALIDATION", field: "text" });
  }
  expect(emulator.statements).toHaveLength(before);
});

test("a session that changed its session is not used again; one that did not is", async () => {
  const { source, emulator, calls } = await prepare();
  await source.session(async (session) => session.query("insert into target values (1, 'a')"), write);
  await source.session(async (session) => session.query("select 1"));
  expect(calls()).toBe(2);
  await source.session(async (session) => session.query("set a = 1"), write);
  await expect.poll(() => emulator.sessionIds.length).toBe(1);
  await source.session(async (session) => session.query("select 1"));
  expect(calls()).toBe(3);
});

test("pool.max holds for sessions: the next waits, or is ACQUIRE_TIMEOUT", async () => {
  const emulator = await start();
  const { source } = withFactory(emulator, { pool: { max: 2, acquireTimeoutMs: 100 } });
  const inside = Promise.withResolvers<void>();
  const leave = Promise.withResolvers<void>();
  const hold = async (): Promise<void> => {
    inside.resolve();
    await leave.promise;
  };
  const held = [source.session(hold), source.session(hold)];
  await inside.promise;
  await expect.poll(() => emulator.sessionIds.length).toBe(2);
  const error = await failure(source.session(async () => undefined));
  expect([error.code, error.isRetryable]).toEqual(["ACQUIRE_TIMEOUT", true]);
  const waiting = source.query("select 1 as v");
  leave.resolve();
  await Promise.all(held);
  expect((await waiting).rows).toEqual([{ V: 1n }]);
  expect(emulator.count("sessions")).toBe(2);
});

test("a plain connection serves sessions too, and an expiry in one propagates", async () => {
  const emulator = await start();
  const connection = await connect(emulator);
  const source = track(createSnowflakeDataSource({ connection, access: "read-write" }));
  await source.session(async (session) => {
    await session.query("create temporary table stage (id number)");
    emulator.inject({ on: "query", code: "390114" });
    expect(await failure(session.query(sql`insert into stage values (${1})`))).toMatchObject({
      code: "SESSION_LOST",
      lost: ["temporary object STAGE"],
    });
  }, write);
  expect(emulator.count("login")).toBe(1);
  connection.destroy(() => undefined);
});

test("a write that may change its session is not run on the shared one, and nobody gets its session", async () => {
  const { emulator, source, calls } = await prepare();
  emulator.script({ match: /^call use_other_schema\(\)$/, reply: { columns: [], rows: [] } });
  const before = calls();
  await source.query("call use_other_schema()", write);
  for await (const rows of source.stream("call use_other_schema()", write)) expect(rows).toEqual([]);
  expect(await count(source)).toBe(0n);
  expect(calls()).toBe(before + 2);
  await source.query("insert into target values (1, 'a')", write);
  expect(calls()).toBe(before + 2);
});
