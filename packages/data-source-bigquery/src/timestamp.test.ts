import { expect, test } from "vitest";
import { timestampOf } from "./timestamp.ts";

test.each([
  ["0", "1970-01-01T00:00:00Z"],
  ["-1", "1969-12-31T23:59:59.999999Z"],
  ["-1000000", "1969-12-31T23:59:59Z"],
  ["253402300799999999", "9999-12-31T23:59:59.999999Z"],
  ["-62135596800000000", "0001-01-01T00:00:00Z"],
  ["-62135596799999999", "0001-01-01T00:00:00.000001Z"],
  ["1709168523000004", "2024-02-29T01:02:03.000004Z"],
])("%s microseconds are %s", (micros, text) => {
  expect(timestampOf(micros)).toBe(text);
});

test("every day of four centuries, and the first of each month of all years, are those of Date", () => {
  const days = Array.from({ length: 146_097 }, (_, day) => day - 62_091);
  const months = Array.from({ length: 9999 * 12 }, (_, month) => {
    const date = new Date(0);
    return date.setUTCFullYear(Math.floor(month / 12) + 1, month % 12, 1) / 86_400_000;
  });
  const wrong = [...days, ...months].filter((day) => {
    const expected = new Date(day * 86_400_000).toISOString().replace(".000", "");
    return timestampOf(`${day * 86_400}000000`.replace(/^-?0+$/, "0")) !== expected;
  });
  expect(wrong).toEqual([]);
});
