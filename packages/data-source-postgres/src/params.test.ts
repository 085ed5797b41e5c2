import { type ParamValue, sql } from "@org/data-source-core";
import { expect, test } from "vitest";
import { bindParams } from "./params.ts";
import { createTypeMap } from "./type-map.ts";

const types = createTypeMap({ integers: "bigint", json: "parsed", flavour: "postgres" });

test.each<[ParamValue, string | Buffer | null, number]>([
  [null, null, 0],
  [true, "true", 0],
  [1.5, "1.5", 0],
  [9007199254740993n, "9007199254740993", 0],
  ["it's", "it's", 0],
  [new Uint8Array([0, 255]), Buffer.from([0, 255]), 17],
  [new Date("2024-01-02T03:04:05.678Z"), "2024-01-02T03:04:05.678Z", 0],
  [new Date("-000043-03-15T00:00:00.000Z"), "0044-03-15T00:00:00.000Z BC", 0],
  [new Date("0000-01-01T00:00:00.000Z"), "0001-01-01T00:00:00.000Z BC", 0],
  [new Date("+012024-01-01T00:00:00.000Z"), "12024-01-01T00:00:00.000Z", 0],
  [[1n, null, ["a"]], '{"1",NULL,{"a"}}', 0],
  [[new Uint8Array([1])], '{"\\\\x01"}', 0],
  [{ a: 1n, b: [null] }, '{"a":1,"b":[null]}', 0],
  [sql.typed(null, "integer"), null, 20],
  [sql.typed("1", "integer"), "1", 20],
  [sql.typed([], "integer[]"), "{}", 1016],
  [sql.typed("1", "int4"), "1", 23],
  [sql.typed([1], "int4[]"), '{"1"}', 1007],
  [sql.typed([1, 2], "json"), "[1,2]", 114],
  [sql.typed("text", "json"), "text", 114],
  [sql.typed([1, 2], "jsonb"), "[1,2]", 3802],
  [sql.typed("[1,2)", "int4range"), "[1,2)", 3904],
])("%o is bound as %o with type %i", (param, value, type) => {
  expect(bindParams([param], types)).toEqual({ values: [value], types: [type], unknownTypes: [] });
});

test("types that are not known yet are asked for", () => {
  const params = [1, sql.typed("happy", "mood"), sql.typed([], "mood[]")];
  expect(bindParams(params, types)).toEqual({
    values: ["1", "happy", "{}"],
    types: [0, 0, 0],
    unknownTypes: ["mood", "mood[]"],
  });
});

test.each(["array", "struct", "range", "geometry", "other", "range[]"] as const)(
  "%s stands for many types: the parameter is named",
  (type) => {
    expect(() => bindParams([1, sql.typed("x", type as "string")], types)).toThrow(
      expect.objectContaining({ code: "VALIDATION", field: "params[1]" }),
    );
  },
);

test("an object that JSON has no form for is a ValidationError, with the reason as its cause", () => {
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  for (const value of [cyclic, { toJSON: () => undefined }, { toJSON: () => JSON.parse("not JSON") as unknown }]) {
    for (const param of [value, [value], sql.typed(value, "jsonb")]) {
      expect(() => bindParams([param], types)).toThrow(/params holds an object that cannot be written as JSON/);
    }
  }
});
