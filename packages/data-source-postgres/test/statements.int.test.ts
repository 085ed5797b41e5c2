import { isDataSourceError } from "@org/data-source-core";
import type { LakebaseEmulator } from "@org/lakebase-emulator";
import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { exchange } from "../src/exchange.ts";
import { measured, open, openAsSuperuser, startServer, until } from "./server.ts";

let emulator: LakebaseEmulator;
beforeAll(async () => {
  emulator = await startServer();
  await emulator.query("create table written (id int)");
  await emulator.query(`grant all on written to "${emulator.user}"`);
});
afterAll(() => emulator.close());
beforeEach(async () => {
  await emulator.query("truncate written");
});

const rowsWritten = async (): Promise<number> => (await emulator.query("select * from written")).rows.length;

/** Backends that run a statement with this text. */
async function active(text: string): Promise<{ pid: number }[]> {
  const { rows } = await emulator.query(
    "select pid from pg_stat_activity where state = 'active' and query like '%' || $1 || '%' and pid <> pg_backend_pid()",
    [text],
  );
  return rows as { pid: number }[];
}

/** Holds what `start` begins in a lock until as many wait for it: then all of them run at the same time. */
async function atOnce<T>(count: number, start: (lock: string) => Promise<T>[]): Promise<T[]> {
  const holder = new Client({ connectionString: emulator.adminUri });
  await holder.connect();
  try {
    await holder.query("select pg_advisory_lock(7)");
    const all = Promise.all(start("pg_advisory_xact_lock_shared(7)"));
    const waiting = "select count(*)::int as n from pg_locks where locktype = 'advisory' and not granted";
    const isFull = async (): Promise<boolean> => {
      const { rows } = await holder.query<{ n: number }>(waiting);
      return rows[0]?.n === count;
    };
    await Promise.race([all, until(isFull, 60_000)]);
    await holder.query("select pg_advisory_unlock_all()");
    return await all;
  } finally {
    await holder.end();
  }
}

describe("the exchange", () => {
  test("a refused step makes the server skip all that follow", async () => {
    const client = new Client({ connectionString: emulator.adminUri });
    await client.connect();
    try {
      const steps = ["BEGN READ ONLY", "insert into written values (1)", "COMMIT"];
      const outcome = await exchange(
        client,
        steps.map((text) => ({ text, maxRows: 0 })),
      );
      expect([outcome.error?.code, outcome.status]).toEqual(["42601", "I"]);
      const next = await exchange(client, [{ text: "select 1 as a", maxRows: 0, isMain: true }]);
      expect(next.rows).toEqual([["1"]]);
    } finally {
      await client.end();
    }
    expect(await rowsWritten()).toBe(0);
  });

  test("a connection on which it failed is in no transaction afterwards", async () => {
    await using source = openAsSuperuser(emulator, { access: "read-write", pool: { max: 1 } });
    await expect(source.query("select 1/0")).rejects.toMatchObject({ code: "DATA", sqlState: "22012" });
    const text = "insert into written values (1)";
    await expect(source.query(`${text} returning 1/0`, { readOnly: false })).rejects.toMatchObject({ code: "DATA" });
    await source.query(text, { readOnly: false });
    expect(await rowsWritten()).toBe(1);
    const { rows } = await emulator.query("select * from pg_stat_activity where state like 'idle in transaction%'");
    expect(rows).toEqual([]);
  });

  test("a COPY, which answers by another protocol, is refused and leaves the connection usable", async () => {
    await using source = openAsSuperuser(emulator, { access: "read-write", pool: { max: 1 } });
    await expect(source.query("copy written from stdin", { readOnly: false })).rejects.toSatisfy(isDataSourceError);
    await source.query("copy written to stdout", { readOnly: false });
    expect((await source.query("select 1 as a")).rows).toEqual([{ a: 1n }]);
  });

  test("a notice of a statement that failed is not in the next one's result", async () => {
    await emulator.query(`create or replace function warn_then_fail() returns int language plpgsql
      as $$ begin raise notice 'before it failed'; raise division_by_zero; end $$`);
    await using source = openAsSuperuser(emulator, { pool: { max: 1 } });
    await expect(source.query("select warn_then_fail()")).rejects.toMatchObject({ code: "DATA" });
    expect((await source.query("select 1 as a")).notices).toEqual([]);
  });

  test("transactional: false is for what refuses a transaction, and for writes only", async () => {
    await using source = openAsSuperuser(emulator, { access: "read-write" });
    const write = { readOnly: false };
    await expect(source.query("vacuum written", write)).rejects.toMatchObject({ sqlState: "25001" });
    await source.query("vacuum written", { ...write, transactional: false });
    await expect(source.query("select 1", { transactional: false })).rejects.toMatchObject({ field: "transactional" });
    const work = source.transaction(
      async (tx) => tx.query("vacuum written", { transactional: false } as object),
      write,
    );
    await expect(work).rejects.toMatchObject({ field: "transactional" });
  });

  test("a result cut by maxBytes stops at the batch that exceeded it, in a transaction too", async () => {
    await using source = openAsSuperuser(emulator);
    const text = "select repeat('x', 1000) as v from generate_series(1, 100000)";
    const { rows, truncated } = await source.query(text, { maxBytes: 3500, maxRows: Infinity });
    expect([rows.length, truncated]).toEqual([3, true]);
    await source.transaction(async (tx) => {
      expect((await tx.query(text, { maxBytes: 3500 })).rows).toHaveLength(3);
      expect((await tx.query("select count(*) as n from pg_cursors where name <> ''")).rows).toEqual([{ n: 0n }]);
    });
  });
});

describe("limits", () => {
  test("10 of 20 million streaming rows come in less than 50 ms", async () => {
    await using source = open(emulator, { pool: { max: 1 } });
    const text = "select g from (select generate_series(1, 20000000) as g) t";
    await source.query(text, { maxRows: 10 });
    const started = performance.now();
    const { rows, truncated } = await source.query(text, { maxRows: 10 });
    const ms = performance.now() - started;
    measured("10 of 20 M rows", ms);
    expect([rows.length, truncated]).toEqual([10, true]);
    expect(ms).toBeLessThan(50);
  });

  test("200 concurrent statements with 200 timeouts each get their own", async () => {
    await using source = openAsSuperuser(emulator, { pool: { max: 200, acquireTimeoutMs: 60_000 } });
    const apart = 600_000;
    const timeouts = Array.from({ length: 200 }, (_, index) => (index + 1) * apart);
    const seen = await atOnce(200, (lock) =>
      timeouts.map(async (statementTimeoutMs) => {
        const { rows } = await source.query<{ ms: bigint }>(
          `select (extract(epoch from current_setting('statement_timeout')::interval) * 1000)::int8 as ms, ${lock}`,
          { statementTimeoutMs },
        );
        return Number(rows[0]?.ms);
      }),
    );
    // The server gets what was left when the statement was sent: up to the next full step it is exactly the caller's.
    expect(seen.map((ms) => Math.ceil(ms / apart) * apart)).toEqual(timeouts);
  }, 120_000);

  test("200 concurrent statements end each at its own timeout", async () => {
    await using source = openAsSuperuser(emulator, { pool: { max: 200, acquireTimeoutMs: 60_000 } });
    await atOnce(200, (lock) => Array.from({ length: 200 }, () => source.query(`select ${lock}`)));
    const timeouts = Array.from({ length: 200 }, (_, index) => 1000 + index * 10);
    const took = await Promise.all(
      timeouts.map(async (statementTimeoutMs) => {
        const started = performance.now();
        const query = source.query("select pg_sleep(60)", { statementTimeoutMs });
        await expect(query).rejects.toMatchObject({ code: "STATEMENT_TIMEOUT" });
        return performance.now() - started;
      }),
    );
    for (const [index, ms] of took.entries()) {
      expect(ms).toBeGreaterThanOrEqual((timeouts[index] as number) - 10);
      expect(ms).toBeLessThan((timeouts[index] as number) + 2000);
    }
  }, 120_000);

  test("a function cannot lift the timeout that our own clock keeps", async () => {
    await emulator.query(`create function lift() returns void language plpgsql set statement_timeout = 0
      as $$ begin perform pg_sleep(30); end $$`);
    await using source = openAsSuperuser(emulator, { pool: { max: 1 } });
    const started = performance.now();
    await expect(source.query("select lift()", { statementTimeoutMs: 500 })).rejects.toMatchObject({
      code: "STATEMENT_TIMEOUT",
    });
    expect(performance.now() - started).toBeLessThan(5000);
    expect((await source.query("select 1 as a")).rows).toEqual([{ a: 1n }]);
  });
});

describe("cancel", () => {
  test("an abort stops the backend within 500 ms, over TLS with SNI, and the connection is used again", async () => {
    await using source = open(emulator, { pool: { max: 1 } });
    await source.query("select 1");
    const before = { ...emulator.counters };
    const caller = new AbortController();
    const running = expect(
      source.query("select pg_sleep(30), 'abort me'", { signal: caller.signal }),
    ).rejects.toMatchObject({ code: "CANCELLED" });
    await until(async () => (await active("abort me")).length === 1);
    const [victim] = await active("abort me");
    const started = performance.now();
    caller.abort();
    await until(async () => (await active("abort me")).length === 0);
    const ms = performance.now() - started;
    measured("abort to idle backend", ms);
    expect(ms).toBeLessThan(500);
    await running;
    const { rows } = await source.query("select pg_backend_pid() as pid");
    expect(rows).toEqual([{ pid: BigInt(victim?.pid as number) }]);
    expect(emulator.counters.cancels - before.cancels).toBe(1);
    expect(emulator.counters.cancelsRefused).toBe(before.cancelsRefused);
  });

  test("a cancel that comes just after the end leaves the next statement untouched", async () => {
    await using source = openAsSuperuser(emulator, { pool: { max: 1 } });
    const ends = { finished: 0, CANCELLED: 0 };
    for (let round = 0; round < 200; round += 1) {
      const caller = new AbortController();
      const racing = source.query("select pg_sleep(0.005)", { signal: caller.signal }).then(
        () => "finished" as const,
        (error: { code: "CANCELLED" }) => error.code,
      );
      setTimeout(() => caller.abort(), 4 + (round % 5));
      ends[await racing] += 1;
      // Long enough for a late signal to hit it.
      await source.query("select pg_sleep(0.002)");
    }
    expect(ends.finished + ends.CANCELLED).toBe(200);
    expect(Math.min(ends.finished, ends.CANCELLED)).toBeGreaterThan(0);
  });

  test("a timeout is the server's own: no cancel request is sent", async () => {
    await using source = open(emulator, { pool: { max: 1 } });
    const before = emulator.counters.cancels;
    await expect(source.query("select pg_sleep(30)", { statementTimeoutMs: 300 })).rejects.toMatchObject({
      code: "STATEMENT_TIMEOUT",
    });
    expect(emulator.counters.cancels).toBe(before);
  });

  test("somebody else's pg_cancel_backend is CANCELLED, not a timeout", async () => {
    await using source = openAsSuperuser(emulator);
    const running = expect(source.query("select pg_sleep(30), 'cancel me'")).rejects.toMatchObject({
      code: "CANCELLED",
      sqlState: "57014",
    });
    await until(async () => (await active("cancel me")).length === 1);
    await emulator.query("select pg_cancel_backend($1)", [(await active("cancel me"))[0]?.pid]);
    await running;
  });

  test("a write that was cancelled did not happen", async () => {
    await using source = openAsSuperuser(emulator, { access: "read-write" });
    const caller = new AbortController();
    const text = "insert into written select 1 from pg_sleep(30)";
    const running = expect(source.query(text, { readOnly: false, signal: caller.signal })).rejects.toMatchObject({
      code: "CANCELLED",
    });
    await until(async () => (await active(text)).length === 1);
    caller.abort();
    await running;
    expect(await rowsWritten()).toBe(0);
  });
});

describe("streams", () => {
  test("statements of the same transaction may run while a stream is read", async () => {
    await using source = openAsSuperuser(emulator, { access: "read-write" });
    await source.transaction(
      async (tx) => {
        const stream = tx.stream<{ g: bigint }>("select generate_series(1, 2500) as g");
        let inserted = 0;
        for await (const rows of stream) {
          await tx.query({ text: "insert into written select unnest($1::int[])", params: [rows.map((row) => row.g)] });
          inserted += rows.length;
        }
        expect(inserted).toBe(2500);
      },
      { readOnly: false },
    );
    expect(await rowsWritten()).toBe(2500);
  });

  test("a stream's timeout is the whole, whatever its opening took", async () => {
    await using source = openAsSuperuser(emulator);
    const seen: unknown[] = [];
    for await (const batch of source.stream("select current_setting('statement_timeout') as t", {
      statementTimeoutMs: 60_000,
    })) {
      seen.push(...batch);
    }
    expect(seen).toEqual([{ t: "1min" }]);
  });

  test("a stream left early in a transaction closes its portal there", async () => {
    await using source = openAsSuperuser(emulator);
    await source.transaction(async (tx) => {
      for await (const rows of tx.stream("select generate_series(1, 1000000)")) if (rows.length > 0) break;
      expect((await tx.query("select count(*) as n from pg_cursors where name <> ''")).rows).toEqual([{ n: 0n }]);
    });
  });

  test("a stream that nobody closed does not hold up the end of its session or transaction", async () => {
    await using source = openAsSuperuser(emulator, { pool: { max: 1 } });
    for (const unit of [source.session, source.transaction]) {
      const iterator = await unit(async (inner) => {
        const leftOpen = inner.stream("select generate_series(1, 1000000)")[Symbol.asyncIterator]();
        await leftOpen.next();
        return leftOpen;
      });
      await expect(iterator.next()).rejects.toMatchObject({ code: "CLOSED" });
      expect((await source.query("select 1 as a")).rows).toEqual([{ a: 1n }]);
    }
  });

  test("a stream that writes commits at its end and rolls back when it is left", async () => {
    await using source = openAsSuperuser(emulator, { access: "read-write" });
    const text = "insert into written select generate_series(1, 3000) returning id";
    for await (const rows of source.stream(text, { readOnly: false })) expect(rows.length).toBeGreaterThan(0);
    expect(await rowsWritten()).toBe(3000);
    for await (const rows of source.stream(text, { readOnly: false })) if (rows.length > 0) break;
    expect(await rowsWritten()).toBe(3000);
  });

  test("its break stops the backend within 500 ms", async () => {
    await using source = open(emulator, { pool: { max: 1 } });
    const text = "select generate_series(1, 100000000) as broken_off";
    let started = 0;
    for await (const rows of source.stream(text)) {
      started = performance.now();
      if (rows.length > 0) break;
    }
    const { rows } = await emulator.query(
      "select count(*)::int as n from pg_stat_activity where usename = $1 and state <> 'idle'",
      [emulator.user],
    );
    measured("break to idle backend", performance.now() - started);
    expect(rows).toEqual([{ n: 0 }]);
  });
});
