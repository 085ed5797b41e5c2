import type { LakebaseEmulator } from "@org/lakebase-emulator";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createPostgresDataSource, type PostgresDataSourceOptions } from "../src/index.ts";
import { type PgBouncer, startPgBouncer } from "./pgbouncer.ts";
import { type Source, startServer, until } from "./server.ts";

let emulator: LakebaseEmulator;
let bouncer: PgBouncer;
beforeAll(async () => {
  emulator = await startServer();
  await emulator.query("create table pooled (id int)");
  bouncer = await startPgBouncer(emulator);
});
afterAll(async () => {
  await bouncer?.[Symbol.asyncDispose]();
  await emulator?.close();
});

function openPooled(options: PostgresDataSourceOptions = {}): Source {
  const { port } = bouncer;
  return createPostgresDataSource({
    host: "127.0.0.1",
    port,
    user: "postgres",
    database: "postgres",
    pooler: "transaction",
    ...options,
  });
}

test("200 statements of 20 clients share 2 server connections, each with its own timeout and settings", async () => {
  await using source = openPooled({ pool: { max: 20 } });
  const results = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const { rows } = await source.query<{ v: bigint; pid: bigint; timeout: string }>(
        {
          text: "select $1::int8 as v, pg_backend_pid() as pid, current_setting('statement_timeout') as timeout",
          params: [index],
        },
        { statementTimeoutMs: 1_000_000 + 1000 * index },
      );
      return rows[0];
    }),
  );
  expect(results.map((row) => row?.v)).toEqual(results.map((_, index) => BigInt(index)));
  expect(new Set(results.map((row) => row?.pid)).size).toBeLessThanOrEqual(2);
  expect(new Set(results.map((row) => row?.timeout)).size).toBe(200);
  // Nothing of it stays on the server's connections.
  const { rows } = await source.query("select current_setting('statement_timeout') as t", {
    statementTimeoutMs: Infinity,
  });
  expect(rows).toEqual([{ t: "0" }]);
});

test("writes, streams and transactions work; read-only holds", async () => {
  await using source = openPooled({ access: "read-write", pool: { max: 4 } });
  await source.query("insert into pooled values (1)", { readOnly: false });
  await expect(source.query("with d as (delete from pooled returning id) select * from d")).rejects.toMatchObject({
    code: "READ_ONLY",
  });
  const count = async (): Promise<bigint> => {
    let rows = 0n;
    for await (const batch of source.stream("select generate_series(1, 5000)")) rows += BigInt(batch.length);
    return rows;
  };
  expect(await Promise.all([count(), count(), count(), count()])).toEqual([5000n, 5000n, 5000n, 5000n]);
  await source.transaction(
    async (tx) => {
      await tx.query("insert into pooled values (2)");
      await tx.transaction(async (inner) => inner.query("insert into pooled values (3)"));
    },
    { readOnly: false },
  );
  expect((await source.query("select id from pooled order by id")).rows).toEqual([{ id: 1n }, { id: 2n }, { id: 3n }]);
});

test("an abort reaches the server through it", async () => {
  await using source = openPooled({ pool: { max: 1 } });
  const running = async (): Promise<number> => {
    const { rows } = await emulator.query(
      "select * from pg_stat_activity where state = 'active' and query like '%through the pooler%' and pid <> pg_backend_pid()",
    );
    return rows.length;
  };
  const caller = new AbortController();
  const query = expect(
    source.query("select pg_sleep(30), 'through the pooler'", { signal: caller.signal }),
  ).rejects.toMatchObject({ code: "CANCELLED" });
  await until(async () => (await running()) === 1);
  caller.abort();
  await query;
  await until(async () => (await running()) === 0);
  expect((await source.query("select 1 as a")).rows).toEqual([{ a: 1n }]);
});

test("a session is refused, since no connection is its own", async () => {
  await using source = openPooled();
  expect(source.capabilities.session).toBe(false);
  await expect(source.session(async (session) => session.query("select 1"))).rejects.toMatchObject({
    code: "UNSUPPORTED",
  });
});

test("introspection, estimates and the check work", async () => {
  await using source = openPooled();
  const { schemas, warnings } = await source.introspect({ tables: { include: ["pooled"] } });
  expect(warnings).toEqual([]);
  expect(schemas.flatMap((schema) => schema.tables.map((table) => table.name))).toEqual(["pooled"]);
  expect((await source.estimate("select * from pooled")).source).toBe("plan");
  expect((await source.check()).ok).toBe(true);
});
