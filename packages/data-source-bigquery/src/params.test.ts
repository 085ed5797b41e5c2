import { sql } from "@org/data-source-core";
import { expect, test } from "vitest";
import { bindParams, encodeParams, paramSignature } from "./params.ts";

test.each([
  [true, "BOOL", "true"],
  [1, "INT64", "1"],
  [2 ** 53, "FLOAT64", "9007199254740992"],
  [0.5, "FLOAT64", "0.5"],
  [Number.NaN, "FLOAT64", "NaN"],
  [-Infinity, "FLOAT64", "-Infinity"],
  [2n ** 63n - 1n, "INT64", "9223372036854775807"],
  [-(2n ** 63n), "INT64", "-9223372036854775808"],
  [2n ** 63n, "BIGNUMERIC", "9223372036854775808"],
  ["x", "STRING", "x"],
  [new Uint8Array([0, 255]), "BYTES", "AP8="],
  [new Date(1.5), "TIMESTAMP", "1970-01-01T00:00:00.001Z"],
  [{ a: [1n, { b: 2n ** 64n }], c: undefined }, "JSON", '{"a":[1,{"b":18446744073709551616}]}'],
] as const)("%s is bound as %s", (value, type, text) => {
  expect(encodeParams(bindParams([value]))).toEqual([{ parameterType: { type }, parameterValue: { value: text } }]);
});

test.each([
  [sql.typed(new Date(0), "date"), "DATE", "1970-01-01"],
  [sql.typed(new Date(0), "timestamp"), "DATETIME", "1970-01-01T00:00:00.000"],
  [sql.typed("1.50", "decimal"), "NUMERIC", "1.50"],
  [sql.typed('{"a":1}', "json"), "JSON", '{"a":1}'],
  [sql.typed(null, "integer"), "INT64", null],
] as const)("given types decide", (value, type, text) => {
  expect(encodeParams(bindParams([value]))).toEqual([{ parameterType: { type }, parameterValue: { value: text } }]);
});

test("ranges have bounds, open ones none", () => {
  const [closed, open] = encodeParams(
    bindParams([sql.typed("[2024-01-01, 2024-02-01)", "RANGE<DATE>"), sql.typed("[unbounded, NULL)", "RANGE<DATE>")]),
  );
  expect(closed).toEqual({
    parameterType: { type: "RANGE", rangeElementType: { type: "DATE" } },
    parameterValue: { rangeValue: { start: { value: "2024-01-01" }, end: { value: "2024-02-01" } } },
  });
  expect(open?.parameterValue).toEqual({ rangeValue: {} });
});

test("numbers of an array find the type that holds them all; nulls do not matter", () => {
  const typeOf = (value: readonly unknown[]): unknown =>
    encodeParams(bindParams([value as never]))[0]?.parameterType.arrayType?.type;
  expect(typeOf([1, 2n])).toBe("INT64");
  expect(typeOf([1, 0.5])).toBe("FLOAT64");
  expect(typeOf([1, 2n ** 64n, null])).toBe("BIGNUMERIC");
  expect(typeOf([null, "x"])).toBe("STRING");
});

test("what has no type takes the server's, by name in any case or by place, else text", () => {
  const told = [{ name: "A", parameterType: { type: "DATE" } }];
  const [a, b] = encodeParams(bindParams({ a: null, b: null }), told);
  expect([a?.parameterType, b?.parameterType]).toEqual([{ type: "DATE" }, { type: "STRING" }]);
  const byPlace = encodeParams(bindParams([null, []]), [
    { parameterType: { type: "BOOL" } },
    { parameterType: { type: "ARRAY", arrayType: { type: "INT64" } } },
  ]);
  expect(byPlace.map((param) => param.parameterType)).toEqual([
    { type: "BOOL" },
    { type: "ARRAY", arrayType: { type: "INT64" } },
  ]);
});

test("the signature tells types apart, not values", () => {
  const signature = (params: Record<string, unknown>): string[] => paramSignature(bindParams(params as never));
  expect(signature({ a: 1, b: "x" })).toEqual(signature({ a: 2n, b: "y" }));
  expect(signature({ a: 1 })).not.toEqual(signature({ a: 0.5 }));
  expect(signature({ a: null })).toEqual(["a ?"]);
  expect(signature({ a: [1n] })).not.toEqual(signature({ a: 1n }));
});
