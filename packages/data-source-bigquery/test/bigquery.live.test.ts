import { sql, type DataSource } from "@org/data-source-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createBigQueryDataSource } from "../src/index.ts";

const projectId = process.env["BIGQUERY_LIVE_PROJECT"];
const location = process.env["BIGQUERY_LIVE_LOCATION"] ?? "US";

/**
 * Against a real project, with application default credentials: `BIGQUERY_LIVE_PROJECT=… vitest run --project live`.
 * Reads public data only; a few 10 MB are billed.
 */
describe.skipIf(projectId === undefined)("bigquery, live", () => {
  let source: DataSource;
  beforeAll(() => {
    source = createBigQueryDataSource({ projectId: projectId as string, location, maximumBytesBilled: 2 ** 30 });
  });
  afterAll(() => source.close());

  test("check, query, and a bound value", async () => {
    expect((await source.check()).steps.filter((step) => step.outcome === "failed")).toEqual([]);
    const { rows, queryId } = await source.query(sql`select ${9007199254740993n} as i, ${null} is null as n`);
    expect(rows).toEqual([{ i: 9007199254740993n, n: true }]);
    expect(queryId).toEqual(expect.any(String));
  });

  test("types at their extremes", async () => {
    const { rows } = await source.query(
      "select bignumeric '0.00000000000000000000000000000000000001' as b, timestamp '0001-01-01 00:00:00.000001+00' as t, range<timestamp> '[2024-01-01 00:00:00+00, unbounded)' as r, [struct(1 as a)] as s, json '{\"a\":12345678901234567890}' as j",
    );
    expect(rows).toEqual([
      {
        b: "0.00000000000000000000000000000000000001",
        t: "0001-01-01T00:00:00.000001Z",
        r: "[2024-01-01T00:00:00Z, UNBOUNDED)",
        s: [{ a: 1n }],
        j: { a: 12345678901234567890n },
      },
    ]);
  });

  test("untyped nulls and empty arrays, named and positional", async () => {
    const text = "select date_add(@d, interval 1 day) as d, 1 in unnest(@l) as l";
    expect((await source.query({ text, params: { d: null, l: [] } })).rows).toEqual([{ d: null, l: false }]);
    const positional = "select date_add(?, interval 1 day) as d, ? + 1 as i";
    expect((await source.query({ text: positional, params: [null, 1n] })).rows).toEqual([{ d: null, i: 2n }]);
  });

  test.each([
    "create temp table t as select 1 as a",
    "select 1; select 2",
    "begin select 1; end",
    "execute immediate 'select 1'",
  ])("%s is no read", async (text) => {
    await expect(source.query(text)).rejects.toMatchObject({ code: "READ_ONLY" });
  });

  test("an abort stops a long job", async () => {
    const text =
      "select count(*) as n from unnest(generate_array(1, 1000000)) a, unnest(generate_array(1, 1000000)) b where a * b = -1";
    const signal = AbortSignal.timeout(3_000);
    await expect(source.query(text, { signal })).rejects.toMatchObject({ code: "CANCELLED" });
    await expect(source.query(text, { statementTimeoutMs: 3_000 })).rejects.toMatchObject({
      code: "STATEMENT_TIMEOUT",
    });
  });

  test("the cap on bytes billed, a missing table, and pages of a stream", async () => {
    const table = "`bigquery-public-data.samples.shakespeare`";
    await using capped = createBigQueryDataSource({ projectId: projectId as string, location, maximumBytesBilled: 1 });
    await expect(capped.query(`select * from ${table}`)).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
    await expect(source.query("select * from nowhere.nothing")).rejects.toMatchObject({ code: "NOT_FOUND" });
    let rows = 0;
    for await (const batch of source.stream(`select * from ${table}`)) rows += batch.length;
    expect(rows).toBe(164_656);
  });

  test("introspection of a public project's dataset", async () => {
    const scope = {
      catalogs: ["bigquery-public-data"],
      schemas: { include: ["samples"] },
      tables: { include: ["shakespeare"] },
    };
    const { schemas } = await source.introspect(scope);
    expect(schemas[0]?.tables[0]?.columns.map((column) => column.name)).toContain("word_count");
  });
});
