import { sql } from "@org/data-source-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer, type TestServer } from "./server.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
  await server.emulator.defineTable({
    dataset: "d",
    table: "t",
    schema: [
      { name: "id", type: "INTEGER" },
      { name: "name", type: "STRING" },
      { name: "day", type: "DATE" },
    ],
  });
});
afterAll(() => server.emulator.close());

/** The parameters of the latest job, as the server got them. */
const sent = (): unknown => server.emulator.jobs.at(-1)?.parameters;

test("named and positional parameters", async () => {
  await using source = server.create();
  const named = { text: "select @b as b, @a as a", params: { a: 1n, b: "x" } };
  expect((await source.query(named)).rows).toEqual([{ b: "x", a: 1n }]);
  const positional = { text: "select ? as b, ? as a", params: ["x", 1n] };
  expect((await source.query(positional)).rows).toEqual([{ b: "x", a: 1n }]);
  expect((await source.query(sql`select ${"x"} as b, ${1n} as a`)).rows).toEqual([{ b: "x", a: 1n }]);
});

test("an untyped null and empty array get the types that the server infers, once", async () => {
  await using source = server.create();
  const text = "select id from d.t where id > @least and day = @day and name in unnest(@names)";
  const run = (): Promise<unknown> => source.query({ text, params: { least: null, day: null, names: [] } });
  const before = server.emulator.requests.length;
  await run();
  expect(sent()).toMatchObject([
    { name: "least", parameterType: { type: "INT64" }, parameterValue: { value: null } },
    { name: "day", parameterType: { type: "DATE" }, parameterValue: { value: null } },
    { name: "names", parameterType: { type: "ARRAY" }, parameterValue: { arrayValues: [] } },
  ]);
  expect(server.emulator.requests.length - before).toBe(2);
  await run();
  expect(server.emulator.requests.length - before).toBe(3);
  await source.query({ text: "select id from d.t where id > ? and name = ?", params: [null, "x"] });
  expect(sent()).toMatchObject([{ parameterType: { type: "INT64" } }, { parameterType: { type: "STRING" } }]);
});

test("inferred types also serve a write", async () => {
  await using source = server.create({ access: "read-write", location: "US" });
  const text = "update d.t set name = 'x' where id > @least";
  expect((await source.query({ text, params: { least: null } }, { readOnly: false })).rowsAffected).toBe(0);
  expect(sent()).toMatchObject([{ name: "least", parameterType: { type: "INT64" } }]);
});

test("given types go as they are, nested ones too", async () => {
  await using source = server.create();
  const value = [
    { a: 1n, b: ["x"] },
    { a: null, b: [] },
  ];
  const typed = sql.typed(value, "ARRAY<STRUCT<a INT64, b ARRAY<STRING>>>");
  server.emulator.script({
    sql: "select @v as v",
    answer: { schema: [{ name: "v", type: "STRING" }], rows: [["scripted"]] },
    times: 1,
  });
  await source.query({ text: "select @v as v", params: { v: typed } });
  expect(sent()).toEqual([
    {
      name: "v",
      parameterType: {
        type: "ARRAY",
        arrayType: {
          type: "STRUCT",
          structTypes: [
            { name: "a", type: { type: "INT64" } },
            { name: "b", type: { type: "ARRAY", arrayType: { type: "STRING" } } },
          ],
        },
      },
      parameterValue: {
        arrayValues: [
          { structValues: { a: { value: "1" }, b: { arrayValues: [{ value: "x" }] } } },
          { structValues: { a: { value: null }, b: { arrayValues: [] } } },
        ],
      },
    },
  ]);
});

test("text that looks like a client's template arrives unchanged", async () => {
  await using source = server.create();
  const request = { text: "select '{{projectId}}' as a, @b as b", params: { b: "{{projectId}}" } };
  expect((await source.query(request)).rows).toEqual([{ a: "{{projectId}}", b: "{{projectId}}" }]);
});

test("what cannot be bound is refused by name, before anything is sent", async () => {
  await using source = server.create();
  const before = server.emulator.requests.length;
  const refused = async (params: readonly unknown[]): Promise<unknown> =>
    source.query({ text: "select ?", params: params as never }).catch((error: { field: string }) => error.field);
  expect(await refused([10n ** 40n])).toBe("params[0]");
  expect(await refused([[1, "x"]])).toBe("params[0]");
  expect(await refused([[[1]]])).toBe("params[0][0]");
  expect(await refused([sql.typed(1, "timetz")])).toBe("params[0]");
  expect(await refused([sql.typed(1, "no such type(")])).toBe("params[0]");
  expect(await refused([sql.typed("text", "bytes")])).toBe("params[0]");
  expect(await refused([sql.typed("2024-01-01", "RANGE<DATE>")])).toBe("params[0]");
  expect(await refused([sql.typed(1, "string[]")])).toBe("params[0]");
  expect(server.emulator.requests).toHaveLength(before);
});
