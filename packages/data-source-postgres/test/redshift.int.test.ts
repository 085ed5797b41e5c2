import { sql } from "@org/data-source-core";
import { type LakebaseEmulator, startLakebaseEmulator } from "@org/lakebase-emulator";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Recorder, startRecorder, violations } from "./redshift-recorder.ts";

// What the flavour says, and that Postgres understands it. No Redshift is at hand.

let emulator: LakebaseEmulator;
let recorder: Recorder;
beforeAll(async () => {
  emulator = await startLakebaseEmulator();
  recorder = await startRecorder(emulator.adminUri);
  await emulator.query("create table item (id int8 primary key, price numeric(10,2), ok boolean, made date)");
  await emulator.query("insert into item select g, g / 4.0, g % 2 = 0, '2024-01-01' from generate_series(1, 1000) g");
});
afterAll(async () => {
  await recorder.close();
  await emulator.close();
});
afterEach(() => {
  recorder.take();
});

const settings = "Parse select set_config('statement_timeout', $1, true), set_config('extra_float_digits', '2', true)";
const opening = ["Parse BEGIN READ ONLY", "Bind ", "Execute  0", settings, "Bind ", "Execute  0"];

test("a query limits the rows of a named portal, closes it, and then ends its transaction", async () => {
  await using source = recorder.open();
  const { rows, truncated } = await source.query(
    { text: "select id from item where id > $1 order by id", params: [7n] },
    { maxRows: 2 },
  );
  expect({ rows, truncated }).toEqual({ rows: [{ id: 8n }, { id: 9n }], truncated: true });
  const messages = recorder.take();
  expect(messages).toEqual([
    ...opening,
    "Parse select id from item where id > $1 order by id",
    "Bind q",
    "Describe Pq",
    "Execute q 3",
    "Close Pq",
    "Sync",
    "Parse ROLLBACK",
    "Bind ",
    "Execute  0",
    "Sync",
  ]);
  expect(violations(messages)).toEqual([]);
});

test("a write commits, a failed one and one in a failed transaction leave nothing", async () => {
  await using source = recorder.open({ access: "read-write", pool: { max: 1 } });
  const write = { readOnly: false };
  await source.query("create table made (id int)", write);
  expect((await source.query("insert into made values (1), (2)", write)).rowsAffected).toBe(2);
  await expect(source.query("insert into made values ('x')", write)).rejects.toMatchObject({ sqlState: "22P02" });
  expect(recorder.take().filter((message) => message === "Parse COMMIT")).toHaveLength(2);
  await source.transaction(
    async (tx) => {
      await tx.query("insert into made values (3)");
      expect((await tx.query("select id from made order by id", { maxRows: 1 })).truncated).toBe(true);
      await tx.query("insert into made values (4)");
    },
    { readOnly: false, isolation: "serializable" },
  );
  await expect(
    source.transaction(
      async (tx) => {
        await tx.query("insert into made values (5)");
        await tx.query("select 1 / 0");
      },
      { readOnly: false },
    ),
  ).rejects.toMatchObject({ sqlState: "22012" });
  await source.query("vacuum made", { ...write, transactional: false });
  expect((await source.query("select id from made order by id")).rows).toEqual([1n, 2n, 3n, 4n].map((id) => ({ id })));
  expect(violations(recorder.take())).toEqual([]);
});

test("a write whose connection breaks at its commit is of unknown outcome, a read is done again", async () => {
  await emulator.query("create table outcome (id int)");
  await using source = recorder.open({ access: "read-write", pool: { max: 1 } });
  recorder.cutAt("Parse COMMIT");
  await expect(source.query("insert into outcome values (1)", { readOnly: false })).rejects.toMatchObject({
    code: "OUTCOME_UNKNOWN",
  });
  recorder.cutAt("Parse ROLLBACK");
  expect((await source.query("select id from outcome")).rows).toEqual([]);
  expect(recorder.take().filter((message) => message === "Parse select id from outcome")).toHaveLength(2);
});

test("a statement that leaves something behind closes its connection, since nothing resets it", async () => {
  await using source = recorder.open({ access: "read-write", pool: { max: 1 } });
  const pid = async (): Promise<unknown> => (await source.query("select pg_backend_pid() as pid")).rows;
  const first = await pid();
  expect(await pid()).toEqual(first);
  await source.query("create temp table scratch (a int)", { readOnly: false });
  expect(await pid()).not.toEqual(first);
  expect(violations(recorder.take())).toEqual([]);
});

test("a stream and a read limited in bytes close their portal before the transaction ends", async () => {
  await using source = recorder.open({ pool: { max: 1 } });
  for await (const batch of source.stream("select id from item", { batchRows: 10 })) {
    expect(batch).toHaveLength(10);
    break;
  }
  const { rows, truncated } = await source.query("select id from item", { maxBytes: 1_000 });
  expect(truncated).toBe(true);
  expect(rows.length).toBeGreaterThan(1);
  let count = 0;
  for await (const batch of source.stream("select id from item", { batchRows: 400 })) count += batch.length;
  expect(count).toBe(1000);
  const messages = recorder.take();
  expect(messages.filter((message) => message.startsWith("Close"))).toHaveLength(3);
  expect(violations(messages)).toEqual([]);
});

test("a timeout stops the statement, and its connection serves the next", async () => {
  await using source = recorder.open({ pool: { max: 1 } });
  await expect(source.query("select pg_sleep(30)", { statementTimeoutMs: 100 })).rejects.toMatchObject({
    code: "STATEMENT_TIMEOUT",
  });
  const abort = new AbortController();
  const aborted = source.query("select pg_sleep(30)", { signal: abort.signal });
  setTimeout(() => abort.abort(), 50);
  await expect(aborted).rejects.toMatchObject({ code: "CANCELLED" });
  expect((await source.query("select 1 as one")).rows).toEqual([{ one: 1n }]);
});

test("what Redshift has not is refused with its name, not sent", async () => {
  await using source = recorder.open({ access: "read-write" });
  const nested = source.transaction((tx) => tx.transaction(async () => 1));
  await expect(nested).rejects.toMatchObject({ code: "UNSUPPORTED", message: expect.stringContaining("savepoints") });
  await expect(source.query("unload ('select 1') to 's3://x'")).rejects.toMatchObject({ code: "READ_ONLY" });
  await expect(source.estimate("analyze item")).rejects.toMatchObject({ code: "VALIDATION" });
  expect(source.capabilities).toMatchObject({ savepoint: false, readOnly: { enforcedBy: "client" } });
  expect(recorder.take().filter((message) => /savepoint|unload|explain/i.test(message))).toEqual([]);
});

test("a session's connection is closed behind it", async () => {
  await using source = recorder.open({ access: "read-write", pool: { max: 1 } });
  const pid = "select pg_backend_pid() as pid";
  const first = await source.session(
    async (session) => {
      await session.query("create temp table scratch (a int)");
      return (await session.query(pid)).rows;
    },
    { readOnly: false },
  );
  expect((await source.query(pid)).rows).not.toEqual(first);
  expect(violations(recorder.take())).toEqual([]);
});

test("floats keep all their digits, though Redshift rounds them by default", async () => {
  await emulator.query("alter role postgres set extra_float_digits = 0");
  try {
    await using source = recorder.open();
    const { rows } = await source.query("select 0.1::float8 + 0.2::float8 as f");
    expect(rows).toEqual([{ f: 0.1 + 0.2 }]);
  } finally {
    await emulator.query("alter role postgres reset extra_float_digits");
  }
});

test("an estimate reads the first line of a plan in text", async () => {
  await using source = recorder.open();
  const { rows, cost, plan, statementType } = await source.estimate("select * from item limit 5");
  expect({ rows, statementType }).toEqual({ rows: 5, statementType: "SELECT" });
  expect(cost).toBeGreaterThan(0);
  expect(plan).toMatch(/^Limit {2}\(cost=/);
  expect(violations(recorder.take())).toEqual([]);
});

test("check reports what the account may do, in SQL of Redshift, and advises one that only reads", async () => {
  await using source = recorder.open();
  const { ok, canWrite, steps } = await source.check();
  expect({ ok, canWrite }).toEqual({ ok: true, canWrite: true });
  expect(steps.find(({ name }) => name === "privileges")).toMatchObject({
    outcome: "warning",
    hint: expect.stringContaining("no more than SELECT"),
  });
  expect(violations(recorder.take())).toEqual([]);
  await emulator.query(
    `create role reader login; grant select on item to reader; revoke create on schema public from public`,
  );
  await using reader = recorder.open({ user: "reader" });
  expect(await reader.check()).toMatchObject({ user: "reader", canWrite: false });
  await emulator.query("grant update on item to reader");
  expect(await reader.check()).toMatchObject({ canWrite: true });
});

test("types that the map does not know are looked up by number, and stay text", async () => {
  await emulator.query("create type hllsketch as enum ('{\"version\":1}')");
  await using source = recorder.open();
  const { rows, columns } = await source.query(`select '{"version":1}'::hllsketch as sketch`);
  expect(rows).toEqual([{ sketch: '{"version":1}' }]);
  expect(columns[0]).toMatchObject({ type: "other", nativeType: "hllsketch" });
  const named = await source.query(sql`select ${sql.typed('{"version":1}', "hllsketch")} as sketch`);
  expect(named.rows).toEqual(rows);
  expect(violations(recorder.take())).toEqual([]);
});
