import type { LakebaseEmulator } from "@org/lakebase-emulator";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Proxy, startProxy } from "@org/data-source-conformance";
import { open, type Source, startServer } from "./server.ts";

let emulator: LakebaseEmulator;
let proxy: Proxy;
let source: Source;
beforeAll(async () => {
  emulator = await startServer();
  await emulator.query(`create table kept (id int); grant all on kept to "${emulator.user}"`);
});
afterAll(() => emulator.close());

/** Three idle connections, all of the pool's. */
beforeEach(async () => {
  await emulator.query("truncate kept");
  proxy = await startProxy(emulator.host, emulator.port);
  const env = { ...emulator.env, PGPORT: String(proxy.port) };
  source = open(emulator, { auth: { env, ssl: { ca: emulator.ca } }, access: "read-write", pool: { max: 3 } });
  await Promise.all([1, 2, 3].map(() => source.query("select pg_sleep(0.1)")));
  if (proxy.connections !== 3) throw new Error(`The pool opened ${proxy.connections} connections, not 3`);
});
afterEach(async () => {
  await source.close();
  await proxy.close();
});

const answer = [{ a: 7n }];
const write = { readOnly: false } as const;

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

  test("a transaction works, since it had not begun", async () => {
    await source.transaction((tx) => tx.query("insert into kept values (1)"), write);
    expect((await emulator.query("select id from kept")).rows).toEqual([{ id: 1 }]);
  });

  test("introspection and an estimate work", async () => {
    const { schemas, warnings } = await source.introspect({ tables: { include: ["kept"] } });
    expect(warnings).toEqual([]);
    expect(schemas.flatMap(({ tables }) => tables.map(({ name }) => name))).toEqual(["kept"]);
    proxy.poison();
    expect((await source.estimate("select 7 as a")).rows).toBe(1);
  });

  test("a write does not run twice: its outcome is unknown, and the next write works", async () => {
    await expect(source.query("insert into kept values (1)", write)).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN" });
    await source.query("insert into kept values (2)", write);
    expect((await emulator.query("select id from kept")).rows).toEqual([{ id: 2 }]);
  });
});

describe("once a connection was lost", () => {
  test("the others are asked whether they live, and stay when they do", async () => {
    const [victim] = (await source.query("select pg_backend_pid() as a")).rows as [{ a: bigint }];
    await emulator.query("select pg_terminate_backend($1)", [Number(victim.a)]);
    const pids = async (): Promise<Set<unknown>> =>
      new Set((await emulator.query("select pid from pg_stat_activity where usename = $1", [emulator.user])).rows);
    const results = await Promise.all([1, 2, 3].map(() => source.query("select 7 as a, pg_sleep(0.1)")));
    expect(results.map(({ rows }) => rows)).toMatchObject([answer, answer, answer]);
    expect([proxy.connections, (await pids()).size]).toEqual([4, 3]);
  });

  test("one that gives no answer is given up after a second", async () => {
    const held = source.transaction(async (tx) => {
      await tx.query("select 1");
      proxy.poison();
      await tx.query("select 1");
    });
    await expect(held).rejects.toMatchObject({ code: "SESSION_LOST" });
    proxy.silence();
    expect((await source.query("select 7 as a", { statementTimeoutMs: 10_000 })).rows).toEqual(answer);
    expect(proxy.connections).toBe(4);
  });
});
