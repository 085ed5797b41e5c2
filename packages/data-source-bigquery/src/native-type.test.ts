import { expect, test } from "vitest";
import { nativeTypeName, paramNativeType, parseNativeType } from "./native-type.ts";

test.each([
  ["INT64", "INT64"],
  ["integer", "INT64"],
  ["STRING(20)", "STRING(20)"],
  ["numeric(10,2)", "NUMERIC(10, 2)"],
  ["ARRAY<STRING>", "ARRAY<STRING>"],
  ["STRUCT<a INT64, `b c` ARRAY<STRUCT<x DATE>>>", "STRUCT<a INT64, b c ARRAY<STRUCT<x DATE>>>"],
  ["STRUCT<INT64, STRING>", "STRUCT<INT64, STRING>"],
  ["STRUCT<NUMERIC(5), s STRING(3)>", "STRUCT<NUMERIC(5), s STRING(3)>"],
  ["STRUCT<>", "STRUCT<>"],
  ["RANGE<TIMESTAMP>", "RANGE<TIMESTAMP>"],
  ["NEWTYPE", "NEWTYPE"],
])("%s reads as %s", (text, name) => {
  const type = parseNativeType(text);
  expect(type && nativeTypeName(type)).toBe(name);
});

test.each(["", "ARRAY<", "ARRAY<INT64", "INT64>", "STRUCT<a>x", "a b c", "NUMERIC(1", "<INT64>"])(
  "%j is no type",
  (text) => {
    expect(parseNativeType(text)).toBeUndefined();
  },
);

test.each([
  ["integer", "INT64"],
  ["decimal[]", "ARRAY<NUMERIC>"],
  ["timestamp", "DATETIME"],
  ["timestamptz", "TIMESTAMP"],
  ["TIMESTAMP", "TIMESTAMP"],
  ["time", "TIME"],
  ["BIGNUMERIC", "BIGNUMERIC"],
  ["ARRAY<DATE>", "ARRAY<DATE>"],
  ["geometry", "GEOGRAPHY"],
])("sql.typed(…, %j) binds %s", (type, name) => {
  expect(nativeTypeName(paramNativeType(type, "params[0]"))).toBe(name);
});

test.each(["timetz", "bits", "array", "struct", "range", "ARRAY<ARRAY<INT64>>", "NEWTYPE", "ARRAY<DATE>[]x"])(
  "%s cannot be bound, and the field is named",
  (type) => {
    expect(() => paramNativeType(type, "params[3]")).toThrow(expect.objectContaining({ field: "params[3]" }));
  },
);
