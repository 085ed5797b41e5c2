import { expect, test } from "vitest";
import { createTransactionalBatch } from "./batch.ts";
import type { DataSource } from "./data-source.ts";
import { ValidationError } from "./errors.ts";

function record() {
  const calls: unknown[] = [];
  const transaction = (async (work: (tx: unknown) => Promise<unknown>, options: unknown) => {
    calls.push(["transaction", options]);
    return work({
      query: async (request: unknown, limits: unknown) => {
        calls.push(["query", request, limits]);
        return `result of ${String(request)}`;
      },
    });
  }) as unknown as DataSource["transaction"];
  const check = (request: unknown, options: unknown): void => {
    if (request === "bad") throw new ValidationError("bad", "text");
    calls.push(["check", request, options]);
  };
  return { calls, batch: createTransactionalBatch(transaction, check) };
}

test("all statements are checked, then run in one transaction; row limits are each statement's", async () => {
  const { calls, batch } = record();
  const results = await batch(["a", "b"], { readOnly: false, maxRows: 3, maxBytes: 9, isolation: "serializable" });
  expect(results).toEqual(["result of a", "result of b"]);
  const options = { readOnly: false, maxRows: 3, maxBytes: 9 };
  const limits = { maxRows: 3, maxBytes: 9 };
  expect(calls).toEqual([
    ["check", "a", options],
    ["check", "b", options],
    ["transaction", { readOnly: false, isolation: "serializable" }],
    ["query", "a", limits],
    ["query", "b", limits],
  ]);
});

test("nothing is sent when the last statement is refused", async () => {
  const { calls, batch } = record();
  await expect(batch(["a", "bad"])).rejects.toThrow(ValidationError);
  expect(calls).toEqual([["check", "a", {}]]);
});

test("no statements need no transaction", async () => {
  const { calls, batch } = record();
  expect(await batch([])).toEqual([]);
  expect(calls).toEqual([]);
});
