import { expect, test } from "vitest";
import type { DriverField } from "./driver.ts";
import { createTypeMap, readRaw } from "./type-map.ts";

/** As MariaDB 10.11 described the columns of a table of all types. */
const field = (columnType: number, own: Partial<DriverField> = {}): DriverField => ({
  name: "c",
  columnType,
  characterSet: 63,
  columnLength: 0,
  flags: 0,
  decimals: 0,
  ...own,
});
const types = createTypeMap({ integers: "bigint", json: "parsed" });

test.each([
  ["bigint unsigned", "integer", field(8, { columnLength: 20, flags: 32 })],
  ["mediumint", "integer", field(9, { columnLength: 9 })],
  ["smallint unsigned", "integer", field(2, { columnLength: 5, flags: 96 })],
  ["tinyint", "integer", field(1, { columnLength: 1 })],
  ["year", "integer", field(13, { columnLength: 4, flags: 96 })],
  ["double", "float", field(5, { columnLength: 22, decimals: 31 })],
  ["date", "date", field(10, { columnLength: 10, flags: 128 })],
  ["varchar", "string", field(253, { characterSet: 224, columnLength: 40 })],
  ["char", "string", field(254, { characterSet: 224, columnLength: 20 })],
  ["enum", "string", field(254, { characterSet: 224, flags: 256 })],
  ["set", "string", field(254, { characterSet: 224, flags: 2048 })],
  ["tinytext", "string", field(252, { characterSet: 224, columnLength: 1020, flags: 16 })],
  ["text", "string", field(252, { characterSet: 224, columnLength: 262_140, flags: 16 })],
  ["mediumtext", "string", field(252, { characterSet: 224, columnLength: 67_108_860, flags: 16 })],
  ["longblob", "bytes", field(252, { columnLength: 4_294_967_295, flags: 144 })],
  ["blob", "bytes", field(252, { columnLength: 65_535, flags: 144 })],
  ["binary", "bytes", field(254, { columnLength: 3, flags: 128 })],
  ["varbinary", "bytes", field(253, { columnLength: 5, flags: 128 })],
  ["json", "json", field(252, { characterSet: 224, columnLength: 4_294_967_295, extendedFormat: "json" })],
  ["json", "json", field(245, { columnLength: 4_294_967_295 })],
  ["uuid", "uuid", field(254, { characterSet: 224, extendedTypeName: "uuid" })],
  ["inet6", "other", field(254, { characterSet: 224, extendedTypeName: "inet6" })],
  ["point", "geometry", field(255, { extendedTypeName: "point" })],
  ["geometry", "geometry", field(255)],
  ["null", "other", field(6)],
  ["type 200", "other", field(200)],
])("%s is %s", (nativeType, type, described) => {
  expect(types(described)).toMatchObject({ nativeType, type });
});

test.each([
  ["decimal(65,30)", 65, 30, field(246, { columnLength: 67, decimals: 30 })],
  ["decimal(10,0)", 10, 0, field(246, { columnLength: 11 })],
  ["decimal(5,2) unsigned", 5, 2, field(246, { columnLength: 6, decimals: 2, flags: 32 })],
  ["datetime(6)", 6, undefined, field(12, { decimals: 6 })],
  ["time", 0, undefined, field(11)],
  ["a time of any fraction", undefined, undefined, field(11, { decimals: 39 })],
  ["bit(10)", 10, undefined, field(16, { columnLength: 10, flags: 32 })],
])("precision and scale of %s", (_name, precision, scale, described) => {
  expect(types(described)).toMatchObject({ precision, scale });
});

test("nullable unless the server says not", () => {
  expect(types(field(3)).nullable).toBe(true);
  expect(types(field(3, { flags: 1 })).nullable).toBe(false);
});

test("integers come as numbers or digits, and leave as the mode says", () => {
  expect(types(field(8)).convert("9223372036854775807" as never)).toBe(9223372036854775807n);
  expect(types(field(3)).convert(-5 as never)).toBe(-5n);
  const strings = createTypeMap({ integers: "string", json: "text" });
  expect(strings(field(3)).convert(-5 as never)).toBe("-5");
  expect(strings(field(245)).convert('{"a": 1}' as never)).toBe('{"a": 1}');
});

test("bytes are a copy", () => {
  const received = Buffer.from([1, 2]);
  const value = types(field(252)).convert(received as never);
  received.fill(0);
  expect(value).toStrictEqual(Uint8Array.of(1, 2));
});

test("the driver reads a geometry as bytes, and sees no names", () => {
  const fields = [field(255, { name: "__proto__" }), field(3)];
  readRaw(fields);
  expect(fields.map(({ name, columnType }) => [name, columnType])).toEqual([
    ["", 252],
    ["", 3],
  ]);
});
