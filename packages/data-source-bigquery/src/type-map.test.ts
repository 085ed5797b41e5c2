import { expect, test } from "vitest";
import { columnsOf, createRowReader, type TableField } from "./type-map.ts";

const options = { integers: "bigint", json: "parsed" } as const;

test("nested and repeated values, nulls at every level", () => {
  const fields: TableField[] = [
    {
      name: "items",
      type: "RECORD",
      mode: "REPEATED",
      fields: [
        { name: "sku", type: "STRING" },
        { name: "sizes", type: "INTEGER", mode: "REPEATED" },
        { name: "__proto__", type: "BOOLEAN" },
      ],
    },
    { name: "none", type: "RECORD", fields: [{ name: "a", type: "STRING" }] },
  ];
  const read = createRowReader(fields, options);
  const item = ["x", ["1", "9007199254740993"], "true"];
  const [items, none] = read([[item, [null, [], null]], null]);
  expect(none).toBeNull();
  expect((items as object[]).map((value) => Object.entries(value))).toEqual([
    [
      ["sku", "x"],
      ["sizes", [1n, 9007199254740993n]],
      ["__proto__", true],
    ],
    [
      ["sku", null],
      ["sizes", []],
      ["__proto__", null],
    ],
  ]);
});

test("decimals, floats, json and ranges keep every digit", () => {
  const fields: TableField[] = [
    { name: "n", type: "NUMERIC" },
    { name: "f", type: "FLOAT" },
    { name: "inf", type: "FLOAT64" },
    { name: "nan", type: "FLOAT" },
    { name: "j", type: "JSON" },
    { name: "r", type: "RANGE", rangeElementType: { type: "TIMESTAMP" } },
    { name: "open", type: "RANGE", rangeElementType: { type: "TIMESTAMP" } },
  ];
  const texts = ["0.000000001", "0.1", "-Infinity", "NaN", '{"a":12345678901234567890}', "[-1, 0)", "[UNBOUNDED, 0)"];
  expect(createRowReader(fields, options)(texts)).toEqual([
    "0.000000001",
    0.1,
    -Infinity,
    Number.NaN,
    { a: 12345678901234567890n },
    "[1969-12-31T23:59:59.999999Z, 1970-01-01T00:00:00Z)",
    "[UNBOUNDED, 1970-01-01T00:00:00Z)",
  ]);
});

test("columns say type, size, element and members", () => {
  expect(
    columnsOf([
      { name: "a", type: "NUMERIC", precision: "10", mode: "REQUIRED" },
      { name: "b", type: "BIGNUMERIC", mode: "REPEATED" },
      { name: "c", type: "NEWTYPE" },
    ]),
  ).toEqual([
    { name: "a", key: "a", type: "decimal", nativeType: "NUMERIC(10)", precision: 10, scale: 0, nullable: false },
    {
      name: "b",
      key: "b",
      type: "array",
      nativeType: "ARRAY<BIGNUMERIC>",
      precision: undefined,
      scale: undefined,
      nullable: undefined,
      element: { type: "decimal", nativeType: "BIGNUMERIC", precision: 76, scale: 38, nullable: undefined },
    },
    {
      name: "c",
      key: "c",
      type: "other",
      nativeType: "NEWTYPE",
      precision: undefined,
      scale: undefined,
      nullable: undefined,
    },
  ]);
});
