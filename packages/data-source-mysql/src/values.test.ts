import { expect, test } from "vitest";
import { bitText, geometryBytes, isoTimestamp, paddedTime, shortestFloat } from "./values.ts";

test.each([3.14, 0.1, 1e-45, 3.4028234663852886e38, 16_777_217, -0.5, 0, 123456.79])("the float %d", (decimal) => {
  const float = Math.fround(decimal);
  const shortest = shortestFloat(float);
  expect(Math.fround(shortest)).toBe(float);
  expect(String(shortest).length).toBeLessThanOrEqual(String(float).length);
});

test("a float is what was written", () => {
  expect(shortestFloat(Math.fround(3.14))).toBe(3.14);
  expect(shortestFloat(Math.fround(123456.79))).toBe(123456.79);
});

test("timestamps are ISO 8601, the fraction as the column has it", () => {
  expect(isoTimestamp("", 6)("2024-02-29 23:59:59")).toBe("2024-02-29T23:59:59.000000");
  expect(isoTimestamp("", 3)("2024-02-29 23:59:59.5")).toBe("2024-02-29T23:59:59.500");
  expect(isoTimestamp("Z", 0)("2024-02-29 23:59:59")).toBe("2024-02-29T23:59:59Z");
  expect(isoTimestamp("", undefined)("2024-02-29 23:59:59.1")).toBe("2024-02-29T23:59:59.1");
});

test("zero dates stay the server's own text", () => {
  for (const text of ["0000-00-00 00:00:00", "2024-00-15 10:00:00", "2024-01-00 10:00:00"]) {
    expect(isoTimestamp("Z", 0)(text)).toBe(text);
  }
  expect(isoTimestamp("", 6)("0000-00-00 00:00:00")).toBe("0000-00-00 00:00:00.000000");
});

test("times beyond a day", () => {
  expect(paddedTime(6)("-838:59:59.5")).toBe("-838:59:59.500000");
  expect(paddedTime(0)("838:59:59")).toBe("838:59:59");
});

test("bits of a column, and of an expression", () => {
  expect(bitText(10, false)(Uint8Array.of(2, 1))).toBe("1000000001");
  expect(bitText(1, false)(Uint8Array.of(1))).toBe("1");
  expect(bitText(8, false)(Uint8Array.of(53))).toBe("00110101");
  expect(bitText(8, true)(Uint8Array.of(53))).toBe("00000101");
  expect(bitText(64, true)(Buffer.from("18446744073709551615"))).toBe("1".repeat(64));
});

test("a geometry is WKB, and with an SRID EWKB, in memory of its own", () => {
  const withSrid = geometryBytes(Buffer.from("e61000000101000000000000000000f03f0000000000000040", "hex"));
  expect(Buffer.from(withSrid).toString("hex")).toBe("0101000020e6100000000000000000f03f0000000000000040");
  const received = Buffer.from("000000000101000000000000000000f03f0000000000000040", "hex");
  const bytes = geometryBytes(received);
  expect(Buffer.from(bytes).toString("hex")).toBe("0101000000000000000000f03f0000000000000040");
  received.fill(0);
  expect(bytes[0]).toBe(1);
});
