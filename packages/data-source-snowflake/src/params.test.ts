import { sql, ValidationError, type ParamValue } from "@org/data-source-core";
import { compileSql } from "@org/data-source-core/adapter";
import { expect, test } from "vitest";
import { dialect, toBinds } from "./params.ts";

const placeholder = (value: ParamValue): string => compileSql(sql`${value}`, dialect).text;

test.each<[ParamValue, string]>([
  ["x", "?"],
  [1, "?"],
  [true, "?"],
  [null, "?"],
  [1n, "?::NUMBER(38, 0)"],
  [new Date(0), "?::TIMESTAMP_TZ"],
  [new Uint8Array([1]), "TO_BINARY(?, 'HEX')"],
  [[1], "PARSE_JSON(?)::ARRAY"],
  [{ a: 1 }, "PARSE_JSON(?)"],
  [sql.typed(null, "integer"), "?::NUMBER(38, 0)"],
  [sql.typed("1.50", "decimal"), "?::NUMBER(38, 2)"],
  [sql.typed("7", "decimal"), "?::NUMBER(38, 0)"],
  [sql.typed(null, "decimal"), "?::NUMBER(38, 0)"],
  [sql.typed([], "integer[]"), "PARSE_JSON(?)::ARRAY"],
  [sql.typed({}, "struct"), "PARSE_JSON(?)::OBJECT"],
  [sql.typed("x", "date"), "?::DATE"],
  [sql.typed("x", "NUMBER(10, 2)"), "?::NUMBER(10, 2)"],
  [sql.typed("x", "timestamp_ltz"), "?::timestamp_ltz"],
])("in a fragment %o is %s", (value, expected) => {
  expect(placeholder(value)).toBe(expected);
});

test.each(["int; drop table t", "int) or (1=1", "'x'", "a.b", "", "1"])("%j is no type name", (type) => {
  expect(() => placeholder(sql.typed("x", type))).toThrow(ValidationError);
});

test("names are quoted", () => {
  expect(compileSql(sql`${sql.identifier("db", 'my "s', "T")}`, dialect).text).toBe('"db"."my ""s"."T"');
});

test.each<[ParamValue, unknown]>([
  [null, null],
  [true, true],
  [1, 1],
  [1.5, 1.5],
  [Number.NaN, "NaN"],
  [-Infinity, "-inf"],
  [1e21, "1000000000000000000000"],
  [2 ** 53, "9007199254740992"],
  [9007199254740993n, "9007199254740993"],
  ["it's", "it's"],
  [new Date("2024-01-02T03:04:05.678Z"), "2024-01-02T03:04:05.678Z"],
  [new Uint8Array([0, 255]), "00ff"],
  [new Uint8Array([9, 0, 255]).subarray(1), "00ff"],
  [[1, [null]], "[1,[null]]"],
  [
    { a: 2n ** 64n, b: new Date(0), c: [Number.NaN] },
    '{"a":18446744073709551616,"b":"1970-01-01T00:00:00.000Z","c":["NaN"]}',
  ],
  [sql.typed(null, "integer"), null],
  [sql.typed(5n, "integer"), "5"],
])("%o is bound as %o", (value, expected) => {
  expect(toBinds([value])).toEqual([expected]);
});

test("no parameters are no binds, and nothing at the top is an array, which would be a bulk insert", () => {
  expect(toBinds([])).toBeUndefined();
  expect(toBinds([[1, 2]])?.every((bind) => !Array.isArray(bind))).toBe(true);
});
