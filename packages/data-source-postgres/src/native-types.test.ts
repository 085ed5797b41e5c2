import { expect, test } from "vitest";
import { nativeTypes } from "./native-types.ts";

test("no number and no name stands twice", () => {
  const oids = nativeTypes.flatMap(({ oid, arrayOid }) => (arrayOid === 0 ? [oid] : [oid, arrayOid]));
  expect(new Set(oids).size).toBe(oids.length);
  expect(new Set(nativeTypes.map(({ name }) => name)).size).toBe(nativeTypes.length);
});

test.each([
  ["int8", 20, 1016, "integer"],
  ["text", 25, 1009, "string"],
  ["numeric", 1700, 1231, "decimal"],
  ["timestamptz", 1184, 1185, "timestamptz"],
  ["jsonb", 3802, 3807, "json"],
  ["bytea", 17, 1001, "bytes"],
  ["uuid", 2950, 2951, "uuid"],
] as const)("%s is %i, its array %i", (name, oid, arrayOid, type) => {
  expect(nativeTypes.find((native) => native.name === name)).toEqual({ oid, arrayOid, name, type });
});
