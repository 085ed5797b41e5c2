import type { DataSourceEvent } from "@org/data-source-core";
import type { LakebaseEmulator } from "@org/lakebase-emulator";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { open, openAsSuperuser, startServer, until } from "./server.ts";

let emulator: LakebaseEmulator;
beforeAll(async () => {
  emulator = await startServer();
  await emulator.query("create table written (id int)");
});
afterAll(() => emulator.close());
beforeEach(async () => {
  await emulator.query("truncate written");
});

const write = { readOnly: false } as const;
const rowsWritten = async (): Promise<number> => (await emulator.query("select * from written")).rows.length;

/** Backends of the data source with this name that run a statement, or are idle. */
async function backends(name: string, state: string): Promise<number[]> {
  const { rows } = await emulator.query("select pid from pg_stat_activity where application_name = $1 and state = $2", [
    name,
    state,
  ]);
  return rows.map((row) => row["pid"] as number);
}

/** Ends them; returns which. */
async function terminate(name: string, state: string): Promise<number[]> {
  const { rows } = await emulator.query(
    "select pid, pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and state = $2",
    [name, state],
  );
  return rows.map((row) => row["pid"] as number);
}

test("an idle connection cut by the server does not end the process; the next query works; it exits by itself", async () => {
  const child = spawn(
    process.execPath,
    ["--conditions=@org/source", join(import.meta.dirname, "children/idle-cut.ts")],
    {
      env: { ...process.env, DATABASE_URL: emulator.adminUri, PGAPPNAME: "child" },
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  const exited = once(child, "exit");
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => (await lines.next()).value as string;
  const first = await next();
  await terminate("child", "idle");
  await until(async () => (await backends("child", "idle")).length === 0);
  child.stdin.write("again\n");
  expect(Number(await next())).not.toBe(Number(first));
  child.stdin.write("leave\n");
  expect(await exited).toEqual([0, null]);
}, 30_000);

describe("a connection that breaks in the middle of a statement", () => {
  test("a read is run once more, on a new connection", async () => {
    await using source = openAsSuperuser(emulator, { applicationName: "reader", pool: { max: 1 } });
    const running = source.query("select pg_sleep(0.5), 7 as a");
    await until(async () => (await backends("reader", "active")).length === 1);
    await terminate("reader", "active");
    expect((await running).rows).toMatchObject([{ a: 7n }]);
  });

  test("and only once", async () => {
    await using source = openAsSuperuser(emulator, { applicationName: "reader", pool: { max: 1 } });
    const running = expect(source.query("select pg_sleep(30)")).rejects.toMatchObject({ code: "CONNECTION" });
    const seen = new Set<number>();
    await until(async () => {
      for (const pid of await terminate("reader", "active")) seen.add(pid);
      return seen.size === 2;
    });
    await running;
    expect(await backends("reader", "active")).toEqual([]);
  });

  test("a write is never run again: its outcome is unknown", async () => {
    await using source = openAsSuperuser(emulator, {
      applicationName: "writer",
      access: "read-write",
      pool: { max: 1 },
    });
    const text = "insert into written select 1 from pg_sleep(30)";
    const running = expect(source.query(text, write)).rejects.toMatchObject({
      code: "OUTCOME_UNKNOWN",
      isRetryable: false,
      cause: { code: "CONNECTION" },
    });
    await until(async () => (await backends("writer", "active")).length === 1);
    await terminate("writer", "active");
    await running;
    await source.query("insert into written values (2)", write);
    expect(await rowsWritten()).toBe(1);
  });

  test("a transaction is lost as a whole, and replayed only when that was asked for", async () => {
    await using source = openAsSuperuser(emulator, { applicationName: "unit", access: "read-write", pool: { max: 1 } });
    const attempts: number[] = [];
    const work = async (tx: { query(text: string): Promise<unknown> }): Promise<string> => {
      attempts.push(attempts.length);
      await tx.query("insert into written values (1)");
      if (attempts.length === 1) {
        await terminate("unit", "idle in transaction");
        await tx.query("insert into written values (2)");
      }
      return "done";
    };
    await expect(source.transaction(work, write)).rejects.toMatchObject({
      code: "SESSION_LOST",
      lost: ["transaction"],
    });
    expect(await rowsWritten()).toBe(0);
    attempts.length = 0;
    expect(await source.transaction(work, { ...write, replay: "whole" })).toBe("done");
    expect([attempts.length, await rowsWritten()]).toEqual([2, 1]);
  });

  test("a session is lost, and replayed only when that was asked for", async () => {
    await using source = openAsSuperuser(emulator, { applicationName: "unit", pool: { max: 1 } });
    let attempts = 0;
    const work = async (session: { query(text: string): Promise<{ rows: unknown[] }> }): Promise<unknown> => {
      attempts += 1;
      await session.query("select 1");
      if (attempts === 1) await terminate("unit", "idle");
      return (await session.query("select 2 as a")).rows;
    };
    await expect(source.session(work)).rejects.toMatchObject({ code: "SESSION_LOST" });
    attempts = 0;
    expect(await source.session(work, { replay: "whole" })).toEqual([{ a: 2n }]);
  });

  test("a stream says so, after the rows before", async () => {
    await using source = openAsSuperuser(emulator, { applicationName: "stream", pool: { max: 1 } });
    const iterator = source.stream("select generate_series(1, 1000000)")[Symbol.asyncIterator]();
    expect((await iterator.next()).value).toHaveLength(1000);
    await terminate("stream", "idle in transaction");
    await expect(iterator.next()).rejects.toMatchObject({ code: "CONNECTION" });
    expect((await source.query("select 1 as a")).rows).toEqual([{ a: 1n }]);
  });
});

test("the network cut under 20 running reads: all are answered", async () => {
  const events: DataSourceEvent[] = [];
  await using source = open(emulator, { pool: { max: 5 }, onEvent: (event) => events.push(event) });
  await source.query("select 1");
  const all = Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const { rows } = await source.query({ text: "select $1::int as a, pg_sleep(0.2)", params: [index] });
      return (rows[0] as { a: bigint }).a;
    }),
  );
  await until(async () => emulator.openConnections === 5);
  emulator.cutConnections();
  expect(await all).toEqual(Array.from({ length: 20 }, (_, index) => BigInt(index)));
});

test("1,000 waiting callers are served in their order", async () => {
  await using source = openAsSuperuser(emulator, { pool: { max: 1 } });
  const served: number[] = [];
  const callers = Array.from({ length: 1000 }, (_, index) => index);
  await Promise.all(
    callers.map(async (index) => {
      await source.query("select 1");
      served.push(index);
    }),
  );
  expect(served).toEqual(callers);
});

test("callers that give up while they wait leave nothing behind", async () => {
  await using source = openAsSuperuser(emulator, { applicationName: "quit", pool: { max: 1 } });
  const slow = source.query("select pg_sleep(0.3)");
  const caller = new AbortController();
  const waiting = Array.from({ length: 100 }, () => source.query("select 1", { signal: caller.signal }));
  caller.abort();
  const results = await Promise.allSettled(waiting);
  expect(results.every((result) => result.status === "rejected")).toBe(true);
  await slow;
  expect((await source.query("select 1 as a")).rows).toEqual([{ a: 1n }]);
});
