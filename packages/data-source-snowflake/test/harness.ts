import type { Harness, IntrospectionFixture, RoundTrip } from "@org/data-source-conformance";
import { sql } from "@org/data-source-core";
import type { SnowflakeEmulator } from "@org/warehouse-emulators/snowflake";
import { setImmediate } from "node:timers/promises";
import { createSnowflakeDataSource } from "../src/index.ts";
import { allowedReads, escapes } from "./escapes.ts";
import { foldNames } from "./fold-names.ts";
import { open } from "./server.ts";
import { scriptTypes, types } from "./types.ts";

const shared = "statements share one session, and none waits for it";
const noType = "Snowflake has no such type";

/** What the emulator and a real account have in common. */
export const common = {
  kind: "snowflake",
  sql: {
    numbers: (size) => `select seq8() + 1 as n from table(generator(rowcount => ${size}))`,
    sleep: (seconds, marker) => `select system$wait(${seconds}) as waited /* ${marker} */`,
    createTable: (table) => sql`create table ${table} (id int primary key, name varchar)`,
    createTemporaryTable: (name) => sql`create temporary table ${name} (id int)`,
    syntaxError: { text: "select 1 fro t", position: 14 },
    dataError: "select 'x'::number as v",
    // A result is computed as a whole before its first row is sent.
    failingNumbers: undefined,
    textParam: (value) => sql`${value}::varchar`,
  },
  types,
  isolation: "read-committed",
  skip: {
    "errors: a broken constraint is CONSTRAINT": "primary keys are recorded, not enforced",
    "query: a column may have any name": "snowflake-sdk fails for a column called constructor or __proto__",
    "connect: never more connections than pool.max": shared,
    "timeout: waiting for a connection counts": shared,
    "timeout: pool.acquireTimeoutMs is ACQUIRE_TIMEOUT": shared,
    "cancel: an abort while waiting for a connection": shared,
    "types: timetz": noType,
    "types: interval": noType,
    "types: uuid": noType,
    "types: array": "ARRAY is semi-structured: it arrives as json",
    "types: struct": "OBJECT is semi-structured: it arrives as json",
    "types: range": noType,
    "types: geometry": "GEOGRAPHY arrives as an OBJECT of GeoJSON: as json",
    "types: bits": noType,
  },
} satisfies Partial<Harness>;

export function createHarness(emulator: SnowflakeEmulator): Harness {
  scriptTypes(emulator);
  // Its own engine would keep all rows of the largest ones.
  emulator.script({
    match: /^select seq8\(\) \+ 1 as n from table\(generator\(rowcount => \d+\)\)$/,
    reply: ({ sql: text }) => {
      const length = Number(/\d+(?=\)\)$)/.exec(text)?.[0]);
      const slice = (start: number, end = length): string[][] =>
        Array.from({ length: Math.max(0, Math.min(end, length) - start) }, (_, index) => [String(start + index + 1)]);
      return { columns: [{ name: "N", type: "fixed", precision: 19, scale: 0 }], rows: { length, slice } };
    },
  });
  for (const text of allowedReads) {
    // Whether a read passes is the adapter's to decide; what it would give is not.
    const isOwn = /^\(?select 1\)?;?$|^values|^select 1$/.test(text);
    if (!isOwn) emulator.script({ match: text, reply: { columns: [{ name: "A", type: "text" }], rows: [] } });
  }
  return {
    ...common,
    name: "snowflake emulator",
    create: (options) => foldNames(open(emulator, options)),
    createWithWrongPassword: (password) => createSnowflakeDataSource({ ...emulator.connectionOptions, password }),
    createUnreachable: () =>
      createSnowflakeDataSource({
        ...emulator.connectionOptions,
        accessUrl: "http://127.0.0.1:1",
        connectTimeoutMs: 1000,
      }),
    secrets: [emulator.connectionOptions.password],
    canWrite: true,
    observe: {
      activeStatements: async (marker) => emulator.running(marker),
      openConnections: async () => emulator.sessionIds.length,
      dropConnections: async () => {
        emulator.expire("gone");
        while (emulator.running("") > 0) await setImmediate();
      },
      statements: async () => emulator.statements.length,
    },
    roundTrips,
    readOnly: { escapes: (_table, name) => escapes(`"${name}"`), allowed: allowedReads },
    introspection: introspectionIn("DEMO", "PUBLIC"),
  };
}

export const roundTrips: readonly RoundTrip[] = [
  { value: true, returned: true },
  { value: 42, returned: 42n },
  { value: 1.5, returned: 1.5 },
  { value: -7n, returned: -7n },
  { value: "2024-02-29", type: "date", returned: "2024-02-29" },
  { value: "12.50", type: "decimal", returned: "12.50" },
  { value: Number.NaN, type: "float", returned: Number.NaN },
  { value: "2024-01-02 03:04:05.123456789", type: "timestamp", returned: "2024-01-02T03:04:05.123456789" },
  { value: new Uint8Array([0, 255, 92]), returned: new Uint8Array([0, 255, 92]) },
  { value: { a: [1, 2n ** 70n], b: null }, returned: { a: [1, 2n ** 70n], b: null } },
  { value: "12.5", type: "NUMBER(10, 2)", returned: "12.50" },
  { value: null, type: "date", returned: null },
];

const introspected = (database: string, schema: string) => [
  {
    name: "conf_parent",
    kind: "table",
    comment: "parents",
    definition: null,
    rowCount: { value: 2, accuracy: "exact" },
    clustering: null,
    primaryKey: { columns: ["ID"], enforced: false },
    foreignKeys: [],
    uniqueConstraints: [],
    columns: [
      { name: "ID", type: "integer", nativeType: "NUMBER(10,0)", nullable: false, comment: "the key" },
      {
        name: "Mixed",
        type: "string",
        nativeType: "VARCHAR",
        length: 20,
        nullable: true,
        default: "'x'",
        comment: null,
      },
      { name: "AMOUNT", type: "decimal", nativeType: "NUMBER(10,2)", precision: 10, scale: 2 },
    ],
  },
  {
    name: "conf_child",
    kind: "table",
    primaryKey: null,
    clustering: ["MADE", "ID"],
    uniqueConstraints: [{ name: "CHILD_U", columns: ["ID", "PARENT"], enforced: false }],
    foreignKeys: [
      {
        name: "CHILD_FK",
        columns: ["PARENT"],
        enforced: false,
        references: { catalog: database, schema, table: "conf_parent", columns: ["ID"] },
      },
    ],
    columns: [
      { name: "ID", identity: "by-default" },
      { name: "PARENT", nativeType: "NUMBER(10,0)" },
      { name: "MADE", type: "timestamp" },
    ],
  },
  { name: "conf_view", kind: "view", columns: [{ name: "ID", position: 1, type: "integer" }], rowCount: undefined },
];

/** Tables, keys and a view in this schema. */
export function introspectionIn(database: string, schema: string): IntrospectionFixture {
  return {
    schema,
    scope: { schemas: { include: [schema] }, tables: { include: ["conf_parent", "conf_child", "conf_view"] } },
    setup: [
      `create table "conf_parent" (id number(10, 0) not null primary key comment 'the key', "Mixed" varchar(20) default 'x', amount number(10, 2)) comment = 'parents'`,
      `create table "conf_child" (id number autoincrement, parent number(10, 0), made timestamp_ntz, constraint child_u unique (id, parent), constraint child_fk foreign key (parent) references "conf_parent" (id)) cluster by (made, id)`,
      `insert into "conf_parent" (id, amount) values (1, 1.50), (2, null)`,
      `create view "conf_view" as select id from "conf_parent"`,
    ],
    teardown: [`drop view "conf_view"`, `drop table "conf_child"`, `drop table "conf_parent"`],
    tables: introspected(database, schema),
  };
}
