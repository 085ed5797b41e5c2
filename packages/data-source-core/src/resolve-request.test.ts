import { expect, test } from "vitest";
import { ValidationError } from "./errors.ts";
import { resolveRequest } from "./resolve-request.ts";
import { sql } from "./sql.ts";

const engine = {
  placeholder: (n: number) => `$${n}`,
  quoteIdentifier: (name: string) => `"${name}"`,
  namedParams: false,
};

test("every form of a request becomes one", () => {
  expect(resolveRequest("select 1", engine)).toEqual({ text: "select 1", params: [], rowMode: "object" });
  expect(resolveRequest({ text: "select $1", params: [1n], rowMode: "array" }, engine)).toEqual({
    text: "select $1",
    params: [1n],
    rowMode: "array",
  });
  expect(resolveRequest(sql`select ${"a"}`, engine)).toEqual({ text: "select $1", params: ["a"], rowMode: "object" });
});

test("named parameters only where the engine has them", () => {
  const request = { text: "select @a", params: { a: 1 } };
  expect(resolveRequest(request, { ...engine, namedParams: true }).params).toEqual({ a: 1 });
  expect(() => resolveRequest(request, engine)).toThrow("params must be an array: this engine has no names");
});

test("what can be bound passes untouched", () => {
  const params = [
    null,
    true,
    1,
    1n,
    "s",
    new Date(0),
    new Uint8Array(2),
    [1, null],
    { a: 1 },
    sql.typed([], "integer[]"),
  ];
  expect(resolveRequest({ text: "x", params }, engine).params).toBe(params);
});

test.each<[unknown, string, string]>([
  ["", "text", "text must hold a statement"],
  ["  \n", "text", "text must hold a statement"],
  ["select 1\0; drop table t", "text", "text must not contain NUL characters"],
  [null, "request", "request must be SQL text"],
  [{ text: 5 }, "text", "text must hold a statement"],
  [{ sql: "select 1" }, "sql", "sql is not part of a request: text, params, rowMode"],
  [{ text: "x", rowMode: "arrays" }, "rowMode", 'rowMode must be "object" or "array"'],
  [{ text: "x", params: "a" }, "params", "params must be an array, or an object of named values"],
  [{ text: "x", params: [1, undefined] }, "params[1]", "params[1] is undefined; use null for SQL NULL"],
  [{ text: "x", params: [[undefined]] }, "params[0][0]", "params[0][0] is undefined"],
  [{ text: "x", params: [sql.typed(undefined as never, "integer")] }, "params[0]", "params[0] is undefined"],
  [{ text: "x", params: [() => 1] }, "params[0]", "params[0] is a function, which cannot be bound"],
  [{ text: "x", params: [Symbol("s")] }, "params[0]", "params[0] is a symbol, which cannot be bound"],
  [{ text: "x", params: [new Date("no")] }, "params[0]", "params[0] is an invalid Date"],
  [{ text: "x", params: [sql`now()`] }, "params[0]", "params[0] is an sql fragment"],
])("%o is refused by name", (request, field, message) => {
  const attempt = (): unknown => resolveRequest(request as never, engine);
  expect(attempt).toThrow(ValidationError);
  expect(attempt).toThrow(message);
  expect(attempt).toThrow(expect.objectContaining({ field }));
});
