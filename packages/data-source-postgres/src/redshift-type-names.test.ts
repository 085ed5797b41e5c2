import { expect, test } from "vitest";
import { readExternalTypeName, readTypeName } from "./redshift-type-names.ts";

const summary = ({ column, length }: ReturnType<typeof readTypeName>): unknown[] => [
  column.type,
  column.nativeType,
  column.precision,
  column.scale,
  length,
];

test.each([
  ["bigint", ["integer", "int8", undefined, undefined, undefined]],
  ["numeric(38,0)", ["decimal", "numeric", 38, 0, undefined]],
  ["numeric", ["decimal", "numeric", undefined, undefined, undefined]],
  ["character varying(256)", ["string", "varchar", undefined, undefined, 256]],
  ["character(3)", ["string", "bpchar", undefined, undefined, 3]],
  ["binary varying(1024)", ["bytes", "varbyte", undefined, undefined, 1024]],
  ["timestamp(6) with time zone", ["timestamptz", "timestamptz", 6, undefined, undefined]],
  ["time with time zone", ["timetz", "timetz", undefined, undefined, undefined]],
  ["interval year to month", ["interval", "interval year to month", undefined, undefined, undefined]],
  ["hllsketch", ["other", "hllsketch", undefined, undefined, undefined]],
  ["", ["other", "", undefined, undefined, undefined]],
])("a type of the catalog: %s", (declared, expected) => {
  expect(summary(readTypeName(declared))).toEqual(expected);
});

test.each([
  ["varchar(20)", ["string", "varchar", undefined, undefined, 20]],
  ["decimal(10)", ["decimal", "decimal", 10, 0, undefined]],
  ["double", ["float", "double", undefined, undefined, undefined]],
  ["struct<a:decimal(3,1),b:int>", ["other", "struct<a:decimal(3,1),b:int>", undefined, undefined, undefined]],
])("a type of an external table: %s", (declared, expected) => {
  expect(summary(readExternalTypeName(declared))).toEqual(expected);
});
