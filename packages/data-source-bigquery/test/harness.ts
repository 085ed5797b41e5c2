import type { Harness } from "@org/data-source-conformance";
import { sql, type SqlFragment } from "@org/data-source-core";
import { createBigQueryDataSource } from "../src/index.ts";
import { escapes } from "./escapes.ts";
import { token, type TestServer } from "./server.ts";

const dataset = "conf";

/** What the emulator answers by itself for the suite's statements, as BigQuery would. */
function script({ emulator }: TestServer): void {
  const integer = { type: "INTEGER", mode: "NULLABLE" } as const;
  emulator.script({
    sql: /^select n from unnest\(generate_array\(1, (\d+)\)\) as n/,
    answer: ([, count]) => ({
      schema: [{ name: "n", ...integer }],
      rows: { count: Number(count), row: (index) => [String(index + 1)] },
    }),
  });
  emulator.script({
    sql: /^select 1 as slept \/\* \w+ ([\d.]+) s \*\//,
    answer: ([, seconds]) => ({
      schema: [{ name: "slept", ...integer }],
      rows: [["1"]],
      durationMs: 1000 * Number(seconds),
    }),
  });
  for (const [text, schema, value] of scriptedTypes) {
    emulator.script({ sql: `select ${text} as v`, answer: { schema: [schema], rows: [[value]] } });
    emulator.script({
      sql: `select case when 1 = 0 then ${text} end as v`,
      answer: { schema: [schema], rows: [[null]] },
    });
  }
}

/** Types that DuckDB has not. */
const scriptedTypes = [
  [
    "bignumeric '12345678901234567890123456789012345678.12345678901234567890123456789012345678'",
    { name: "v", type: "BIGNUMERIC" },
    "12345678901234567890123456789012345678.12345678901234567890123456789012345678",
  ],
  ["st_geogpoint(1, 2)", { name: "v", type: "GEOGRAPHY" }, "POINT(1 2)"],
  [
    "range<date> '[2024-01-01, unbounded)'",
    { name: "v", type: "RANGE", rangeElementType: { type: "DATE" } },
    "[2024-01-01, UNBOUNDED)",
  ],
  [
    "range<timestamp> '[2024-01-01 00:00:00+00, 2024-01-02 00:00:00.000001+00)'",
    { name: "v", type: "RANGE", rangeElementType: { type: "TIMESTAMP" } },
    "[1704067200000000, 1704153600000001)",
  ],
] as const;

async function defineTables({ emulator }: TestServer): Promise<void> {
  await emulator.defineDataset({ dataset });
  await emulator.defineTable({
    dataset,
    table: "conf_parent",
    description: "Parents",
    labels: { team: "a-b" },
    schema: [
      { name: "id", type: "INTEGER", mode: "REQUIRED", description: "The key" },
      { name: "part", type: "STRING", mode: "REQUIRED", maxLength: "20", defaultValueExpression: "'none'" },
      { name: "price", type: "NUMERIC", precision: "10", scale: "2" },
    ],
    primaryKey: ["part", "id"],
    rows: 42,
    bytes: 4200,
  });
  await emulator.defineTable({
    dataset,
    table: "conf_child",
    schema: [
      { name: "parent_id", type: "INTEGER" },
      { name: "parent_part", type: "STRING" },
      { name: "created", type: "TIMESTAMP" },
      {
        name: "items",
        type: "RECORD",
        mode: "REPEATED",
        fields: [
          { name: "sku", type: "STRING" },
          { name: "sizes", type: "INTEGER", mode: "REPEATED" },
        ],
      },
    ],
    partitionBy: { expression: "TIMESTAMP_TRUNC(created, MONTH)", column: "created" },
    clusterBy: ["parent_part", "parent_id"],
    foreignKeys: [
      { name: "to_parent", columns: ["parent_id", "parent_part"], table: "conf_parent", references: ["id", "part"] },
    ],
  });
  await emulator.defineTable({
    dataset,
    table: "conf_view",
    type: "VIEW",
    query: "select id from conf.conf_parent",
    schema: [{ name: "id", type: "INTEGER" }],
  });
  await emulator.execute("insert into conf.conf_parent values (1, 'a', 1.5), (2, 'b', null)");
}

/** What is the same on the emulator and on the service. */
export const common = {
  kind: "bigquery",
  sql: {
    numbers: (count) => `select n from unnest(generate_array(1, ${count})) as n`,
    sleep: (seconds, marker) => `select 1 as slept /* ${marker} ${seconds} s */`,
    createTable: (table) => sql`create table ${table} (id int64 not null, name string)`,
    createTemporaryTable: undefined,
    syntaxError: { text: "selec 1", position: 1 },
    dataError: "select error('boom') as a",
    failingNumbers: undefined,
    textParam: (value) => sql`(${value} || '')`,
  },
  types: typeCases(),
  roundTrips: [
    { value: true, returned: true },
    { value: 1.5, returned: 1.5 },
    { value: 42, returned: 42n },
    { value: "12.500000001", type: "decimal", returned: "12.500000001" },
    { value: new Uint8Array([0, 255]), returned: new Uint8Array([0, 255]) },
    { value: new Date("2024-02-29T01:02:03.004Z"), returned: "2024-02-29T01:02:03.004000Z" },
    { value: "2024-02-29T01:02:03.000004", type: "timestamp", returned: "2024-02-29T01:02:03.000004" },
    { value: "2024-02-29", type: "date", returned: "2024-02-29" },
    { value: "01:02:03.000004", type: "TIME", returned: "01:02:03.000004" },
    { value: { a: [1n, { b: null }] }, returned: { a: [1, { b: null }] } },
    { value: [1n, 2n], returned: [1n, 2n] },
    { value: ["a", "it's"], returned: ["a", "it's"] },
    { value: [], type: "string[]", returned: [] },
    { value: { a: 1n, b: "x" }, type: "STRUCT<a INT64, b STRING>", returned: { a: 1n, b: "x" } },
    { value: null, type: "DATE", returned: null },
    { value: null, returned: null, select: (value: SqlFragment) => sql`case when ${value} > 1 then 1 end` },
  ],
  readOnly: {
    escapes: (table) => escapes(table),
    allowed: [
      "with recursive a as (select 1 as x) select x from a",
      "select `id` as `delete` from (select 1 as `id`)",
      "select r'\\'; delete from t --' as a",
    ],
  },
  isolation: undefined,
  skip: {
    "query: columns of one name lose nothing": "BigQuery refuses a result with two columns of one name",
    "errors: a broken constraint is CONSTRAINT": "BigQuery enforces no key",
    "types: timetz": "BigQuery has no such type",
    "types: uuid": "BigQuery has no such type",
    "types: bits": "BigQuery has no such type",
  },
} satisfies Partial<Harness>;

export async function createHarness(server: TestServer): Promise<Harness> {
  const { emulator } = server;
  script(server);
  await defineTables(server);
  const base = { dataset, projectId: emulator.projectId };
  return {
    ...common,
    name: "bigquery emulator",
    create: (options) => server.create({ ...base, ...options }),
    createWithWrongPassword: (wrong) => server.create({ ...base, credentials: { accessToken: () => wrong } }),
    createUnreachable: () =>
      createBigQueryDataSource({
        ...base,
        apiEndpoint: "http://127.0.0.1:1",
        credentials: { accessToken: () => token },
      }),
    secrets: [token],
    canWrite: undefined,
    observe: {
      activeStatements: async (marker) =>
        emulator.jobs.filter((job) => job.state === "RUNNING" && job.sql.includes(marker)).length,
      openConnections: undefined,
      dropConnections: undefined,
      statements: async () => emulator.jobs.length,
    },
    introspection: {
      setup: [],
      teardown: [],
      schema: dataset,
      scope: { schemas: { include: [dataset] }, tables: { include: ["conf_parent", "conf_child", "conf_view"] } },
      tables: introspected(emulator.projectId, dataset).map((table) => ({ ...table, ...emulated[table.name] })),
    },
  };
}

function typeCases(): Harness["types"] {
  return [
    { type: "boolean", sql: "true", value: true, nativeType: "BOOL" },
    { type: "integer", sql: "9223372036854775807", value: 9223372036854775807n, nativeType: "INT64" },
    { type: "integer", sql: "-9223372036854775808", value: -9223372036854775808n },
    { type: "float", sql: "1.5", value: 1.5, nativeType: "FLOAT64" },
    { type: "float", sql: "cast('nan' as float64)", value: Number.NaN },
    { type: "float", sql: "cast('-inf' as float64)", value: -Infinity },
    {
      type: "decimal",
      sql: "numeric '-99999999999999999999999999999.999999999'",
      value: "-99999999999999999999999999999.999999999",
      nativeType: "NUMERIC",
      precision: 38,
      scale: 9,
    },
    {
      type: "decimal",
      sql: scriptedTypes[0][0],
      value: scriptedTypes[0][2],
      nativeType: "BIGNUMERIC",
      precision: 76,
      scale: 38,
    },
    { type: "string", sql: "'ümlaut \u{1F600}'", value: "ümlaut \u{1F600}", nativeType: "STRING" },
    { type: "bytes", sql: "b'\\x00\\xff'", value: new Uint8Array([0, 255]), nativeType: "BYTES" },
    { type: "date", sql: "date '0001-01-01'", value: "0001-01-01", nativeType: "DATE" },
    { type: "time", sql: "time '23:59:59.999999'", value: "23:59:59.999999", nativeType: "TIME" },
    {
      type: "timestamp",
      sql: "datetime '9999-12-31 23:59:59.999999'",
      value: "9999-12-31T23:59:59.999999",
      nativeType: "DATETIME",
    },
    {
      type: "timestamptz",
      sql: "timestamp '9999-12-31 23:59:59.999999+00'",
      value: "9999-12-31T23:59:59.999999Z",
      nativeType: "TIMESTAMP",
    },
    { type: "timestamptz", sql: "timestamp '0001-01-01 00:00:00.000001+00'", value: "0001-01-01T00:00:00.000001Z" },
    { type: "interval", sql: "interval 90 minute", value: "0-0 0 1:30:0", nativeType: "INTERVAL" },
    {
      type: "json",
      sql: "parse_json('{\"a\": 12345678901234567890}')",
      value: { a: 12345678901234567890n },
      nativeType: "JSON",
    },
    { type: "array", sql: "[1, 2]", value: [1n, 2n], nativeType: "ARRAY<INT64>", null: [] },
    {
      type: "struct",
      sql: "struct(1 as a, [struct('x' as b)] as c)",
      value: { a: 1n, c: [{ b: "x" }] },
      nativeType: "STRUCT<a INT64, c ARRAY<STRUCT<b STRING>>>",
    },
    { type: "range", sql: scriptedTypes[2][0], value: "[2024-01-01, UNBOUNDED)", nativeType: "RANGE<DATE>" },
    { type: "range", sql: scriptedTypes[3][0], value: "[2024-01-01T00:00:00Z, 2024-01-02T00:00:00.000001Z)" },
    { type: "geometry", sql: scriptedTypes[1][0], value: "POINT(1 2)", nativeType: "GEOGRAPHY" },
  ];
}

type Described = Harness["introspection"]["tables"][number] & Readonly<Record<string, unknown>>;

/** The fixture's tables, with what the service tells of them as well. */
export const introspected = (catalog: string, schema: string): readonly Described[] => [
  {
    name: "conf_parent",
    kind: "table",
    comment: "Parents",
    definition: null,
    columns: [
      { name: "id", type: "integer", nativeType: "INT64", nullable: false, comment: "The key", default: null },
      { name: "part", type: "string", nativeType: "STRING(20)", length: 20, default: "'none'", comment: null },
      { name: "price", type: "decimal", nativeType: "NUMERIC(10, 2)", precision: 10, scale: 2, nullable: true },
    ],
    primaryKey: { name: "conf_parent.pk$", columns: ["part", "id"], enforced: false },
    foreignKeys: [],
    partitioning: null,
    clustering: null,
    indexes: undefined,
    native: { labels: '{"team":"a-b"}' },
  },
  {
    name: "conf_child",
    kind: "table",
    comment: null,
    columns: [
      { name: "parent_id" },
      { name: "parent_part" },
      { name: "created" },
      {
        name: "items",
        type: "array",
        nativeType: "ARRAY<STRUCT<sku STRING, sizes ARRAY<INT64>>>",
        element: {
          type: "struct",
          fields: [
            { name: "sku", type: "string" },
            { name: "sizes", type: "array", element: { type: "integer" } },
          ],
        },
      },
    ],
    primaryKey: null,
    foreignKeys: [
      {
        name: "conf_child.to_parent",
        columns: ["parent_id", "parent_part"],
        enforced: false,
        references: { catalog, schema, table: "conf_parent", columns: ["id", "part"] },
      },
    ],
    partitioning: { strategy: "time", expressions: ["TIMESTAMP_TRUNC(created, MONTH)"] },
    clustering: ["parent_part", "parent_id"],
  },
  {
    name: "conf_view",
    kind: "view",
    definition: `select id from ${schema}.conf_parent`,
    rowCount: undefined,
    sizeBytes: undefined,
  },
];

/** What the emulator's tables are said to hold. */
const emulated: Readonly<Record<string, object>> = {
  conf_parent: {
    rowCount: { value: 42, accuracy: "exact", source: "INFORMATION_SCHEMA.TABLE_STORAGE.total_rows" },
    sizeBytes: { value: 4200, accuracy: "exact", source: "INFORMATION_SCHEMA.TABLE_STORAGE.total_logical_bytes" },
    createdAt: "2024-01-02T03:04:05.678901Z",
    modifiedAt: "2024-02-03T04:05:06Z",
  },
};
