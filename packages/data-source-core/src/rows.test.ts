import { expect, test } from "vitest";
import type { Column } from "./result.ts";
import { createRowLimit, createRowShaper, validateRows, withKeys } from "./rows.ts";
import type { StandardSchema } from "./standard-schema.ts";

const columns = (...names: string[]): Column[] =>
  withKeys(
    names.map((name) => ({
      name,
      type: "integer" as const,
      nativeType: "int8",
      precision: undefined,
      scale: undefined,
      nullable: undefined,
    })),
  );
const keys = (...names: string[]): string[] => columns(...names).map((column) => column.key);

test("a repeated name gets the next free suffix; no name is taken from its owner", () => {
  expect(keys("id", "name")).toEqual(["id", "name"]);
  expect(keys("id", "id", "id")).toEqual(["id", "id_2", "id_3"]);
  expect(keys("id", "id", "id_2")).toEqual(["id", "id_3", "id_2"]);
  expect(keys("id_2", "id_2", "id", "id")).toEqual(["id_2", "id_2_2", "id", "id_3"]);
  expect(keys("", "")).toEqual(["", "_2"]);
  expect(columns("id", "id").map((column) => column.name)).toEqual(["id", "id"]);
});

test("objects hold every column, arrays the values as they came", () => {
  const shape = createRowShaper(columns("a", "a", "b"), "object");
  expect(shape([1n, 2n, null])).toEqual({ a: 1n, a_2: 2n, b: null });
  const row = [1n, 2n];
  expect(createRowShaper(columns("a", "a"), "array")(row)).toBe(row);
});

test("a column called __proto__ is a column", () => {
  const row = createRowShaper(columns("__proto__", "b"), "object")([1n, 2n]) as object;
  expect(Object.keys(row)).toEqual(["__proto__", "b"]);
  expect(Object.getOwnPropertyDescriptor(row, "__proto__")?.value).toBe(1n);
  expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
});

test.each([
  [3, 3, 3, false],
  [3, 4, 3, true],
  [1, 1, 1, false],
  [1, 2, 1, true],
  [Infinity, 5, 5, false],
  [3, 0, 0, false],
])("maxRows %d of %d rows: keeps %d, truncated %s", (maxRows, available, kept, truncated) => {
  const limit = createRowLimit({ maxRows, maxBytes: Infinity });
  for (let row = 0; row < available; row += 1) limit.admit([row]);
  expect([limit.rows, limit.truncated]).toEqual([kept, truncated]);
});

test("asks for one row more than it may keep, and never for more than a batch", () => {
  const limit = createRowLimit({ maxRows: 5, maxBytes: Infinity });
  expect(limit.wanted(3)).toBe(3);
  expect(limit.wanted(1000)).toBe(6);
  for (let row = 0; row < 5; row += 1) limit.admit([row]);
  expect(limit.wanted(1000)).toBe(1);
  expect(createRowLimit({ maxRows: Infinity, maxBytes: 1 }).wanted(1000)).toBe(1000);
});

test("maxBytes cuts before the row that would exceed it, and stays cut", () => {
  const limit = createRowLimit({ maxRows: Infinity, maxBytes: 10 });
  expect(limit.admit(["12345"])).toBe(true);
  expect(limit.admit([new Uint8Array(5)])).toBe(true);
  expect(limit.truncated).toBe(false);
  expect(limit.admit(["x"])).toBe(false);
  expect(limit.admit([""])).toBe(false);
  expect([limit.rows, limit.truncated]).toEqual([2, true]);
});

test("bytes are counted as UTF-8, nested values included, or as the adapter measured", () => {
  const fits = (row: unknown[], maxBytes: number): boolean => createRowLimit({ maxRows: 9, maxBytes }).admit(row);
  expect([fits(["äé"], 4), fits(["äé"], 3)]).toEqual([true, false]);
  expect([fits([[1n, { a: 2 }]], 16), fits([[1n, { a: 2 }]], 15)]).toEqual([true, false]);
  expect(createRowLimit({ maxRows: 9, maxBytes: 10 }).admit(["long long text"], 10)).toBe(true);
});

const positive = (asynchronous: boolean): StandardSchema<{ n: number }> => ({
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => {
      const { n } = value as { n: unknown };
      const result =
        typeof n === "bigint" && n > 0n
          ? { value: { n: Number(n) } }
          : { issues: [{ message: "must be positive", path: [{ key: "n" }] }] };
      return asynchronous ? Promise.resolve(result) : result;
    },
  },
});

test.each([false, true])("a row schema transforms rows (asynchronous: %s)", async (asynchronous) => {
  expect(await validateRows([{ n: 1n }, { n: 2n }], positive(asynchronous))).toEqual([{ n: 1 }, { n: 2 }]);
  await expect(validateRows([{ n: 1n }, { n: -2n }], positive(asynchronous), 10)).rejects.toMatchObject({
    code: "ROW_VALIDATION",
    message: "Row 12 does not fit rowSchema: n: must be positive",
  });
});
