import { expect, test } from "vitest";
import { labelsOf } from "./labels.ts";

test.each([
  [{ team: "data" }, { team: "data" }],
  [{ Team: "Data Science" }, { team: "data_science" }],
  [{ "9lives": "9" }, { t9lives: "9" }],
  [{ _x: "" }, { t_x: "" }],
  [{ "": "v" }, { t: "v" }],
  [{ jöb: "Größe" }, { jöb: "größe" }],
  [{ 部: "値" }, { 部: "値" }],
  [{ a: "it's */ --; ?" }, { a: "it_s____--___" }],
  [{ a: "x".repeat(70) }, { a: "x".repeat(63) }],
  [{ ["k".repeat(70)]: "v" }, { ["k".repeat(63)]: "v" }],
  [{ a: "\u{1F600}x\uD800" }, { a: "_x_" }],
])("%j becomes %j", (tags, labels) => {
  expect(labelsOf(tags)).toEqual(labels);
});

test("no tags, no labels", () => {
  expect(labelsOf(undefined)).toBeUndefined();
  expect(labelsOf({})).toBeUndefined();
});

test("what would get lost is refused by name", () => {
  expect(() => labelsOf({ "a b": "1", a_b: "2" })).toThrow(
    expect.objectContaining({ code: "VALIDATION", field: "queryTags.a_b" }),
  );
  const many = (count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, ""]));
  expect(Object.keys(labelsOf(many(64)) ?? {})).toHaveLength(64);
  expect(() => labelsOf(many(65))).toThrow(expect.objectContaining({ field: "queryTags" }));
});
