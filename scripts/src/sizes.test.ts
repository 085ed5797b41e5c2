import { expect, test } from "vitest";
import { findExcess, formatSize, type SizeRecord } from "./sizes.ts";

const size = { packedBytes: 1000, packages: 3, coldImportMs: 20 };
const record: SizeRecord = { budget: { packedBytes: 1000, packages: 3, coldImportMs: 20 } };

test("names each figure over its budget, and a package without one", () => {
  expect(findExcess("@org/a", size, record)).toEqual([]);
  const large = { packedBytes: 1001, packages: 4, coldImportMs: 20 };
  expect(findExcess("@org/a", large, record)).toEqual([
    "@org/a: packedBytes is 1001, over its budget of 1000; save, or change scripts/sizes.json and say why",
    "@org/a: packages is 4, over its budget of 3; save, or change scripts/sizes.json and say why",
  ]);
  expect(findExcess("@org/a", size, undefined)).toEqual(["@org/a: has no budget; give it one in scripts/sizes.json"]);
});

test("compares with the latest release", () => {
  expect(formatSize("@org/a", size, record)).toBe(
    "@org/a, never released: packedBytes 1000 of 1000, packages 3 of 3, coldImportMs 20 of 20",
  );
  const released = { version: "0.1.0", packedBytes: 900, packages: 4, coldImportMs: 20 };
  expect(formatSize("@org/a", size, { ...record, released })).toBe(
    "@org/a, since 0.1.0: packedBytes 1000 (+100) of 1000, packages 3 (-1) of 3, coldImportMs 20 (+0) of 20",
  );
});
