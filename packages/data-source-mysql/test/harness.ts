import type { Harness } from "@org/data-source-conformance";
import { sql } from "@org/data-source-core";
import { createMySqlDataSource } from "../src/index.ts";
import { escapes } from "./escapes.ts";
import { introspectionFixture } from "./introspection-fixture.ts";
import { series } from "./series.ts";
import type { Observer } from "./observer.ts";
import type { MySqlServer } from "@org/warehouse-emulators/mysql";

const bytesOf = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
/** A little-endian point, as WKB. */
const point = Uint8Array.from(Buffer.from("0101000000000000000000f03f0000000000000040", "hex"));

export function createHarness({ options, isMariaDb }: MySqlServer, observer: Observer): Harness {
  const numbers = (count: number, expression = "seq"): string =>
    `select ${expression} as n from ${series(isMariaDb, count)}`;
  return {
    name: isMariaDb ? "mariadb" : "mysql",
    kind: "mysql",
    create: (own) => createMySqlDataSource({ ...options, ...own }),
    createWithWrongPassword: (password) => createMySqlDataSource({ ...options, password }),
    createUnreachable: () => createMySqlDataSource({ ...options, port: 1 }),
    secrets: [options.password],
    canWrite: true,
    observe: observer,
    isolation: "repeatable-read",
    sql: {
      numbers,
      sleep: (seconds, marker) => `select sleep(${seconds}) as slept, '${marker}' as marker`,
      createTable: (table) => sql`create table ${table} (id bigint primary key, name text) engine = InnoDB`,
      createTemporaryTable: (name) => sql`create temporary table ${name} (id bigint)`,
      syntaxError: { text: "select 1 +\n  from where", position: 14 },
      dataError: "select 9223372036854775807 + 1 as v",
      failingNumbers: (count, failAt) =>
        numbers(count, `cast(seq as signed) + if(seq = ${failAt}, 9223372036854775807, 0)`),
      textParam: (value) => value,
    },
    types: [
      { type: "integer", sql: "18446744073709551615", value: 18446744073709551615n, nativeType: "bigint unsigned" },
      { type: "integer", sql: "-9223372036854775808", value: -9223372036854775808n },
      { type: "integer", sql: "cast(-1 as signed)", value: -1n },
      { type: "integer", sql: "9007199254740993", value: 9007199254740993n, nativeType: "bigint" },
      { type: "float", sql: "1.7976931348623157e308", value: 1.7976931348623157e308, nativeType: "double" },
      { type: "float", sql: "5e-324", value: 5e-324 },
      { type: "float", sql: "0.1e0", value: 0.1 },
      {
        type: "decimal",
        sql: "cast('-12345678901234567890123456789012345.123456789012345678901234567890' as decimal(65,30))",
        value: "-12345678901234567890123456789012345.123456789012345678901234567890",
        nativeType: "decimal",
        precision: 65,
        scale: 30,
      },
      { type: "decimal", sql: "1.50", value: "1.50", scale: 2 },
      { type: "string", sql: "'ümlaut \u{1F600} 漢字'", value: "ümlaut \u{1F600} 漢字", nativeType: "varchar" },
      { type: "string", sql: "'02134'", value: "02134" },
      { type: "string", sql: "'true'", value: "true" },
      { type: "bytes", sql: "x'00ff7f'", value: bytesOf(0, 255, 127) },
      { type: "date", sql: "date'9999-12-31'", value: "9999-12-31", nativeType: "date" },
      { type: "time", sql: "cast('-838:59:58.000001' as time(6))", value: "-838:59:58.000001", precision: 6 },
      { type: "time", sql: "time'08:09:10'", value: "08:09:10" },
      {
        type: "timestamp",
        sql: "timestamp'2024-02-29 23:59:59.000100'",
        value: "2024-02-29T23:59:59.000100",
        nativeType: "datetime",
        precision: 6,
      },
      { type: "timestamp", sql: "cast('2024-01-02 03:04:05' as datetime(3))", value: "2024-01-02T03:04:05.000" },
      {
        type: "timestamptz",
        sql: "(select moment from type_fixture)",
        value: "2024-02-29T12:30:00.123456Z",
        nativeType: "timestamp",
      },
      {
        type: "json",
        sql: `json_object('a', 1, 'b', json_array(true, null))`,
        value: { a: 1, b: [true, null] },
        nativeType: "json",
      },
      { type: "geometry", sql: "st_geomfromtext('POINT(1 2)')", value: point },
      { type: "bits", sql: "(select flags from type_fixture)", value: "0000000101", nativeType: "bit" },
      ...(isMariaDb
        ? ([
            {
              type: "uuid",
              sql: "cast('8d6ea0a4-2b44-4b22-b8d3-1f7b8e6a1a01' as uuid)",
              value: "8d6ea0a4-2b44-4b22-b8d3-1f7b8e6a1a01",
              nativeType: "uuid",
            },
            { type: "other", sql: "cast('::1' as inet6)", value: "::1" },
          ] as const)
        : []),
    ],
    roundTrips: [
      { value: 42, returned: 42n },
      { value: 1.5, returned: 1.5 },
      { value: true, returned: 1n },
      { value: 18446744073709551615n, returned: 18446744073709551615n },
      { value: 10n ** 30n, returned: String(10n ** 30n) },
      { value: "12.3400", type: "decimal", returned: "12.3400" },
      {
        value: bytesOf(0, 1, 255),
        returned: bytesOf(0, 1, 255),
        // To MySQL a parameter alone is text, whatever its type.
        select: (value) => sql`cast(${value} as binary)`,
      },
      {
        value: { a: [1, 9007199254740993n] },
        returned: '{"a":[1,9007199254740993]}',
        select: (value) => sql`concat(${value})`,
      },
      { value: [1, 2], returned: "[1,2]", select: (value) => sql`concat(${value})` },
      {
        value: new Date("2024-02-29T12:30:00.123Z"),
        returned: "2024-02-29T12:30:00.123000",
        select: (value) => sql`cast(${value} as datetime(6))`,
      },
      {
        value: "2024-02-29T12:30:00.123456+02:00",
        type: "timestamptz",
        returned: "2024-02-29T10:30:00.123456",
        select: (value) => sql`cast(${value} as datetime(6))`,
      },
      { value: null, type: "decimal", returned: null },
      { value: "101", type: "bits", returned: 5n },
    ],
    readOnly: {
      escapes: (_table, name) => escapes(`\`${name}\``, `/tmp/${name}.escaped`),
      allowed: [
        "show tables",
        "describe type_fixture",
        "explain select 1",
        "select `into` from (select 1 as `into`) as t",
        "select 'for update' as a, \"into outfile\" as b",
        "select 1 as a -- for update",
        "select replace('a', 'a', 'b') as a, insert('abc', 1, 1, 'x') as b",
        "select @@version as v",
        "select * from type_fixture use index for join (primary)",
        ...(isMariaDb ? ["values (1), (2)", "analyze select 1"] : ["table type_fixture"]),
      ],
    },
    introspection: introspectionFixture(options.database, isMariaDb),
    skip: {
      "types: boolean": "BOOLEAN is TINYINT(1), an integer",
      "types: timetz": "MySQL has no time with an offset",
      "types: interval": "intervals are syntax, not values",
      "types: array": "MySQL has no arrays",
      "types: struct": "MySQL has no records",
      "types: range": "MySQL has no ranges",
      ...(isMariaDb
        ? {}
        : { "types: uuid": "MySQL has no UUID type", "types: the other cases of the harness": "none" }),
    },
  };
}
