import { expect, test } from "vitest";
import { type ArrayItem, arrayLiteral, parseArrayLiteral, parseRecordLiteral } from "./literals.ts";

test.each<[string, ArrayItem[]]>([
  ["{}", []],
  ["{1,2}", ["1", "2"]],
  ['{NULL,null,"NULL"}', [null, "null", "NULL"]],
  ['{"a\\"b","c\\\\d","e,f","{g}",""," h "}', ['a"b', "c\\d", "e,f", "{g}", "", " h "]],
  [
    "{{1,2},{3,NULL}}",
    [
      ["1", "2"],
      ["3", null],
    ],
  ],
  ["[0:1]={1,2}", ["1", "2"]],
  ["[1:1][-2:-1]={{1,2}}", [["1", "2"]]],
  ["{a\\,b,c}", ["a,b", "c"]],
  ['{"a\nb"}', ["a\nb"]],
])("array %s", (text, items) => {
  expect(parseArrayLiteral(text)).toEqual(items);
});

test("an array of boxes is delimited by semicolons", () => {
  expect(parseArrayLiteral("{(1,2),(0,0);(3,4),(1,1)}", ";")).toEqual(["(1,2),(0,0)", "(3,4),(1,1)"]);
});

test.each<[string, (string | null)[]]>([
  ["(1,2)", ["1", "2"]],
  ["(,)", [null, null]],
  ['("",x)', ["", "x"]],
  ["(1,)", ["1", null]],
  ["(,,3)", [null, null, "3"]],
  ['("a ""b"", (c)","d\\\\e")', ['a "b", (c)', "d\\e"]],
  ['("{""x,y"",z}")', ['{"x,y",z}']],
])("record %s", (text, fields) => {
  expect(parseRecordLiteral(text)).toEqual(fields);
});

test.each<[ArrayItem[], string]>([
  [[], "{}"],
  [["a", null, "NULL"], '{"a",NULL,"NULL"}'],
  [['q"', "b\\", "c,", "{"], '{"q\\"","b\\\\","c,","{"}'],
  [[["1"], ["2"]], '{{"1"},{"2"}}'],
])("%j is written as %s, and read as what it was", (items, text) => {
  expect(arrayLiteral(items)).toBe(text);
  expect(parseArrayLiteral(text)).toEqual(items);
});
