import { expect, test } from "vitest";
import { createIntegerParser, parseJson, toJsonRow } from "./values.ts";

test("integers by mode, at the edge of a double", () => {
  const [bigint, safe, string] = [
    createIntegerParser("bigint"),
    createIntegerParser("safe-number"),
    createIntegerParser("string"),
  ];
  expect(bigint("18446744073709551615")).toBe(18446744073709551615n);
  expect(string("-9223372036854775808")).toBe("-9223372036854775808");
  expect(safe("9007199254740991")).toBe(9007199254740991);
  expect(() => safe("9007199254740992")).toThrow(expect.objectContaining({ code: "DATA" }));
  expect(() => safe("-9007199254740992")).toThrow("beyond 2^53");
});

test.each<[string, unknown]>([
  ['{"a":1,"b":[1.5,true,null,"x"]}', { a: 1, b: [1.5, true, null, "x"] }],
  ["9007199254740991", 9007199254740991],
  ["9007199254740993", 9007199254740993n],
  ["[-9223372036854775808]", [-9223372036854775808n]],
  ["0.1", 0.1],
  ["0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"],
  ["123456789.123456789123", "123456789.123456789123"],
  ["0.30000000000000004", 0.30000000000000004],
  ["1e400", "1e400"],
  ["1.50e1", 15],
  ["1E-7", 1e-7],
  ["1.00000000000000000000", 1],
  ["0.0000000000000000000e5", 0],
  ["100000000000000000000", 100000000000000000000n],
  [
    '{"id":12345678901234567890,"text":"12345678901234567890"}',
    { id: 12345678901234567890n, text: "12345678901234567890" },
  ],
])("JSON %s keeps its digits", (text, value) => {
  expect(parseJson(text)).toEqual(value);
});

test("rows that JSON.stringify takes, alike on every engine", () => {
  const row = {
    id: 12345678901234567890n,
    bytes: new Uint8Array([0, 255, 1]),
    nan: Number.NaN,
    least: -Infinity,
    nested: [{ n: 1n, d: new Date(0) }],
    same: [null, true, "x", 1.5],
  };
  expect(JSON.stringify(toJsonRow(row))).toBe(
    '{"id":"12345678901234567890","bytes":"AP8B","nan":"NaN","least":"-Infinity",' +
      '"nested":[{"n":"1","d":"1970-01-01T00:00:00.000Z"}],"same":[null,true,"x",1.5]}',
  );
  expect(toJsonRow([1n, "a"])).toEqual(["1", "a"]);
});
