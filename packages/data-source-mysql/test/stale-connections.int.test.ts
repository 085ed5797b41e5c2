import { type Proxy, startProxy } from "@org/data-source-conformance";
import type { DataSource, DataSourceEvent } from "@org/data-source-core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createContext, failure, recorded, until, write } from "./context.ts";

const { observer, server, writable } = await createContext();
await observer.query("create table kept (id int) engine = InnoDB");

const answer = [{ a: 7n }];
let proxy: Proxy;
let source: DataSource;
let events: DataSourceEvent[];

/** Three idle connections, all of the pool's. */
beforeEach(async () => {
  await observer.query("truncate table kept");
  proxy = await startProxy(server.options.host, server.options.port);
  const recording = recorded();
  ({ events } = recording);
  source = writable({ port: proxy.port, pool: { max: 3 }, onEvent: recording.onEvent });
  await Promise.all([1, 2, 3].map(() => source.query("select sleep(0.1)")));
  if (proxy.connections !== 3) throw new Error(`The pool opened ${proxy.connections} connections, not 3`);
});
afterEach(() => proxy.close());

describe("three idle connections that are broken, of which nothing was heard", () => {
  beforeEach(() => proxy.poison());

  test("a query works", async () => {
    expect((await source.query("select 7 as a")).rows).toEqual(answer);
    expect(proxy.connections).toBe(4);
  });

  test("three queries at once work", async () => {
    const results = await Promise.all([1, 2, 3].map(() => source.query("select 7 as a")));
    expect(results.map(({ rows }) => rows)).toEqual([answer, answer, answer]);
  });

  test("a stream works", async () => {
    const batches: unknown[] = [];
    for await (const batch of source.stream("select 7 as a")) batches.push(batch);
    expect(batches).toEqual([answer]);
  });

  test("a session and a transaction work, since they had not begun", async () => {
    await source.transaction((tx) => tx.query("insert into kept values (1)"), { ...write, isolation: "serializable" });
    expect(await observer.query("select id from kept")).toEqual([{ id: 1 }]);
    proxy.poison();
    expect(await source.session(async (session) => (await session.query("select 7 as a")).rows)).toEqual(answer);
  });

  test("introspection, its statistics and an estimate work", async () => {
    const scope = { tables: { include: ["kept"] } };
    const { schemas, warnings } = await source.introspect(scope, { statistics: { sampleRows: 10 } });
    expect(warnings).toEqual([]);
    expect(schemas.flatMap(({ tables }) => tables.map(({ name }) => name))).toEqual(["kept"]);
    proxy.poison();
    expect((await source.estimate("select 7 as a")).source).toBe("plan");
  });

  test("a write that was not sent yet runs, once", async () => {
    await source.query("insert into kept values (1)", write);
    expect(await observer.query("select id from kept")).toEqual([{ id: 1 }]);
  });
});

test("a write that was only being prepared runs, once", async () => {
  await source.query("insert into kept values (1)", write);
  proxy.poison();
  // The settings are made already: the first word is the new text.
  await source.query("insert into kept values (2)", write);
  expect(await observer.query("select id from kept order by id")).toEqual([{ id: 1 }, { id: 2 }]);
});

test("a cancel is not lost with a broken idle connection that would have sent it", async () => {
  const caller = new AbortController();
  const slow = failure(source.query("select sleep(20) as cancelled_7", { signal: caller.signal }));
  await until(async () => (await observer.activeStatements("cancelled_7")) === 1);
  proxy.poison();
  caller.abort();
  expect(await slow).toMatchObject({ code: "CANCELLED" });
  expect(events).toContainEqual({ type: "connection-closed", reason: "It was opened to cancel a statement" });
  expect(await observer.activeStatements("cancelled_7")).toBe(0);
});

test("a write that was sent does not run twice: its outcome is unknown, and the next one works", async () => {
  const insert = (id: number): Promise<unknown> =>
    source.query({ text: "insert into kept values (?)", params: [id] }, write);
  // Prepared and with its settings made, all that is left is to send it.
  await insert(1);
  proxy.poison();
  expect(await failure(insert(2))).toMatchObject({ code: "OUTCOME_UNKNOWN" });
  await insert(3);
  expect(await observer.query("select id from kept order by id")).toEqual([{ id: 1 }, { id: 3 }]);
});

describe("once a connection was lost", () => {
  test("the others are asked whether they live, and stay when they do", async () => {
    const [victim] = (await source.query("select connection_id() as a")).rows as [{ a: bigint }];
    await observer.query(`kill ${victim.a}`);
    const results = await Promise.all([1, 2, 3].map(() => source.query("select 7 as a, sleep(0.1) as s")));
    expect(results.map(({ rows }) => rows)).toMatchObject([answer, answer, answer]);
    expect([proxy.connections, await observer.openConnections()]).toEqual([4, 3]);
  });

  test("one that gives no answer is given up after a second", async () => {
    const held = source.transaction(async (tx) => {
      await tx.query("select 1");
      proxy.poison();
      await tx.query("select 1");
    });
    expect(await failure(held)).toMatchObject({ code: "SESSION_LOST" });
    proxy.silence();
    expect((await source.query("select 7 as a", { statementTimeoutMs: 10_000 })).rows).toEqual(answer);
    expect(proxy.connections).toBe(4);
  });
});
