import { expect, test } from "vitest";
import { decodeTagged, encodeTagged } from "./codec.ts";

test.each([
  ["bigint beyond 2^53", { a: 9_223_372_036_854_775_807n, b: -1n }],
  ["bytes", { a: Buffer.from([0, 255, 128]) }],
  ["numbers JSON lacks", [Number.NaN, Infinity, -Infinity, -0, 0, 1.5]],
  ["undefined and null", { a: undefined, b: null, c: [undefined] }],
  ["a date", { a: new Date("2026-01-02T03:04:05.678Z") }],
  ["what looks like a tag", { $bigint: "1", nested: { $undefined: true, x: 1n }, $entries: [] }],
  ["an empty object and array", { a: {}, b: [] }],
  ["text", { a: '"quoted" \u2028 \u0000 😀' }],
])("keeps %s", (_name, value) => {
  expect(decodeTagged(encodeTagged(value))).toStrictEqual(value);
});

test("keeps a column called __proto__ as a column", () => {
  const row = Object.fromEntries([["__proto__", 1n]]);
  const copy = decodeTagged(encodeTagged(row)) as object;
  expect(Object.entries(copy)).toEqual([["__proto__", 1n]]);
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
});

test("gives each caller objects of its own", () => {
  const text = encodeTagged({ a: [1n] });
  const first = decodeTagged(text) as { a: bigint[] };
  first.a.push(2n);
  expect(decodeTagged(text)).toEqual({ a: [1n] });
});
