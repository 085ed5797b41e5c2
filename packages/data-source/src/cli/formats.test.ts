import type { Column, LogicalType, Row } from "@org/data-source-core";
import { expect, test } from "vitest";
import type { Format } from "./arguments.ts";
import { formatRows } from "./formats.ts";

const column = (key: string, type: LogicalType = "string"): Column => ({
  name: key,
  key,
  type,
  nativeType: type,
  precision: undefined,
  scale: undefined,
  nullable: undefined,
});

async function* batchesOf(...batches: Row[][]): AsyncGenerator<Row[]> {
  yield* batches;
}

async function render(format: Format, columns: Column[], ...batches: Row[][]): Promise<string> {
  let text = "";
  for await (const piece of formatRows(format, { columns, batches: batchesOf(...batches) })) text += piece;
  return text;
}

const columns = [column("id", "integer"), column("name"), column("data", "json"), column("raw", "bytes")];
const first: Row = { id: 9007199254740993n, name: 'a "b", c\nd', data: { n: [1n] }, raw: new Uint8Array([0, 255]) };
const second: Row = { id: -1n, name: "", data: null, raw: null };

test("json: one array, lossless", async () => {
  const text = await render("json", columns, [first], [], [second]);
  expect(text).toBe(
    `[\n{"id":"9007199254740993","name":"a \\"b\\", c\\nd","data":{"n":["1"]},"raw":"AP8="},\n` +
      `{"id":"-1","name":"","data":null,"raw":null}\n]\n`,
  );
  expect(await render("json", columns, [])).toBe("[]\n");
  expect(await render("json", columns)).toBe("[]\n");
});

test("json that breaks off does not parse", async () => {
  async function* broken(): AsyncGenerator<Row[]> {
    yield [second];
    throw new Error("lost");
  }
  let text = "";
  const reading = (async () => {
    for await (const piece of formatRows("json", { columns, batches: broken() })) text += piece;
  })();
  await expect(reading).rejects.toThrow("lost");
  expect(text).not.toBe("");
  expect(() => JSON.parse(text)).toThrow(SyntaxError);
});

test("ndjson: a line for each row", async () => {
  expect(await render("ndjson", columns, [second, second])).toBe(
    `{"id":"-1","name":"","data":null,"raw":null}\n`.repeat(2),
  );
  expect(await render("ndjson", columns)).toBe("");
});

test("csv: header, quotes, and NULL apart from an empty string", async () => {
  expect(await render("csv", columns, [first], [second])).toBe(
    `id,name,data,raw\n9007199254740993,"a ""b"", c\nd","{""n"":[""1""]}",AP8=\n-1,"",,\n`,
  );
  expect(await render("csv", columns)).toBe("id,name,data,raw\n");
  expect(await render("csv", [column("a"), column("b", "boolean")], [{ a: " x", b: false }])).toBe("a,b\n x,false\n");
  expect(await render("csv", [])).toBe("");
});

test("table: numbers to the right, NULL by name, width by character", async () => {
  expect(await render("table", columns.slice(0, 2), [{ id: 7n, name: "日本" }], [{ id: null, name: "a|b" }])).toBe(
    ["|   id | name |", "| ---: | :--- |", "|    7 | 日本 |", "| NULL | a\\|b |", ""].join("\n"),
  );
  expect(await render("table", [])).toBe("");
});

test("table: what would steer a terminal is shown, what is too long is cut", async () => {
  const text = await render(
    "table",
    [column("\u001B]0;title\u0007")],
    [{ "\u001B]0;title\u0007": "\u001B[2J\u202E\n" }],
  );
  expect(text).toContain(String.raw`\u001b]0;title\u0007`);
  expect(text).toContain(String.raw`\u001b[2J\u202e\n`);
  expect(text).not.toContain("\u001B");
  const long = await render("table", [column("a")], [{ a: "x".repeat(81) }]);
  expect(long).toContain(`| ${"x".repeat(79)}… |`);
  expect(await render("table", [column("a")], [{ a: "x".repeat(80) }])).toContain(`| ${"x".repeat(80)} |`);
  // By what it takes on the screen, and never through a character.
  expect(await render("table", [column("a")], [{ a: "日".repeat(41) }])).toContain(`| ${"日".repeat(39)}… |`);
  expect(await render("table", [column("a")], [{ a: "👩‍👩‍👧".repeat(41) }])).toContain(`| ${"👩‍👩‍👧".repeat(39)}… |`);
  expect(await render("table", [column("a")], [{ a: "👩‍👩‍👧".repeat(40) }])).toContain(`| ${"👩‍👩‍👧".repeat(40)} |`);
});
