import type { Harness, IntrospectionFixture, RoundTrip, TypeCase } from "@org/data-source-conformance";
import { sql } from "@org/data-source-core";
import type { LakebaseEmulator } from "@org/lakebase-emulator";
import { Connection } from "pg";
import { createPostgresDataSource } from "../src/index.ts";
import { escapes } from "./escapes.ts";
import { open } from "./server.ts";

export function createHarness(emulator: LakebaseEmulator): Harness {
  const { host, port, user, database, ca } = emulator;
  const count = async (text: string, values: unknown[]): Promise<number> =>
    Number((await emulator.query(text, values)).rows[0]?.["count"]);
  return {
    name: "postgres 18",
    kind: "postgres",
    create: (options) => open(emulator, options),
    createWithWrongPassword: (password) =>
      createPostgresDataSource({ host, port, user, database, password, ssl: { ca } }),
    createUnreachable: () =>
      createPostgresDataSource({ host, port: 1, user, database, password: emulator.clientSecret, ssl: { ca } }),
    secrets: [emulator.clientSecret],
    canWrite: true,
    sql: {
      numbers: (size) => `select g::int8 as n from (select generate_series(1, ${size}) as g) t`,
      sleep: (seconds, marker) => `select pg_sleep(${seconds}) /* ${marker} */`,
      createTable: (table) => sql`create table ${table} (id int primary key, name text)`,
      createTemporaryTable: (name) => sql`create temporary table ${name} (id int)`,
      syntaxError: { text: "select 1 +* from x y z w", position: 13 },
      dataError: "select 1 / 0 as a",
      failingNumbers: (size, failAt) =>
        `select g::int8 / case when g = ${failAt} then 0 else 1 end as n from (select generate_series(1, ${size}) as g) t`,
      textParam: (value) => sql`${value}::text`,
    },
    observe: {
      activeStatements: (marker) =>
        count(
          "select count(*) from pg_stat_activity where state = 'active' and query like '%' || $1 || '%' and pid <> pg_backend_pid()",
          [marker],
        ),
      openConnections: () => count("select count(*) from pg_stat_activity where usename = $1", [user]),
      dropConnections: async () => {
        await emulator.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = $1", [user]);
      },
      statements: countStatements(),
    },
    types,
    roundTrips,
    readOnly: { escapes: (_table, name) => escapes(name), allowed },
    introspection,
    isolation: "serializable",
    skip: { "types: geometry": "needs PostGIS, which the embedded server does not have" },
  };
}

/** Every statement is parsed by the server once: it keeps no count of its own that is exact at once. */
function countStatements(): () => Promise<number> {
  let parsed = 0;
  const { parse } = Connection.prototype;
  Connection.prototype.parse = function count(this: Connection, ...message: Parameters<typeof parse>) {
    parsed += 1;
    parse.apply(this, message);
  };
  return () => Promise.resolve(parsed);
}

const allowed = [
  "explain select 1",
  "explain (analyze) select 1",
  "show server_version",
  "values (1), (2)",
  "table pg_database",
  "select $tag$ delete from x; $tag$ as a",
  "select E'it\\'s; drop table x' as a",
  "with recursive t(n) as (values (1) union all select n + 1 from t where n < 3) select * from t",
  'select 1 as "commit; delete"',
  "select pg_advisory_lock(1)",
];

const int8: TypeCase[] = [
  { type: "integer", sql: "9223372036854775807::int8", value: 9223372036854775807n, nativeType: "int8" },
  { type: "integer", sql: "(-9223372036854775808)::int8", value: -9223372036854775808n },
  { type: "integer", sql: "32767::int2", value: 32767n, nativeType: "int2" },
  { type: "integer", sql: "4294967295::oid", value: 4294967295n, nativeType: "oid" },
];

const types: readonly TypeCase[] = [
  { type: "boolean", sql: "true", value: true },
  { type: "boolean", sql: "false", value: false },
  ...int8,
  { type: "float", sql: "1.7976931348623157e308::float8", value: Number.MAX_VALUE },
  { type: "float", sql: "5e-324::float8", value: 5e-324 },
  { type: "float", sql: "'NaN'::float8", value: Number.NaN },
  { type: "float", sql: "'-Infinity'::float4", value: -Infinity },
  { type: "float", sql: "0.1::float4", value: 0.1, nativeType: "float4" },
  { type: "decimal", sql: "12345678901234567890.123456789::numeric", value: "12345678901234567890.123456789" },
  { type: "decimal", sql: "1.50::numeric(10,2)", value: "1.50", precision: 10, scale: 2 },
  { type: "decimal", sql: "12345::numeric(3,-2)", value: "12300", precision: 3, scale: -2 },
  { type: "decimal", sql: "'NaN'::numeric", value: "NaN" },
  { type: "decimal", sql: "'-Infinity'::numeric", value: "-Infinity" },
  { type: "string", sql: "'it''s \u{1F600}'::text", value: "it's \u{1F600}" },
  { type: "string", sql: "'02134'::varchar(10)", value: "02134", nativeType: "varchar" },
  { type: "string", sql: "'true'", value: "true" },
  { type: "string", sql: "'a'::bpchar(3)", value: "a  " },
  { type: "bytes", sql: String.raw`'\x00ff5c'::bytea`, value: new Uint8Array([0, 255, 92]) },
  { type: "bytes", sql: "''::bytea", value: new Uint8Array() },
  { type: "date", sql: "'2024-02-29'::date", value: "2024-02-29" },
  { type: "date", sql: "'infinity'::date", value: "infinity" },
  { type: "date", sql: "'0044-03-15 BC'::date", value: "0044-03-15 BC" },
  { type: "time", sql: "'23:59:59.999999'::time", value: "23:59:59.999999" },
  { type: "time", sql: "'24:00'::time(3)", value: "24:00:00", precision: 3 },
  { type: "timetz", sql: "'12:00:00.5+05:30'::timetz", value: "12:00:00.5+05:30" },
  { type: "timetz", sql: "'12:00:00+00'::timetz", value: "12:00:00Z" },
  { type: "timetz", sql: "'12:00:00-08'::timetz", value: "12:00:00-08:00" },
  { type: "timestamp", sql: "'2024-01-02 03:04:05.123456'::timestamp", value: "2024-01-02T03:04:05.123456" },
  { type: "timestamp", sql: "'2024-01-02 03:04:05.6'::timestamp(0)", value: "2024-01-02T03:04:06", precision: 0 },
  { type: "timestamp", sql: "'-infinity'::timestamp", value: "-infinity" },
  { type: "timestamp", sql: "'0044-03-15 12:00 BC'::timestamp", value: "0044-03-15 12:00:00 BC" },
  { type: "timestamp", sql: "'12024-01-01 00:00'::timestamp", value: "12024-01-01 00:00:00" },
  { type: "timestamptz", sql: "'2024-01-02 03:04:05.123456+02'::timestamptz", value: "2024-01-02T01:04:05.123456Z" },
  { type: "timestamptz", sql: "'infinity'::timestamptz", value: "infinity" },
  { type: "timestamptz", sql: "'0044-03-15 12:00+00 BC'::timestamptz", value: "0044-03-15 12:00:00+00 BC" },
  {
    type: "interval",
    sql: "'1 year 2 mons -3 days 04:05:06.789'::interval",
    value: "1 year 2 mons -3 days +04:05:06.789",
  },
  {
    type: "json",
    sql: `'{"a": [1, 12345678901234567890, "x"]}'::jsonb`,
    value: { a: [1, 12345678901234567890n, "x"] },
  },
  { type: "json", sql: `'{"a": 1.10}'::json`, value: { a: 1.1 } },
  { type: "json", sql: `'0.12345678901234567890123'::jsonb`, value: "0.12345678901234567890123" },
  { type: "json", sql: "'null'::jsonb", value: null },
  {
    type: "uuid",
    sql: "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid",
    value: "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
  },
  { type: "array", sql: "array[1, null, 9223372036854775807]::int8[]", value: [1n, null, 9223372036854775807n] },
  {
    type: "array",
    sql: "'{{1,2},{3,4}}'::int4[]",
    value: [
      [1n, 2n],
      [3n, 4n],
    ],
  },
  { type: "array", sql: "'[0:1]={1.0,2.50}'::numeric[]", value: ["1.0", "2.50"] },
  { type: "array", sql: "'{}'::text[]", value: [] },
  {
    type: "array",
    sql: String.raw`array['a"b', 'c\d', 'e,f', '{g}', 'NULL', '', ' h ']`,
    value: ['a"b', "c\\d", "e,f", "{g}", "NULL", "", " h "],
  },
  { type: "array", sql: "array['(1,2),(0,0)'::box, '(3,4),(1,1)'::box]", value: ["(1,2),(0,0)", "(3,4),(1,1)"] },
  {
    type: "struct",
    sql: `row(7, 'a "b", (c)', null, array['x', 'y,z'])::conf_pair`,
    value: { id: 7n, label: 'a "b", (c)', missing: null, list: ["x", "y,z"] },
    nativeType: "conf_pair",
  },
  {
    type: "struct",
    sql: "row(null, '', null, null)::conf_pair",
    value: { id: null, label: "", missing: null, list: null },
  },
  {
    type: "array",
    sql: "array[row(1, 'x', 2.50, null)::conf_pair]",
    value: [{ id: 1n, label: "x", missing: "2.50", list: null }],
  },
  { type: "string", sql: "'happy'::conf_mood", value: "happy", nativeType: "conf_mood" },
  { type: "array", sql: "array['happy', 'sad']::conf_mood[]", value: ["happy", "sad"], nativeType: "_conf_mood" },
  { type: "integer", sql: "5::conf_positive", value: 5n },
  { type: "array", sql: "array[5]::conf_positive[]", value: [5n] },
  { type: "range", sql: "'[1,10)'::int4range", value: "[1,10)" },
  { type: "range", sql: "'{[1,3), [5,7)}'::int4multirange", value: "{[1,3),[5,7)}" },
  { type: "range", sql: "'empty'::tstzrange", value: "empty" },
  { type: "range", sql: "'[1.5,2.5]'::conf_floatrange", value: "[1.5,2.5]", nativeType: "conf_floatrange" },
  { type: "bits", sql: "B'0101'::varbit", value: "0101" },
  { type: "bits", sql: "B'1'::bit(1)", value: "1" },
  { type: "other", sql: "'1234.50'::money", value: "$1,234.50" },
  { type: "other", sql: "'10.0.0.1/8'::inet", value: "10.0.0.1/8" },
  { type: "other", sql: "'(1,2)'::point", value: "(1,2)" },
  { type: "other", sql: "'a:1 b:2'::tsvector", value: "'a':1 'b':2" },
];

const roundTrips: readonly RoundTrip[] = [
  { value: true, type: "boolean", returned: true },
  { value: 1.5, type: "float", returned: 1.5 },
  { value: Number.NaN, type: "float", returned: Number.NaN },
  { value: "1.10", type: "decimal", returned: "1.10" },
  { value: 12345678901234567890n, type: "decimal", returned: "12345678901234567890" },
  { value: new Uint8Array([0, 1, 255]), returned: new Uint8Array([0, 1, 255]) },
  { value: new Date("2024-01-02T03:04:05.678Z"), type: "timestamptz", returned: "2024-01-02T03:04:05.678Z" },
  { value: new Date("-000043-03-15T00:00:00.000Z"), type: "date", returned: "0044-03-15 BC" },
  { value: new Date("+012024-01-01T00:00:00.000Z"), type: "timestamp", returned: "12024-01-01 00:00:00" },
  { value: { a: 9007199254740993n, b: [null, "x"] }, type: "json", returned: { a: 9007199254740993n, b: [null, "x"] } },
  { value: [1n, 2n], type: "json", returned: [1, 2] },
  { value: [], type: "integer[]", returned: [] },
  { value: [1n, null, 3n], type: "integer[]", returned: [1n, null, 3n] },
  {
    value: [
      ["a", 'b"\\'],
      ["c,", "NULL"],
    ],
    type: "string[]",
    returned: [
      ["a", 'b"\\'],
      ["c,", "NULL"],
    ],
  },
  { value: [new Uint8Array([1]), null], type: "bytes[]", returned: [new Uint8Array([1]), null] },
  { value: [{ a: 1 }, { b: "x" }], type: "json[]", returned: [{ a: 1 }, { b: "x" }] },
  { value: "sad", type: "conf_mood", returned: "sad" },
  { value: ["sad"], type: "conf_mood[]", returned: ["sad"] },
  { value: "[1,5)", type: "int4range", returned: "[1,5)" },
  { value: "10101", type: "bits", returned: "10101" },
];

const introspection: IntrospectionFixture = {
  schema: "conf",
  setup: [
    "drop schema if exists conf cascade",
    "create schema conf",
    "comment on schema conf is 'what the suite reads'",
    "create type conf.mood as enum ('sad', 'happy')",
    "create domain conf.price as numeric(10,2) check (value > 0)",
    `create table conf.conf_owner (id int8 generated always as identity primary key, name text not null unique)`,
    `create table conf.conf_item (
      id int8 generated by default as identity,
      owner_id int8 references conf.conf_owner (id) on delete cascade,
      code varchar(20) collate "C" default 'none' not null,
      price conf.price,
      mood conf.mood,
      tags text[],
      doubled numeric generated always as (price * 2) stored,
      made timestamptz(3) default now(),
      other_id int8 constraint conf_unchecked references conf.conf_owner (id) not enforced,
      primary key (id, code),
      constraint conf_code_check check (length(code) > 1))`,
    "comment on table conf.conf_item is 'an item'",
    "comment on column conf.conf_item.code is 'its code'",
    "create index conf_item_partial on conf.conf_item (owner_id desc, lower(code)) where owner_id > 0",
    "create view conf.conf_view as select id, code from conf.conf_item",
    "create materialized view conf.conf_mat as select 1 as one",
    "create table conf.conf_part (day date not null, n int) partition by range (day)",
    "create table conf.conf_part_2024 partition of conf.conf_part for values from ('2024-01-01') to ('2025-01-01')",
    "insert into conf.conf_owner (name) values ('a'), ('b')",
    "analyze conf.conf_owner",
  ],
  teardown: ["drop schema conf cascade"],
  scope: { schemas: { include: ["conf"] } },
  tables: [
    {
      name: "conf_item",
      kind: "table",
      comment: "an item",
      definition: null,
      primaryKey: { name: "conf_item_pkey", columns: ["id", "code"], enforced: true },
      foreignKeys: [
        {
          name: "conf_item_owner_id_fkey",
          columns: ["owner_id"],
          references: { schema: "conf", table: "conf_owner", columns: ["id"] },
          onDelete: "cascade",
          onUpdate: "no action",
          enforced: true,
        },
        { name: "conf_unchecked", columns: ["other_id"], enforced: false },
      ],
      checks: [{ name: "conf_code_check" }],
      partitioning: null,
      columns: [
        { name: "id", type: "integer", nativeType: "int8", nullable: false, identity: "by-default", default: null },
        { name: "owner_id", type: "integer", nullable: true, identity: null },
        {
          name: "code",
          nativeType: "varchar",
          length: 20,
          default: "'none'::character varying",
          comment: "its code",
          collation: "C",
        },
        { name: "price", type: "decimal", nativeType: "price", precision: 10, scale: 2 },
        { name: "mood", type: "string", nativeType: "mood" },
        { name: "tags", type: "array", nativeType: "_text", element: { type: "string" } },
        { name: "doubled", type: "decimal", default: null, generated: "((price)::numeric * (2)::numeric)" },
        { name: "made", type: "timestamptz", precision: 3, default: "now()" },
        { name: "other_id" },
      ],
      indexes: [
        {
          name: "conf_item_partial",
          unique: false,
          method: "btree",
          where: "(owner_id > 0)",
          parts: [
            { expression: "owner_id", isColumn: true, order: "desc" },
            { expression: "lower(code::text)", isColumn: false, order: "asc" },
          ],
        },
        { name: "conf_item_pkey", unique: true },
      ],
    } as never,
    { name: "conf_mat", kind: "materialized-view" },
    {
      name: "conf_owner",
      kind: "table",
      uniqueConstraints: [{ name: "conf_owner_name_key", columns: ["name"], enforced: true }],
      rowCount: { value: 2, accuracy: "estimate", source: "pg_class.reltuples" },
      columns: [{ name: "id", identity: "always" }, { name: "name" }],
    } as never,
    {
      name: "conf_part",
      kind: "table",
      partitioning: { strategy: "range", expressions: ["day"], partitions: ["conf_part_2024"] },
    } as never,
    { name: "conf_part_2024", kind: "table" },
    { name: "conf_view", kind: "view" },
  ],
};
