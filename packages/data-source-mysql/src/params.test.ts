import { type ParamValue, sql, ValidationError } from "@org/data-source-core";
import { describe, expect, test } from "vitest";
import { bindParams, typesOf } from "./params.ts";

const bound = (value: ParamValue): unknown => {
  const [result] = bindParams([value]);
  if (typeof result !== "object" || result === null || Buffer.isBuffer(result)) return result;
  const { type, value: inner, unsigned } = result as { type: number; value: unknown; unsigned: boolean };
  return [type, inner, unsigned];
};
const [tiny, double, longlong, json, decimal, varString] = [1, 5, 8, 245, 246, 253];

describe("by their own type", () => {
  test.each<[ParamValue, unknown]>([
    [null, null],
    ["a", "a"],
    [true, [tiny, 1n, false]],
    [42, [longlong, 42n, false]],
    [1.5, [double, 1.5, false]],
    [2 ** 53, [double, 2 ** 53, false]],
    [9223372036854775807n, [longlong, 9223372036854775807n, false]],
    [-9223372036854775808n, [longlong, -9223372036854775808n, false]],
    [9223372036854775808n, [longlong, 9223372036854775808n, true]],
    [18446744073709551615n, [longlong, 18446744073709551615n, true]],
    [18446744073709551616n, [decimal, "18446744073709551616", false]],
    [-9223372036854775809n, [decimal, "-9223372036854775809", false]],
    [new Date("2024-02-29T12:30:00.123Z"), [varString, "2024-02-29 12:30:00.123", false]],
    [Uint8Array.of(1, 2), Buffer.of(1, 2)],
    [{ a: 9007199254740993n }, [json, '{"a":9007199254740993}', false]],
    [
      [1, "x"],
      [json, '[1,"x"]', false],
    ],
  ])("%o", (value, expected) => {
    expect(bound(value)).toEqual(expected);
  });
});

describe("by a stated type", () => {
  test.each<[ParamValue, string, unknown]>([
    ["12.50", "decimal", [decimal, "12.50", false]],
    [7n, "bigint unsigned", [longlong, 7n, false]],
    ["9007199254740993", "integer", [longlong, 9007199254740993n, false]],
    [null, "integer", [longlong, null, false]],
    [null, "string", null],
    ["2024-01-31T12:30:00.123456Z", "timestamptz", [varString, "2024-01-31 12:30:00.123456", false]],
    ["2024-01-31T23:30:00.1+02:00", "timestamptz", [varString, "2024-01-31 21:30:00.1", false]],
    ["2024-01-31 00:30", "datetime", [varString, "2024-01-31 00:30", false]],
    ["0101", "bits", [longlong, 5n, true]],
    ['{"a":1}', "json", [json, '{"a":1}', false]],
    ["2024-01-31", "date", [varString, "2024-01-31", false]],
    [5, "string", [varString, "5", false]],
  ])("%o as %s", (value, type, expected) => {
    expect(bound(sql.typed(value, type))).toEqual(expected);
  });

  test.each<[ParamValue, string]>([
    ["x", "integer"],
    [1.5, "integer"],
    ["1,5", "decimal"],
    [{}, "decimal"],
    ["yes", "boolean"],
    [NaN, "float"],
    ["2", "bits"],
    ["soon", "timestamptz"],
    [[1], "string"],
    ["text", "bytes"],
    [1, "no such type"],
    [1, "integer[]"],
    [1, "toString"],
  ])("%o as %s is refused by name", (value, type) => {
    expect(() => bindParams([null, sql.typed(value, type)])).toThrow(
      expect.objectContaining({ code: "VALIDATION", field: "params[1]" }),
    );
  });
});

test("what has no SQL value is refused", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;
  for (const value of [NaN, Infinity, cyclic]) expect(() => bindParams([value])).toThrow(ValidationError);
});

test("types tell values apart that a statement cannot share; nulls and bytes go with text", () => {
  const params = ["a", null, 1, 1.5, true, 2n ** 63n, 2n ** 64n, Uint8Array.of(1), { a: 1 }, new Date(0)];
  expect(typesOf(bindParams(params))).toBe("text,text,8,5,1,8u,246,text,245,253");
});
