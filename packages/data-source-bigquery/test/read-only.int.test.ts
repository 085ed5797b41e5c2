import { sql } from "@org/data-source-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { escapes } from "./escapes.ts";
import { startServer, type TestServer } from "./server.ts";

let server: TestServer;
const table = sql.identifier("conf", "victim");

beforeAll(async () => {
  server = await startServer();
  await server.emulator.defineTable({
    dataset: "conf",
    table: "victim",
    schema: [
      { name: "id", type: "INTEGER" },
      { name: "name", type: "STRING" },
    ],
  });
});
beforeEach(() => server.emulator.execute("create or replace table conf.victim as select 1 as id, 'one' as name"));
afterAll(() => server.emulator.close());

const dryRuns = (): number =>
  server.emulator.requests.filter(
    (request) => (request.body["configuration"] as { dryRun?: boolean } | undefined)?.dryRun,
  ).length;

test.each(escapes(table).map((escape, index) => [index, escape] as const))(
  "escape %i is refused before any job, as a query and as a stream, on a source of either access",
  async (_index, escape) => {
    for (const access of ["read-only", "read-write"] as const) {
      await using source = server.create({ access });
      const before = server.emulator.jobs.length;
      await expect(source.query(escape)).rejects.toMatchObject({ code: "READ_ONLY", nativeCode: expect.any(String) });
      await expect(source.stream(escape).columns()).rejects.toMatchObject({ code: "READ_ONLY" });
      await expect(source.batch([escape])).rejects.toMatchObject({ code: "READ_ONLY" });
      expect(server.emulator.jobs).toHaveLength(before);
    }
    await using reader = server.create();
    expect((await reader.query(sql`select id, name from ${table}`)).rows).toEqual([{ id: 1n, name: "one" }]);
  },
);

test("there are at least 25 escapes, and the words READ_ONLY says are the server's", async () => {
  expect(escapes(table).length).toBeGreaterThanOrEqual(25);
  await using source = server.create();
  const failure = async (text: string): Promise<unknown> => source.query(text).catch((error: unknown) => error);
  expect(await failure("select 1; select 2")).toMatchObject({
    nativeCode: "SCRIPT",
    hint: "Send one SELECT at a time.",
  });
  expect(await failure("delete from conf.victim where true")).toMatchObject({
    nativeCode: "DELETE",
    message: "The statement is no read: the server reports DELETE",
  });
});

test("a server that tells no statement type runs nothing", async () => {
  await using source = server.create();
  server.emulator.script({ sql: "select 1 as untold", answer: { statementType: "", schema: [], rows: [] } });
  const before = server.emulator.jobs.length;
  await expect(source.query("select 1 as untold")).rejects.toMatchObject({ code: "READ_ONLY" });
  expect(server.emulator.jobs).toHaveLength(before);
});

test("the verdict is remembered by text and parameter types, one source apart from another", async () => {
  await using source = server.create();
  const cost = async (work: () => Promise<unknown>): Promise<number> => {
    const before = dryRuns();
    await work();
    return dryRuns() - before;
  };
  const run =
    (value: unknown): (() => Promise<unknown>) =>
    () =>
      source.query({ text: "select @x as x /* remembered */", params: { x: value as string } });
  expect(await cost(run(1n))).toBe(1);
  expect(await cost(run(2n))).toBe(0);
  expect(await cost(run("text"))).toBe(1);
  expect(await cost(run("another"))).toBe(0);
  expect(await cost(() => source.query("select 1 as x /* remembered */"))).toBe(1);
  await using other = server.create({ dataset: "conf" });
  expect(await cost(() => other.query("select 1 as x /* remembered */"))).toBe(1);
});

test("a refusal is remembered too; an error is not", async () => {
  await using source = server.create();
  const before = dryRuns();
  await expect(source.query("drop table conf.victim")).rejects.toMatchObject({ code: "READ_ONLY" });
  await expect(source.query("drop table conf.victim")).rejects.toMatchObject({ code: "READ_ONLY" });
  expect(dryRuns() - before).toBe(1);
  await expect(source.query("select * from conf.later")).rejects.toMatchObject({ code: "NOT_FOUND" });
  await server.emulator.execute("create table conf.later as select 5 as a");
  expect((await source.query("select a from conf.later")).rows).toEqual([{ a: 5n }]);
  await server.emulator.execute("drop table conf.later");
});

test("bytes are never remembered: an estimate asks each time", async () => {
  await using source = server.create();
  const text = "select 1 as a /* estimated */";
  server.emulator.script({ sql: text, answer: { schema: [{ name: "a", type: "INTEGER" }], bytesProcessed: 100 } });
  expect(await source.estimate(text)).toEqual({
    source: "dry-run",
    rows: undefined,
    bytesProcessed: 100n,
    cost: undefined,
    statementType: "SELECT",
    columns: [expect.objectContaining({ name: "a", type: "integer" })],
    plan: undefined,
  });
  server.emulator.script({ sql: text, answer: { schema: [{ name: "a", type: "INTEGER" }], bytesProcessed: 200 } });
  expect((await source.estimate(text)).bytesProcessed).toBe(200n);
  // What a write would cost may be asked of any source: it does not run.
  const before = server.emulator.jobs.length;
  expect((await source.estimate("delete from conf.victim where true")).statementType).toBe("DELETE");
  expect(server.emulator.jobs).toHaveLength(before);
});

test("an estimate may be above the cap: what would be refused can still be priced", async () => {
  await using source = server.create({ maximumBytesBilled: 1 });
  const text = "select 1 as a /* costly */";
  const bytesProcessed = 2 ** 40;
  server.emulator.script({ sql: text, answer: { schema: [{ name: "a", type: "INTEGER" }], bytesProcessed } });
  expect((await source.estimate(text)).bytesProcessed).toBe(BigInt(bytesProcessed));
  expect(JSON.stringify(server.emulator.requests.at(-1)?.body)).not.toContain("maximumBytesBilled");
  await expect(source.query(text)).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
});

test("a write needs access and readOnly: false, and then has an id of its own", async () => {
  await using source = server.create({ access: "read-write", location: "US" });
  const before = dryRuns();
  const insert = sql`insert into ${table} (id, name) values (${2n}, ${"two"})`;
  const { rowsAffected, queryId } = await source.query(insert, { readOnly: false });
  expect(rowsAffected).toBe(1);
  expect(queryId).toMatch(/^data-source-[0-9a-f-]{36}$/);
  expect(dryRuns()).toBe(before);
});
