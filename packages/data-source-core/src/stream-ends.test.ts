import { execFile } from "node:child_process";
import { getEventListeners } from "node:events";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { collect, expectNothingLeft, fake, rejection } from "./stream.fake.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("an abort during a read stops it, CANCELLED", async () => {
  const caller = new AbortController();
  const run = fake(1e9, { signal: caller.signal }, { readMs: 1000 });
  const result = rejection(collect(run.stream));
  await vi.advanceTimersByTimeAsync(500);
  caller.abort(new Error("left"));
  expect(await result).toMatchObject({ code: "CANCELLED", kind: "test" });
  expect(run.calls.at(-1)).toBe("close");
  expect(getEventListeners(caller.signal, "abort")).toHaveLength(0);
  vi.clearAllTimers();
  await expectNothingLeft(run);
});

test("an abort while the consumer pauses stops the server at once, not at the next read", async () => {
  const caller = new AbortController();
  const run = fake(1e9, { signal: caller.signal });
  const iterator = run.stream[Symbol.asyncIterator]();
  await iterator.next();
  caller.abort();
  await vi.advanceTimersByTimeAsync(0);
  expect(run.calls.at(-1)).toBe("close");
  expect(await rejection(iterator.next())).toMatchObject({ code: "CANCELLED" });
  expect(await rejection(iterator.next())).toMatchObject({ code: "CANCELLED" });
  await expectNothingLeft(run);
});

test("aborted before it starts, nothing reaches the server", async () => {
  const run = fake(5, { signal: AbortSignal.abort() });
  expect(await rejection(collect(run.stream))).toMatchObject({ code: "CANCELLED" });
  expect(run.calls).toEqual([]);
  await expectNothingLeft(run);
});

test("the consumer's pauses do not count against the statement timeout; each read has it anew", async () => {
  const run = fake(6, { batchRows: 2, statementTimeoutMs: 300 }, { readMs: 200 });
  const iterator = run.stream[Symbol.asyncIterator]();
  for (let batch = 0; batch < 3; batch += 1) {
    const next = iterator.next();
    await vi.advanceTimersByTimeAsync(200);
    expect((await next).done).toBe(false);
    await vi.advanceTimersByTimeAsync(800);
  }
  expect((await iterator.next()).done).toBe(true);
  await expectNothingLeft(run);
});

test.each([
  ["opening", { openMs: 500 }],
  ["reading", { readMs: 500 }],
])("%s longer than the statement timeout ends it", async (_, server) => {
  const run = fake(6, { statementTimeoutMs: 300 }, server);
  const result = rejection(collect(run.stream));
  await vi.advanceTimersByTimeAsync(300);
  expect(await result).toMatchObject({ code: "STATEMENT_TIMEOUT" });
  vi.clearAllTimers();
  await expectNothingLeft(run);
});

test("a consumer that pauses too long loses the stream, with a code of its own", async () => {
  const run = fake(1e9, { idleTimeoutMs: 1000 });
  const iterator = run.stream[Symbol.asyncIterator]();
  await iterator.next();
  await vi.advanceTimersByTimeAsync(999);
  expect(run.calls.at(-1)).not.toBe("close");
  await vi.advanceTimersByTimeAsync(1);
  expect(run.calls.at(-1)).toBe("close");
  expect(await rejection(iterator.next())).toMatchObject({
    code: "IDLE_TIMEOUT",
    message: "The stream was not read on within 1000 ms",
  });
  await expectNothingLeft(run);
});

test("the total timeout counts pauses and reads", async () => {
  const run = fake(1e9, { totalTimeoutMs: 1000 }, { readMs: 300 });
  const iterator = run.stream[Symbol.asyncIterator]();
  const first = iterator.next();
  await vi.advanceTimersByTimeAsync(300);
  await first;
  await vi.advanceTimersByTimeAsync(600);
  const second = rejection(iterator.next());
  await vi.advanceTimersByTimeAsync(100);
  expect(await second).toMatchObject({ code: "STATEMENT_TIMEOUT" });
  vi.clearAllTimers();
  await expectNothingLeft(run);
});

test("close() during a read ends the iteration without an error", async () => {
  const run = fake(1e9, {}, { readMs: 1000 });
  const result = collect(run.stream);
  await vi.advanceTimersByTimeAsync(100);
  await run.stream.close();
  expect(await result).toEqual([]);
  expect(run.calls.at(-1)).toBe("close");
  vi.clearAllTimers();
  await expectNothingLeft(run);
});

test("closing the data source ends an idle stream after the grace period", async () => {
  const run = fake(1e9);
  const iterator = run.stream[Symbol.asyncIterator]();
  await iterator.next();
  const closed = run.lifecycle.close(async () => {});
  await vi.advanceTimersByTimeAsync(1000);
  await closed;
  expect(run.calls.at(-1)).toBe("close");
  expect(await rejection(iterator.next())).toMatchObject({ code: "CLOSED" });
  expect(vi.getTimerCount()).toBe(0);
});

test("on a closed data source it does not start", async () => {
  const run = fake(5);
  await run.lifecycle.close(async () => {});
  await expect(collect(run.stream)).rejects.toMatchObject({ code: "CLOSED" });
  expect(run.calls).toEqual([]);
});

test("an abandoned stream's idle timer does not keep the process alive", async () => {
  vi.useRealTimers();
  const url = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);
  const program = `
    import { createQueryStream } from ${url("stream.ts")};
    import { createLifecycle } from ${url("lifecycle.ts")};
    const reader = { columns: [], queryId: undefined, read: async () => ({ rows: [[1]], done: false }), close: async () => {} };
    const options = { maxRows: Infinity, maxBytes: Infinity, statementTimeoutMs: 1e6, idleTimeoutMs: 1e6, totalTimeoutMs: Infinity, batchRows: 1 };
    const lifecycle = createLifecycle({ kind: "test", closeTimeoutMs: 1 });
    const stream = createQueryStream({ kind: "test", options, rowMode: "array", lifecycle, open: async () => reader });
    await stream[Symbol.asyncIterator]().next();
    process.stdout.write("left");`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], {
    timeout: 15_000,
  });
  expect(stdout).toBe("left");
});
