import { expect, test } from "vitest";
import { positionOf, tagText, untaggedPosition } from "./query-tags.ts";

test("without tags the text is untouched", () => {
  expect(tagText("select 1", undefined)).toEqual({ text: "select 1", offset: 0 });
  expect(tagText("select 1", {})).toEqual({ text: "select 1", offset: 0 });
});

test("tags lead as a comment", () => {
  const tagged = tagText("select x", { app: "billing api", "job.id": "7" });
  expect(tagged.text).toBe("/*app='billing%20api',job.id='7'*/ select x");
  expect(tagged.text.slice(tagged.offset)).toBe("select x");
});

test.each([
  "*/ drop table t; /*",
  "'; --",
  "a'b",
  "!50000 x",
  "$1 ? :name @p",
  "line\nbreak",
  "ü\u{1F600}",
  "\uD800",
  "+hint",
])("%o cannot leave the comment", (hostile) => {
  const { text, offset } = tagText("select 1", { [hostile]: hostile });
  expect(text.slice(0, offset)).toMatch(/^\/\*[\w%.~-]+='[\w%.~-]+'\*\/ $/);
  expect(text.slice(offset)).toBe("select 1");
});

test("an error's position is one in the caller's text", () => {
  const tagged = tagText("select x", { a: "b" });
  expect(untaggedPosition(tagged.offset + 8, tagged)).toBe(8);
  expect(untaggedPosition(3, tagged)).toBeUndefined();
  expect(untaggedPosition(undefined, tagged)).toBeUndefined();
  expect(untaggedPosition(8, tagText("select x", {}))).toBe(8);
});

test("line and column become a position", () => {
  expect(positionOf("select\n  x", 2, 3)).toBe(10);
  expect(positionOf("select", 1, 1)).toBe(1);
  expect(positionOf("select", 2, 1)).toBeUndefined();
  expect(positionOf("select", 1, 99)).toBeUndefined();
});
