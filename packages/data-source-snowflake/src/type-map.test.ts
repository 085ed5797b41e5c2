import { isDataSourceError } from "@org/data-source-core";
import { expect, test } from "vitest";
import { createTypeMap } from "./type-map.ts";

const types = createTypeMap({ integers: "bigint", json: "parsed" });
const convert = (
  wireType: string,
  text: string,
  precision: number | null = null,
  scale: number | null = null,
): unknown => types(wireType, precision, scale).convert(text);

test("numbers keep all digits", () => {
  expect(convert("fixed", "99999999999999999999999999999999999999", 38, 0)).toBe(
    99999999999999999999999999999999999999n,
  );
  expect(convert("fixed", "-1", 38, 0)).toBe(-1n);
  expect(convert("fixed", "12345678901234567890.12345678", 38, 8)).toBe("12345678901234567890.12345678");
  expect(convert("fixed", "1.50", 10, 2)).toBe("1.50");
  expect(types("fixed", 10, 2)).toMatchObject({ type: "decimal", nativeType: "NUMBER(10,2)", precision: 10, scale: 2 });
  expect(types("fixed", 38, 0)).toMatchObject({ type: "integer", nativeType: "NUMBER(38,0)" });
});

test("integers by mode", () => {
  const safe = createTypeMap({ integers: "safe-number", json: "parsed" })("fixed", 38, 0);
  expect(safe.convert("42")).toBe(42);
  expect(() => safe.convert("9007199254740993")).toThrow("beyond 2^53");
  expect(
    isDataSourceError(
      caught(() => safe.convert("9007199254740993")),
      "DATA",
    ),
  ).toBe(true);
  expect(createTypeMap({ integers: "string", json: "parsed" })("fixed", 38, 0).convert("7")).toBe("7");
});

test("floats, infinities included", () => {
  expect(["1.5", "1.7976931348623157e+308", "NaN", "inf", "-inf"].map((text) => convert("real", text))).toEqual([
    1.5,
    Number.MAX_VALUE,
    Number.NaN,
    Infinity,
    -Infinity,
  ]);
});

test.each([
  ["0.000000000", "1970-01-01T00:00:00.000000000"],
  ["1704164645.123456789", "2024-01-02T03:04:05.123456789"],
  ["1704164645", "2024-01-02T03:04:05"],
  ["1704164645.120", "2024-01-02T03:04:05.120"],
  ["-0.000000001", "1969-12-31T23:59:59.999999999"],
  ["-1.500000000", "1969-12-31T23:59:58.500000000"],
  ["-1.000000000", "1969-12-31T23:59:59.000000000"],
  ["-62135596800.000000000", "0001-01-01T00:00:00.000000000"],
  ["253402300799.999999999", "9999-12-31T23:59:59.999999999"],
])("TIMESTAMP_NTZ %s", (text, expected) => {
  expect(convert("timestamp_ntz", text, 0, 9)).toBe(expected);
  expect(convert("timestamp_ltz", text, 0, 9)).toBe(`${expected}Z`);
});

test.each([
  ["1704164645.123456789 1440", "2024-01-02T03:04:05.123456789Z"],
  ["1704164645.123456789 1770", "2024-01-02T08:34:05.123456789+05:30"],
  ["1704164645.000000000 960", "2024-01-01T19:04:05.000000000-08:00"],
  ["-0.500000000 1500", "1970-01-01T00:59:59.500000000+01:00"],
])("TIMESTAMP_TZ %s", (text, expected) => {
  expect(convert("timestamp_tz", text, 0, 9)).toBe(expected);
  expect(types("timestamp_tz", 0, 9)).toMatchObject({
    type: "timestamptz",
    nativeType: "TIMESTAMP_TZ(9)",
    precision: 9,
  });
});

test("dates and times", () => {
  expect(["0", "-1", "19782", "-719162", "2932896"].map((text) => convert("date", text))).toEqual([
    "1970-01-01",
    "1969-12-31",
    "2024-02-29",
    "0001-01-01",
    "9999-12-31",
  ]);
  expect(convert("time", "86399.123456789", 0, 9)).toBe("23:59:59.123456789");
  expect(convert("time", "0", 0, 0)).toBe("00:00:00");
});

test("bytes, booleans, text", () => {
  expect(convert("binary", "00FF5C")).toEqual(new Uint8Array([0, 255, 92]));
  expect([convert("boolean", "1"), convert("boolean", "0"), convert("boolean", "TRUE")]).toEqual([true, false, true]);
  expect([convert("text", "02134"), convert("text", "true")]).toEqual(["02134", "true"]);
});

test("semi-structured values are parsed without losing digits, or kept as text", () => {
  expect(convert("object", '{"a":12345678901234567890,"b":[1.5,null]}')).toEqual({
    a: 12345678901234567890n,
    b: [1.5, null],
  });
  expect(convert("array", "[1]")).toEqual([1]);
  expect(convert("variant", '"text"')).toBe("text");
  expect(convert("variant", "<a>1</a>")).toBe("<a>1</a>");
  expect(convert("array", "[1,undefined]")).toBe("[1,undefined]");
  expect(createTypeMap({ integers: "bigint", json: "text" })("variant", null, null).convert('{"a":1}')).toBe('{"a":1}');
});

test("a type of tomorrow is its text", () => {
  expect(types("vector", null, null)).toMatchObject({ type: "other", nativeType: "VECTOR" });
  expect(convert("vector", "[1,2]")).toBe("[1,2]");
});

function caught(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
