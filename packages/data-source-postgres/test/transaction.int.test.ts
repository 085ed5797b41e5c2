import type { Transaction } from "@org/data-source-core";
import type { LakebaseEmulator } from "@org/lakebase-emulator";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openAsSuperuser, type Source, startServer } from "./server.ts";

let emulator: LakebaseEmulator;
let source: Source;
beforeAll(async () => {
  emulator = await startServer();
  await emulator.query("create table account (id int primary key, balance int)");
  source = openAsSuperuser(emulator, { access: "read-write", pool: { max: 4 } });
});
afterAll(async () => {
  await source.close();
  await emulator.close();
});
beforeEach(async () => {
  await emulator.query("truncate account");
  await emulator.query("insert into account values (1, 100), (2, 100)");
});

const write = { readOnly: false } as const;
const balances = async (): Promise<unknown[]> =>
  (await emulator.query("select balance from account order by id")).rows.map((row) => row["balance"]);

test.each([
  ["read-uncommitted", "read uncommitted"],
  ["read-committed", "read committed"],
  ["repeatable-read", "repeatable read"],
  ["serializable", "serializable"],
] as const)("isolation %s is the server's", async (isolation, said) => {
  const { rows } = await source.transaction(
    async (tx) => tx.query("select current_setting('transaction_isolation') as level"),
    { isolation },
  );
  expect(rows).toEqual([{ level: said }]);
});

test("a read-only transaction cannot be made to write, in its first statement either", async () => {
  const attempts = ["set transaction read write", "select set_config('transaction_read_only', 'off', true)"];
  for (const attempt of attempts) {
    const work = source.transaction(async (tx) => {
      await tx.query(attempt).catch(() => undefined);
      await tx.query("delete from account");
    });
    await expect(work, attempt).rejects.toMatchObject({ code: "READ_ONLY" });
  }
  expect(await balances()).toEqual([100, 100]);
});

test("what a function sets in a read-only transaction does not reach the next caller", async () => {
  await emulator.query(`create function hidden_setting() returns void language plpgsql
    as $$ begin perform set_config('hidden.value', 'leaked', false); end $$`);
  await using one = openAsSuperuser(emulator, { pool: { max: 1 } });
  await one.transaction(async (tx) => tx.query("select hidden_setting()"));
  const { rows } = await one.query("select current_setting('hidden.value', true) as value");
  expect(rows).not.toEqual([{ value: "leaked" }]);
});

describe("a serialization failure", () => {
  /** Reads both balances before either of the two has written: one of them must fail. */
  function skew(): (tx: Transaction, id: number) => Promise<void> {
    const both = Promise.withResolvers<void>();
    let readers = 0;
    return async (tx, id) => {
      await tx.query("select sum(balance) from account");
      readers += 1;
      if (readers === 2) both.resolve();
      await both.promise;
      await tx.query({ text: "update account set balance = balance - 10 where id = $1", params: [id] });
    };
  }

  test("is CONFLICT and retryable, and not retried unless asked for", async () => {
    const work = skew();
    const options = { ...write, isolation: "serializable" } as const;
    const results = await Promise.allSettled([1, 2].map((id) => source.transaction((tx) => work(tx, id), options)));
    const failed = results.filter((result) => result.status === "rejected");
    expect(failed).toMatchObject([{ reason: { code: "CONFLICT", sqlState: "40001", isRetryable: true } }]);
  });

  test("is run again up to maxAttempts", async () => {
    const work = skew();
    const options = { ...write, isolation: "serializable", maxAttempts: 3 } as const;
    await Promise.all([1, 2].map((id) => source.transaction((tx) => work(tx, id), options)));
    expect(await balances()).toEqual([90, 90]);
  });

  test("a deadlock is CONFLICT too", async () => {
    const both = Promise.withResolvers<void>();
    let locked = 0;
    const work = async (tx: Transaction, first: number, second: number): Promise<void> => {
      await tx.query({ text: "update account set balance = 0 where id = $1", params: [first] });
      locked += 1;
      if (locked === 2) both.resolve();
      await both.promise;
      await tx.query({ text: "update account set balance = 0 where id = $1", params: [second] });
    };
    const results = await Promise.allSettled([
      source.transaction((tx) => work(tx, 1, 2), write),
      source.transaction((tx) => work(tx, 2, 1), write),
    ]);
    expect(results.filter((result) => result.status === "rejected")).toMatchObject([
      { reason: { code: "CONFLICT", sqlState: "40P01" } },
    ]);
  });
});

test("a statement that failed and was caught does not let the transaction seem committed", async () => {
  const work = source.transaction(async (tx) => {
    await tx.query("update account set balance = 0");
    await tx.query("select 1/0").catch(() => undefined);
  }, write);
  await expect(work).rejects.toMatchObject({ sqlState: "25P02" });
  expect(await balances()).toEqual([100, 100]);
});

test("in a nested one it may fail, and the outer goes on", async () => {
  await source.transaction(async (tx) => {
    await tx.query("update account set balance = 1 where id = 1");
    await expect(
      tx.transaction(async (inner) => {
        await inner.query("update account set balance = 2 where id = 2");
        await inner.query("select 1/0");
      }),
    ).rejects.toMatchObject({ code: "DATA" });
  }, write);
  expect(await balances()).toEqual([1, 100]);
});

test("a constraint that is checked at COMMIT is its error, and nothing stays", async () => {
  await emulator.query("create table late (id int unique deferrable initially deferred)");
  const work = source.transaction(async (tx) => {
    await tx.query("insert into late values (1)");
    await tx.query("insert into late values (1)");
  }, write);
  await expect(work).rejects.toMatchObject({ code: "CONSTRAINT", sqlState: "23505" });
  expect((await emulator.query("select * from late")).rows).toEqual([]);
  await expect(source.query("insert into late values (1), (1)", write)).rejects.toMatchObject({ code: "CONSTRAINT" });
});

test("aborted between its statements, it does not commit", async () => {
  const caller = new AbortController();
  const work = source.transaction(
    async (tx) => {
      await tx.query("update account set balance = 0");
      caller.abort();
    },
    { ...write, signal: caller.signal },
  );
  await expect(work).rejects.toMatchObject({ code: "CANCELLED" });
  expect(await balances()).toEqual([100, 100]);
});

describe("sessions", () => {
  test("a setting lasts for the session and not beyond it", async () => {
    await using single = openAsSuperuser(emulator, { access: "read-write", pool: { max: 1 } });
    const seen = await single.session(async (session) => {
      await session.query("set search_path to elsewhere");
      await session.query("create temporary table scratch (id int)");
      return (await session.query("select current_setting('search_path') as path")).rows;
    }, write);
    expect(seen).toEqual([{ path: "elsewhere" }]);
    const { rows } = await single.query(
      "select current_setting('search_path') as path, to_regclass('pg_temp.scratch') as t",
    );
    expect(rows).toEqual([{ path: '"$user", public', t: null }]);
  });

  test("nor does it when nothing else would make the connection be reset", async () => {
    await using single = openAsSuperuser(emulator, { access: "read-write", pool: { max: 1 } });
    await single.session(async (session) => session.query("set search_path to elsewhere"), write);
    const { rows } = await single.query("select current_setting('search_path') as path");
    expect(rows).toEqual([{ path: '"$user", public' }]);
  });

  test("its date style does not change how values are read", async () => {
    const rows = await source.session(async (session) => {
      await session.query("set datestyle = 'German'");
      const inside = await session.query("select date '2024-02-03' as d, timestamp '2024-02-03 04:05:06' as t");
      return inside.rows;
    }, write);
    expect(rows).toEqual([{ d: "2024-02-03", t: "2024-02-03T04:05:06" }]);
  });

  test("a transaction inside a session is on its connection", async () => {
    const same = await source.session(async (session) => {
      const text = "select pg_backend_pid() as pid";
      const outer = (await session.query(text)).rows;
      const inner = await session.transaction(async (tx) => (await tx.query(text)).rows);
      return [outer, inner];
    });
    expect(same[0]).toEqual(same[1]);
  });

  test("transaction control is refused in it; SET is refused outside of it", async () => {
    await source.session(async (session) => {
      await expect(session.query("begin")).rejects.toMatchObject({ code: "VALIDATION" });
    }, write);
    await expect(source.query("set search_path to x", write)).rejects.toMatchObject({
      code: "VALIDATION",
      hint: "Use session() with readOnly: false.",
    });
  });
});

test("a role's date style and time zone do not change values, and bytes come in either of their forms", async () => {
  await emulator.query("alter role postgres set datestyle = 'SQL, DMY'");
  await emulator.query("alter role postgres set bytea_output = 'escape'");
  await emulator.query("alter role postgres set timezone = 'Asia/Kolkata'");
  try {
    await using styled = openAsSuperuser(emulator);
    const { rows } = await styled.query(String.raw`select date '2024-02-03' as d, '\x005c41ff'::bytea as b,
      timestamptz '2024-02-03 00:00:00.5+00' as t`);
    expect(rows).toEqual([{ d: "2024-02-03", b: new Uint8Array([0, 92, 65, 255]), t: "2024-02-03T05:30:00.5+05:30" }]);
  } finally {
    await emulator.query("alter role postgres reset all");
  }
});

test("a batch is one transaction on one connection", async () => {
  const text = "select pg_current_xact_id()::text as tx, pg_backend_pid() as pid";
  const [first, , second] = await source.batch([text, "update account set balance = 5", text], write);
  expect(first?.rows).toEqual(second?.rows);
  await expect(source.batch(["update account set balance = 6", "commit"], write)).rejects.toMatchObject({
    code: "VALIDATION",
  });
  expect(await balances()).toEqual([5, 5]);
});
