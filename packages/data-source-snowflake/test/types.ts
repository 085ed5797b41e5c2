import type { TypeCase } from "@org/data-source-conformance";
import type { SnowflakeEmulator } from "@org/warehouse-emulators/snowflake";

type WireColumn = Parameters<SnowflakeEmulator["script"]>[0]["reply"] extends infer Reply
  ? Reply extends { readonly columns: readonly (infer C)[] }
    ? C
    : never
  : never;

/** A type case, and how the wire carries it where the emulator's engine has no such type. */
interface WireCase extends TypeCase {
  readonly wire?: Omit<WireColumn, "name">;
  readonly raw?: string;
}

const ntz = { type: "timestamp_ntz", precision: 0, scale: 9 } as const;
const ltz = { type: "timestamp_ltz", precision: 0, scale: 9 } as const;
const tz = { type: "timestamp_tz", precision: 0, scale: 9 } as const;

const wireCases: readonly WireCase[] = [
  { type: "boolean", sql: "true", value: true, nativeType: "BOOLEAN" },
  { type: "boolean", sql: "false", value: false },
  { type: "integer", sql: "9223372036854775807", value: 9223372036854775807n },
  {
    type: "integer",
    sql: "99999999999999999999999999999999999999::number(38, 0)",
    value: 99999999999999999999999999999999999999n,
    nativeType: "NUMBER(38,0)",
    precision: 38,
    scale: 0,
  },
  { type: "integer", sql: "-5::number(3, 0)", value: -5n, nativeType: "NUMBER(3,0)" },
  { type: "float", sql: "1.5::float", value: 1.5, nativeType: "FLOAT" },
  { type: "float", sql: "'NaN'::float", value: Number.NaN },
  { type: "float", sql: "'-inf'::float", value: -Infinity, wire: { type: "real" }, raw: "-inf" },
  {
    type: "decimal",
    sql: "12345678901234567890.123456789::number(38, 9)",
    value: "12345678901234567890.123456789",
    precision: 38,
    scale: 9,
  },
  { type: "decimal", sql: "1.50::number(10, 2)", value: "1.50", nativeType: "NUMBER(10,2)" },
  { type: "string", sql: "'it''s \u{1F600}'", value: "it's \u{1F600}", nativeType: "VARCHAR" },
  { type: "string", sql: "'02134'::varchar(10)", value: "02134" },
  { type: "string", sql: "'true'", value: "true" },
  { type: "bytes", sql: "to_binary('00FF5C', 'HEX')", value: new Uint8Array([0, 255, 92]), nativeType: "BINARY" },
  { type: "date", sql: "'2024-02-29'::date", value: "2024-02-29", nativeType: "DATE" },
  { type: "date", sql: "'0001-01-01'::date", value: "0001-01-01" },
  {
    type: "time",
    sql: "'23:59:59.123456789'::time",
    value: "23:59:59.123456789",
    nativeType: "TIME(9)",
    precision: 9,
    wire: { type: "time", precision: 0, scale: 9 },
    raw: "86399.123456789",
  },
  { type: "time", sql: "'12:00:00'::time(0)", value: "12:00:00", wire: { type: "time", scale: 0 }, raw: "43200" },
  {
    type: "timestamp",
    sql: "'2024-01-02 03:04:05.123456789'::timestamp_ntz",
    value: "2024-01-02T03:04:05.123456789",
    nativeType: "TIMESTAMP_NTZ(9)",
  },
  {
    type: "timestamp",
    sql: "'1969-12-31 23:59:59.999999999'::timestamp_ntz",
    value: "1969-12-31T23:59:59.999999999",
    wire: ntz,
    raw: "-0.000000001",
  },
  {
    type: "timestamptz",
    sql: "'2024-01-02 03:04:05.123456789 +00:00'::timestamp_ltz",
    value: "2024-01-02T03:04:05.123456789Z",
    nativeType: "TIMESTAMP_LTZ(9)",
    wire: ltz,
    raw: "1704164645.123456789",
  },
  {
    type: "timestamptz",
    sql: "'2024-01-02 08:34:05.123456789 +05:30'::timestamp_tz",
    value: "2024-01-02T08:34:05.123456789+05:30",
    nativeType: "TIMESTAMP_TZ(9)",
    wire: tz,
    raw: "1704164645.123456789 1770",
  },
  {
    type: "timestamptz",
    sql: "'2024-01-02 03:04:05 +00:00'::timestamp_tz",
    value: "2024-01-02T03:04:05.000000000Z",
    wire: tz,
    raw: "1704164645.000000000 1440",
  },
  {
    type: "json",
    sql: `parse_json('{"a":[1,12345678901234567890,"x",null]}')`,
    value: { a: [1, 12345678901234567890n, "x", null] },
    nativeType: "VARIANT",
  },
  {
    type: "json",
    sql: "array_construct(1, 'a')",
    value: [1, "a"],
    nativeType: "ARRAY",
    wire: { type: "array" },
    raw: `[1,"a"]`,
  },
  {
    type: "json",
    sql: "object_construct('a', 1)",
    value: { a: 1 },
    nativeType: "OBJECT",
    wire: { type: "object" },
    raw: `{"a":1}`,
  },
  {
    type: "json",
    sql: "to_geography('POINT(1 2)')",
    value: { coordinates: [1, 2], type: "Point" },
    nativeType: "OBJECT",
    wire: { type: "object", extTypeName: "GEOGRAPHY" },
    raw: `{"coordinates":[1,2],"type":"Point"}`,
  },
];

export const types: readonly TypeCase[] = wireCases.map(({ wire: _wire, raw: _raw, ...rest }) => rest);

/** Has the emulator answer what its engine cannot, in every form in which the suite asks. */
export function scriptTypes(emulator: SnowflakeEmulator): void {
  for (const { sql, wire, raw } of wireCases) {
    if (!wire) continue;
    const columns = [{ name: "V", ...wire }];
    emulator.script({ match: `select ${sql} as v`, reply: { columns, rows: [[raw ?? null]] } });
    emulator.script({ match: `select case when 1 = 0 then ${sql} end as v`, reply: { columns, rows: [[null]] } });
  }
}
