import type { FieldDef } from "pg";
import { expect, test } from "vitest";
import { createResultShapes, unknownOids } from "./result-shape.ts";
import { createTypeMap } from "./type-map.ts";

const types = createTypeMap({ integers: "bigint", json: "parsed", flavour: "postgres" });
const field = (name: string, dataTypeID: number, dataTypeModifier = -1): FieldDef =>
  ({ name, dataTypeID, dataTypeModifier }) as FieldDef;

test("values are converted, and no column of the same name is lost", () => {
  const fields = [field("a", 20), field("a", 25), field("a_2", 16)];
  const shape = createResultShapes(types).get("q", "object", fields);
  expect(shape?.columns.map(({ key, type }) => [key, type])).toEqual([
    ["a", "integer"],
    ["a_3", "string"],
    ["a_2", "boolean"],
  ]);
  expect(shape?.shape(shape.convert(["1", null, "t"]))).toEqual({ a: 1n, a_3: null, a_2: true });
});

test("a shape is remembered by text, row mode and columns", () => {
  const shapes = createResultShapes(types);
  const first = shapes.get("q", "object", [field("a", 20)]);
  expect(shapes.get("q", "object", [field("a", 20)])).toBe(first);
  const array = shapes.get("q", "array", [field("a", 20)]);
  expect(array?.shape([1n])).toEqual([1n]);
  for (const changed of [field("b", 20), field("a", 23), field("a", 20, 5)]) {
    expect(shapes.get("q", "object", [changed])).not.toBe(first);
  }
  expect(shapes.get("q", "object", [])?.columns).toEqual([]);
});

test("the oldest of 257 is forgotten", () => {
  const shapes = createResultShapes(types);
  const get = (text: string) => shapes.get(text, "object", [field("a", 20)]);
  const [oldest, second] = [get("0"), get("1")];
  for (let index = 2; index < 256; index += 1) get(String(index));
  expect(get("0")).toBe(oldest);
  get("256");
  expect(get("1")).toBe(second);
  expect(get("0")).not.toBe(oldest);
});

test("types that are not known are named once each", () => {
  const fields = [field("a", 90_001), field("b", 20), field("c", 90_001), field("d", 90_002)];
  expect(createResultShapes(types).get("q", "object", fields)).toBeUndefined();
  expect(unknownOids(types, fields)).toEqual([90_001, 90_002]);
});
