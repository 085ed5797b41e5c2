import v8 from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { parseWithRows } from "./row-page.ts";

const cell = (v: unknown): object => ({ v });
const row = (...values: unknown[]): object => ({ f: values.map(cell) });

function parse(reply: object, space?: number): { rest: object; rows: readonly unknown[] } {
  const { rows, ...rest } = parseWithRows(Buffer.from(JSON.stringify(reply, undefined, space)));
  return { rest, rows: rows.read(0, rows.length) };
}

test.each([undefined, 2])("rows are unwrapped, the rest stays as it is, whatever the white space (%s)", (space) => {
  const rest = {
    jobComplete: true,
    schema: { fields: [{ name: "rows" }, { name: "v" }] },
    value: "rows",
    totalRows: "2",
  };
  const reply = { ...rest, rows: [row("1", null), row("2", "b")], pageToken: "t" };
  expect(parse(reply, space)).toEqual({
    rest: { ...rest, pageToken: "t" },
    rows: [
      ["1", null],
      ["2", "b"],
    ],
  });
});

test("strings can hold whatever looks like structure", () => {
  const texts = ['"', "\\", '\\"', '{"v":1}', '"rows":[', "]}],", ": , { }", "\n\t ", "ümlaut \u{1F600}", "", "\\\\"];
  expect(parse({ rows: [row(...texts), row(...texts)] }).rows).toEqual([texts, texts]);
});

test("structs and arrays nest as arrays", () => {
  const struct = { f: [cell("x"), cell([cell("1"), cell("2")]), cell(null)] };
  expect(parse({ rows: [row([cell(struct), cell(struct)], struct, [])] }).rows).toEqual([
    [
      [
        ["x", ["1", "2"], null],
        ["x", ["1", "2"], null],
      ],
      ["x", ["1", "2"], null],
      [],
    ],
  ]);
});

test("no rows, no key, another rows further in", () => {
  expect(parse({ rows: [], a: 1 })).toEqual({ rest: { a: 1 }, rows: [] });
  expect(parse({ a: 1 })).toEqual({ rest: { a: 1 }, rows: [] });
  expect(parse({ a: { rows: [1] }, b: "rows" })).toEqual({ rest: { a: { rows: [1] }, b: "rows" }, rows: [] });
  expect(parse({ b: ["rows", [1]] })).toEqual({ rest: { b: ["rows", [1]] }, rows: [] });
});

test("any part can be read, in any order and again", () => {
  const rows = Array.from({ length: 10 }, (_, index) => row(String(index), `"${index}`));
  const page = parseWithRows(Buffer.from(JSON.stringify({ rows, after: [1] }))).rows;
  const values = Array.from({ length: 10 }, (_, index) => [String(index), `"${index}`]);
  expect(page.length).toBe(10);
  expect(page.read(7, 5)).toEqual(values.slice(7));
  expect(page.read(0, 3)).toEqual(values.slice(0, 3));
  expect(page.read(2, 1)).toEqual(values.slice(2, 3));
  expect(page.read(0, 10)).toEqual(values);
  expect(page.read(10, 5)).toEqual([]);
});

test("a reply that is cut off or is no JSON is an error, not rows", () => {
  const whole = JSON.stringify({ rows: [row("1")], pageToken: "t" });
  for (const end of [8, 20, whole.length - 3])
    expect(() => parseWithRows(Buffer.from(whole.slice(0, end)))).toThrow(SyntaxError);
  expect(() => parseWithRows(Buffer.from("<html>"))).toThrow(SyntaxError);
});

const usedBytes = (space: string): number =>
  v8.getHeapSpaceStatistics().find((found) => found.space_name === space)?.space_used_size ?? Number.NaN;

test("a string that is kept does not keep its page", () => {
  const kept: unknown[] = [];
  const before = usedBytes("large_object_space") + usedBytes("new_large_object_space");
  for (let page = 0; page < 40; page += 1) {
    const long = row("a string of some length", "x".repeat(2 ** 19));
    const [[value] = []] = parseWithRows(Buffer.from(JSON.stringify({ rows: [long] }))).rows.read(0, 1);
    kept.push(value);
  }
  v8.setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  expect(usedBytes("large_object_space") + usedBytes("new_large_object_space") - before).toBeLessThan(10 * 2 ** 20);
  expect(kept).toEqual(Array.from({ length: 40 }, () => "a string of some length"));
});

test("short strings are not put into the string table, which only a full collection clears", () => {
  const rows = Array.from({ length: 1000 }, (_, index) => String(index));
  const before = usedBytes("old_space");
  for (let page = 0; page < 300; page += 1) {
    const { rows: read } = parseWithRows(
      Buffer.from(JSON.stringify({ rows: rows.map((text) => row(`${page}-${text}`)) })),
    );
    read.read(0, 1000);
  }
  expect(usedBytes("old_space") - before).toBeLessThan(4 * 2 ** 20);
});
