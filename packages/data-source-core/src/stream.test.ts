import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { collect, expectNothingLeft, fake, rejection } from "./stream.fake.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("batches to the end, and everything given back", async () => {
  const run = fake(5, { batchRows: 2 });
  expect(run.calls).toEqual([]);
  expect(await collect(run.stream)).toEqual([[0, 1], [2, 3], [4]]);
  expect(run.calls).toEqual(["open", "read 2", "read 2", "read 2", "close"]);
  expect([run.stream.rowsDelivered, run.stream.truncated, run.stream.queryId]).toEqual([5, false, "q1"]);
  expect(run.ended).toEqual([{ rows: 5, error: undefined }]);
  await expectNothingLeft(run);
});

test("an empty result has columns and no batch", async () => {
  const run = fake(0);
  expect(await run.stream.columns()).toMatchObject([{ name: "n", key: "n" }]);
  expect(await collect(run.stream)).toEqual([]);
  expect(await run.stream.columns()).toHaveLength(1);
  await expectNothingLeft(run);
});

test("columns are known before the first row is read", async () => {
  const run = fake(5);
  await run.stream.columns();
  expect(run.calls).toEqual(["open"]);
  await run.stream.close();
  expect(run.calls).toEqual(["open", "close"]);
  await expectNothingLeft(run);
});

test.each([
  [3, [[0, 1], [2]], false],
  [2, [[0, 1]], true],
  [4, [[0, 1], [2]], false],
])("maxRows %d of 3", async (maxRows, batches, truncated) => {
  const run = fake(3, { maxRows, batchRows: 2 });
  expect(await collect(run.stream)).toEqual(batches);
  expect(run.stream.truncated).toBe(truncated);
  expect(run.calls.at(-1)).toBe("close");
  await expectNothingLeft(run);
});

test("a cut stream is over at once, with the server's work stopped", async () => {
  const run = fake(1e9, { maxRows: 2, batchRows: 10 });
  const iterator = run.stream[Symbol.asyncIterator]();
  expect(await iterator.next()).toEqual({ done: false, value: [{ n: 0 }, { n: 1 }] });
  expect(run.calls).toEqual(["open", "read 3", "close"]);
  expect((await iterator.next()).done).toBe(true);
  expect(run.calls).toHaveLength(3);
  await expectNothingLeft(run);
});

test("maxBytes cuts too", async () => {
  const run = fake(10, { maxBytes: 24, batchRows: 10 });
  expect(await collect(run.stream)).toEqual([[0, 1, 2]]);
  expect(run.stream.truncated).toBe(true);
});

test("nothing is read ahead of the consumer", async () => {
  const run = fake(100, { batchRows: 2 });
  const iterator = run.stream[Symbol.asyncIterator]();
  await iterator.next();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(run.calls).toEqual(["open", "read 2"]);
  await iterator.return?.();
});

test("a break stops the server's work before the loop is left", async () => {
  const run = fake(1e9, { batchRows: 2 });
  for await (const batch of run.stream) {
    expect(batch).toHaveLength(2);
    break;
  }
  expect(run.calls).toEqual(["open", "read 2", "close"]);
  expect(run.ended).toEqual([{ rows: 2, error: undefined }]);
  await expectNothingLeft(run);
});

test("an error thrown in the loop stops it and arrives as it is", async () => {
  const run = fake(1e9, { batchRows: 2 });
  const loop = async (): Promise<void> => {
    for await (const batch of run.stream) throw new Error(`consumer ${batch.length}`);
  };
  await expect(loop()).rejects.toThrow("consumer 2");
  expect(run.calls.at(-1)).toBe("close");
  await expectNothingLeft(run);
});

test("never started, it does nothing; closed, it is over", async () => {
  const run = fake(5);
  await run.stream.close();
  await run.stream.close();
  expect(await collect(run.stream)).toEqual([]);
  expect(run.calls).toEqual([]);
  await expect(run.stream.columns()).rejects.toMatchObject({ code: "CLOSED" });
  await expectNothingLeft(run);
});

test("an error of the server in the middle arrives, the closing's own does not hide it", async () => {
  const run = fake(6, { batchRows: 2 }, { failAt: 2, failClose: new Error("close failed") });
  const iterator = run.stream[Symbol.asyncIterator]();
  await iterator.next();
  expect(await rejection(iterator.next())).toMatchObject({ message: "connection lost" });
  expect(run.calls.at(-1)).toBe("close");
  expect(run.ended).toMatchObject([{ rows: 2, error: { message: "connection lost" } }]);
  await expectNothingLeft(run);
});

test("a failure to open arrives from columns() and again from the iteration: never as an empty result", async () => {
  const run = fake(6, {}, { failOpen: new Error("no such table") });
  await expect(run.stream.columns()).rejects.toThrow("no such table");
  await expect(collect(run.stream)).rejects.toThrow("no such table");
  expect(run.calls).toEqual(["open"]);
  await expectNothingLeft(run);
});

test("it is iterated once", async () => {
  const run = fake(1);
  await collect(run.stream);
  await expect(collect(run.stream)).rejects.toMatchObject({ code: "VALIDATION" });
});

test("calls of next() without waiting keep their order", async () => {
  const run = fake(5, { batchRows: 2 }, { readMs: 10 });
  const iterator = run.stream[Symbol.asyncIterator]();
  const all: Promise<IteratorResult<{ n: number }[], undefined>[]> = Promise.all([
    iterator.next(),
    iterator.next(),
    iterator.next(),
    iterator.next(),
  ]);
  await vi.advanceTimersByTimeAsync(100);
  const results = await all;
  expect(results.map(({ done, value }) => [done, value?.map((row) => row.n)])).toEqual([
    [false, [0, 1]],
    [false, [2, 3]],
    [false, [4]],
    [true, undefined],
  ]);
});

test("a row that its schema refuses stops the stream", async () => {
  const rowSchema = {
    "~standard": {
      version: 1 as const,
      vendor: "test",
      validate: (row: unknown) =>
        (row as { n: number }).n < 3 ? { value: row as { n: number } } : { issues: [{ message: "too large" }] },
    },
  };
  const run = fake(10, { rowSchema, batchRows: 2 });
  const result = await rejection(collect(run.stream));
  expect(result).toMatchObject({ code: "ROW_VALIDATION", message: "Row 4 does not fit rowSchema: too large" });
  expect(run.calls.at(-1)).toBe("close");
  await expectNothingLeft(run);
});
