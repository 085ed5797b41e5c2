import { expect, test } from "vitest";
import type { Step } from "./exchange.ts";
import { learnRedshiftTypes } from "./redshift-types.ts";
import { createTypeMap } from "./type-map.ts";

const redshift = { integers: "bigint", json: "parsed", flavour: "redshift" } as const;

test("values of Redshift's own types lose nothing", () => {
  const types = createTypeMap(redshift);
  const value = (oid: number, text: string): unknown => types.get(oid)?.convert(text);
  expect(value(4000, '{"a":[1,12345678901234567890,null]}')).toEqual({ a: [1, 12345678901234567890n, null] });
  expect(value(6551, "6162ff")).toEqual(new Uint8Array([0x61, 0x62, 0xff]));
  expect(value(6551, "")).toEqual(new Uint8Array());
  expect(value(3000, "0101000000")).toEqual(new Uint8Array([1, 1, 0, 0, 0]));
  expect(value(1266, "12:00:00.5+05:30")).toBe("12:00:00.5+05:30");
  expect(value(1184, "2024-01-02 03:04:05.123456+00")).toBe("2024-01-02T03:04:05.123456Z");
  expect([4000, 6551, 3000].map((oid) => [types.get(oid)?.type, types.get(oid)?.nativeType])).toEqual([
    ["json", "super"],
    ["bytes", "varbyte"],
    ["geometry", "geometry"],
  ]);
});

test("super stays text when JSON is wanted as text, and Postgres knows none of these numbers", () => {
  expect(
    createTypeMap({ ...redshift, json: "text" })
      .get(4000)
      ?.convert("[1]"),
  ).toBe("[1]");
  expect(createTypeMap({ ...redshift, flavour: "postgres" }).get(4000)).toBeUndefined();
});

test("other types are looked up by bound numbers and names, and one that is not found is text", async () => {
  const types = createTypeMap(redshift);
  const asked: Step[] = [];
  await learnRedshiftTypes(types, { oids: [2935, 9999], names: ["interval_x"] }, async (step) => {
    asked.push(step);
    return [
      ["2935", "hllsketch"],
      ["7000", "interval_x"],
    ];
  });
  expect(asked).toMatchObject([
    {
      text: "select oid, typname from pg_catalog.pg_type where oid in ($1, $2) or typname in ($3)",
      values: ["2935", "9999", "interval_x"],
    },
  ]);
  expect([2935, 9999, 7000].map((oid) => [types.get(oid)?.nativeType, types.get(oid)?.convert("1.10")])).toEqual([
    ["hllsketch", "1.10"],
    ["oid 9999", "1.10"],
    ["interval_x", "1.10"],
  ]);
  expect(types.oidOf("interval_x")).toBe(7000);
});
