import type { CatalogColumn, CatalogTable } from "@org/data-source-core";
import { type LakebaseEmulator, startLakebaseEmulator } from "@org/lakebase-emulator";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Recorder, startRecorder, violations } from "./redshift-recorder.ts";
import { contents, standIns } from "./redshift-standins.ts";

// The flavour's own SQL, on a Postgres that has stand-ins for the documented views. No Redshift is at hand.

let emulator: LakebaseEmulator;
let recorder: Recorder;
beforeAll(async () => {
  emulator = await startLakebaseEmulator();
  recorder = await startRecorder(emulator.adminUri);
  await emulator.query(standIns);
  await emulator.query(contents(emulator.database));
  await emulator.query("alter role postgres set search_path = public, redshift_views");
});
afterAll(async () => {
  await recorder.close();
  await emulator.close();
});
afterEach(() => {
  recorder.take();
});

const column = (name: string, position: number, rest: Partial<CatalogColumn>): CatalogColumn => ({
  name,
  position,
  type: "other",
  nativeType: "",
  precision: undefined,
  scale: undefined,
  nullable: undefined,
  length: undefined,
  default: null,
  comment: null,
  identity: null,
  generated: null,
  collation: undefined,
  ...rest,
});

const table = (name: string, rest: Partial<CatalogTable>): CatalogTable => ({
  name,
  kind: "table",
  comment: null,
  definition: null,
  columns: [],
  primaryKey: null,
  foreignKeys: [],
  uniqueConstraints: [],
  checks: [],
  indexes: [],
  partitioning: null,
  clustering: null,
  rowCount: undefined,
  sizeBytes: undefined,
  createdAt: undefined,
  modifiedAt: undefined,
  native: { owner: "ada" },
  ...rest,
});

const sale = table("sale", {
  comment: "what was sold",
  columns: [
    column("id", 1, {
      type: "integer",
      nativeType: "int8",
      nullable: false,
      comment: "its number",
      identity: "always",
    }),
    column("price", 2, { type: "decimal", nativeType: "numeric", precision: 8, scale: 2 }),
    column("made", 3, { type: "timestamp", nativeType: "timestamp", nullable: true, default: "getdate()" }),
    column("extra", 4, { type: "json", nativeType: "super", nullable: true }),
    column("sketch", 5, { type: "other", nativeType: "hllsketch", nullable: true }),
  ],
  primaryKey: { name: "sale_key", columns: ["id"], enforced: false },
  foreignKeys: [
    {
      name: "sale_customer",
      columns: ["customer_region", "customer_id"],
      enforced: false,
      references: { catalog: undefined, schema: "shop", table: "customer", columns: ["region", "id"] },
      onDelete: undefined,
      onUpdate: undefined,
    },
  ],
  clustering: ["id", "made"],
  rowCount: { value: 12345, accuracy: "estimate", source: "svv_table_info.tbl_rows" },
  sizeBytes: { value: 7 * 1048576, accuracy: "exact", source: "svv_table_info.size" },
  native: { owner: "ada", diststyle: "KEY(id)", distkey: "id", sortstyle: "interleaved" },
});

const external = { nullable: undefined, comment: undefined };
const click = table("click", {
  kind: "external-table",
  comment: undefined,
  columns: [
    column("at", 1, { ...external, type: "timestamp", nativeType: "timestamp", nullable: true }),
    column("page", 2, { ...external, type: "string", nativeType: "varchar", length: 64, nullable: false }),
    column("cost", 3, { ...external, type: "decimal", nativeType: "decimal", precision: 10, scale: 3 }),
    column("tags", 4, { ...external, type: "other", nativeType: "array<string>" }),
    column("day", 5, { ...external, type: "date", nativeType: "date" }),
    column("country", 6, { ...external, type: "string", nativeType: "string" }),
  ],
  primaryKey: undefined,
  foreignKeys: undefined,
  uniqueConstraints: undefined,
  partitioning: { strategy: "list", expressions: ["country", "day"], partitions: undefined },
  native: { location: "s3://lake/click" },
});

test("the catalog is read from Redshift's views, with a fixed number of statements", async () => {
  await using source = recorder.open();
  const catalog = await source.introspect();
  expect(catalog).toEqual({
    warnings: [],
    schemas: [
      { catalog: emulator.database, name: "lake", comment: undefined, tables: [click] },
      {
        catalog: emulator.database,
        name: "shop",
        comment: undefined,
        tables: [
          table("big_sale", {
            kind: "view",
            definition: " SELECT id\n   FROM shop.sale;",
            columns: [column("id", 1, { type: "integer", nativeType: "int8", nullable: true })],
          }),
          table("customer", {
            columns: [column("name", 1, { type: "string", nativeType: "varchar", length: 40, nullable: false })],
            primaryKey: { name: "customer_pkey", columns: ["region", "id"], enforced: false },
            uniqueConstraints: [{ name: "customer_name_key", columns: ["name"], enforced: false }],
          }),
          table("daily", {
            kind: "materialized-view",
            definition: " SELECT 1 AS one;",
            columns: [column("one", 1, { type: "integer", nativeType: "int4", nullable: true })],
            native: { owner: "bob", stale: "t", autorefresh: "f" },
          }),
          table("late", {
            kind: "view",
            definition: undefined,
            columns: [
              column("n", 1, { type: "decimal", nativeType: "numeric", precision: 8, scale: 2, comment: undefined }),
              column("label", 2, { type: "string", nativeType: "varchar", length: 200, comment: undefined }),
            ],
          }),
          sale,
        ],
      },
    ],
  });
  const messages = recorder.take();
  expect(messages.filter((message) => message.startsWith("Parse BEGIN"))).toHaveLength(10);
  expect(violations(messages)).toEqual([]);
});

test("a scope is bound, each pattern as a parameter, and names that look like patterns are none", async () => {
  await using source = recorder.open();
  const scope = {
    schemas: { include: ["sh*", "pg_automv"] },
    tables: { include: ["s_le", "cust*", "x"], exclude: ["big*", "it's"] },
  };
  const { schemas } = await source.introspect(scope);
  expect(schemas.map(({ name, tables }) => [name, tables.map((each) => each.name)])).toEqual([
    ["pg_automv", ["x"]],
    ["shop", ["customer"]],
  ]);
  const messages = recorder.take();
  expect(messages.filter((message) => /s.?_le|cust|it's/.test(message))).toEqual([]);
  expect(violations(messages)).toEqual([]);
  expect(await source.introspect({ catalogs: ["other"] })).toEqual({ schemas: [], warnings: [] });
});

test("a part that may not be read is a warning, and unknown in the catalog; an essential one is an error", async () => {
  await emulator.query(`create role guest login; grant usage on schema redshift_views to guest;
    grant select on all tables in schema redshift_views to guest;
    revoke select on redshift_views.svv_table_info from guest;
    alter role guest set search_path = public, redshift_views`);
  await using source = recorder.open({ user: "guest" });
  const { schemas, warnings } = await source.introspect({ tables: { include: ["sale"] } });
  expect(warnings).toEqual([
    { part: "sizes", message: expect.stringContaining("svv_table_info"), schema: undefined, table: undefined },
  ]);
  const found = schemas.flatMap(({ tables }) => tables);
  expect(found).toEqual([
    { ...sale, rowCount: undefined, sizeBytes: undefined, native: { ...sale.native, diststyle: undefined } },
  ]);
  await emulator.query("revoke select on redshift_views.svv_redshift_columns from guest");
  await expect(source.introspect()).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
});

test("statistics count the first rows, of what can be compared", async () => {
  await emulator.query(`create schema facts; create table facts.event (id int8, price numeric(8,2), ok boolean, body text);
    insert into facts.event values (1, 1.50, true, '{}'), (2, null, false, '{}'), (3, 2.25, true, '{}');
    insert into redshift_views.svv_all_schemas values (current_database(), 'facts', 1, 'local', null, null, null);
    insert into redshift_views.svv_redshift_tables values (current_database(), 'facts', 'event', 'TABLE', null, null, 'a');
    insert into redshift_views.svv_redshift_columns (database_name, schema_name, table_name, column_name, ordinal_position,
      data_type, sortkey) values (current_database(), 'facts', 'event', 'id', 2, 'bigint', 0),
      (current_database(), 'facts', 'event', 'price', 3, 'numeric(8,2)', 0),
      (current_database(), 'facts', 'event', 'ok', 4, 'boolean', 0),
      (current_database(), 'facts', 'event', 'body', 1, 'super', 0)`);
  await using source = recorder.open();
  const { schemas, warnings } = await source.introspect(
    { schemas: { include: ["facts"] } },
    { statistics: { samples: 3 } },
  );
  expect(warnings).toEqual([]);
  const base = { source: "sample", sampledRows: 3, samples: undefined };
  expect(schemas[0]?.tables[0]?.columns.map(({ statistics }) => statistics)).toEqual([
    undefined,
    { ...base, distinctCount: 3, nullFraction: 0, min: 1n, max: 3n },
    { ...base, distinctCount: 2, nullFraction: 1 - 2 / 3, min: "1.50", max: "2.25" },
    { ...base, distinctCount: 2, nullFraction: 0, min: undefined, max: undefined },
  ]);
  expect(violations(recorder.take())).toEqual([]);
});
