import { describeDataSource } from "@org/data-source-conformance";
import { sql, type DataSource, type DataSourceOptions } from "@org/data-source-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createBigQueryDataSource, type BigQueryDataSourceOptions } from "../src/index.ts";
import { common, introspected } from "./harness.ts";

const projectId = process.env["BIGQUERY_LIVE_PROJECT"];
const location = process.env["BIGQUERY_LIVE_LOCATION"] ?? "US";
const dataset = process.env["BIGQUERY_LIVE_DATASET"];

/**
 * Against a real project, with application default credentials: `BIGQUERY_LIVE_PROJECT=… vitest run --project live`.
 * Reads public data only; a few 10 MB are billed. With `BIGQUERY_LIVE_DATASET`, in which it may create and drop tables,
 * also the whole conformance suite; that computes for some minutes.
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

if (projectId !== undefined && dataset !== undefined) {
  const open = (options: BigQueryDataSourceOptions & DataSourceOptions = {}): DataSource =>
    createBigQueryDataSource({ projectId, location, dataset, ...options });
  const observer = open();
  afterAll(() => observer.close());
  const jobs = `\`region-${location.toLowerCase()}\`.INFORMATION_SCHEMA.JOBS_BY_USER`;
  const running = async (marker: string): Promise<number> => {
    const { rows } = await observer.query<[bigint]>({
      text: `select count(*) from ${jobs} where creation_time > timestamp_sub(current_timestamp(), interval 1 hour)
        and state <> 'DONE' and strpos(query, @marker) > 0 and strpos(query, 'JOBS_BY_USER') = 0`,
      params: { marker },
      rowMode: "array",
    });
    return Number(rows[0]?.[0]);
  };
  const tables = ["conf_parent", "conf_child", "conf_view"];
  describeDataSource({
    ...common,
    name: "bigquery project",
    create: (options) => open(options),
    createWithWrongPassword: (wrong) => open({ credentials: { accessToken: () => wrong } }),
    createUnreachable: () => open({ apiEndpoint: "https://127.0.0.1:1" }),
    secrets: [],
    canWrite: undefined,
    sql: {
      ...common.sql,
      numbers: (count) => `select n from unnest(generate_array(1, ${count})) as n order by n`,
      // There is no sleep: pairs to count, some thousand millions for a second.
      sleep: (seconds, marker) =>
        `select count(*) as slept /* ${marker} */ from unnest(generate_array(1, ${Math.ceil(3000 * seconds)})) as a,
          unnest(generate_array(1, 1000000)) as b where mod(a * b, 1000003) = -1`,
    },
    observe: {
      activeStatements: running,
      openConnections: undefined,
      dropConnections: undefined,
      statements: undefined,
    },
    introspection: {
      setup: [
        `create or replace table ${dataset}.conf_parent (id int64 not null options (description = 'The key'),
          part string(20) not null default 'none', price numeric(10, 2), primary key (part, id) not enforced)
          options (description = 'Parents', labels = [('team', 'a-b')])`,
        `create or replace table ${dataset}.conf_child (parent_id int64, parent_part string, created timestamp,
          items array<struct<sku string, sizes array<int64>>>, constraint to_parent foreign key (parent_id, parent_part)
          references ${dataset}.conf_parent (id, part) not enforced)
          partition by timestamp_trunc(created, month) cluster by parent_part, parent_id`,
        `create or replace view ${dataset}.conf_view as select id from ${dataset}.conf_parent`,
      ],
      teardown: [
        `drop view ${dataset}.conf_view`,
        `drop table ${dataset}.conf_child`,
        `drop table ${dataset}.conf_parent`,
      ],
      schema: dataset,
      scope: { schemas: { include: [dataset] }, tables: { include: tables } },
      tables: introspected(projectId, dataset),
    },
  });
}
