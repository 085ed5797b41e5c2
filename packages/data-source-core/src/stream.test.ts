import { execFile } from "node:child_process";
import { getEventListeners } from "node:events";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { resolveStreamOptions } from "./call-options.ts";
import type { Deadline } from "./deadline.ts";
import { createLifecycle, type Lifecycle } from "./lifecycle.ts";
import type { StreamOptions } from "./request.ts";
import type { QueryStream } from "./result.ts";
import { withKeys } from "./rows.ts";
import { resolveSourceOptions } from "./source-options.ts";
import { createQueryStream, type BatchReader } from "./stream.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const { defaults } = resolveSourceOptions({});
const rejection = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

interface Fake {
  readonly stream: QueryStream<{ n: number }>;
  readonly lifecycle: Lifecycle;
  /** What the server saw, in order. */
  readonly calls: string[];
  readonly ended: unknown[];
}

/** A server with `total` rows; `readMs` for each read, obeying the deadline as an adapter must. */
function fake(
  total: number,
  given: StreamOptions<{ n: number }> = {},
  server: { openMs?: number; readMs?: number; failOpen?: Error; failAt?: number; failClose?: Error } = {},
): Fake {
  const calls: string[] = [];
  const ended: unknown[] = [];
  const lifecycle = createLifecycle({ kind: "test", closeTimeoutMs: 1000 });
  const work = async (ms: number | undefined, deadline: Deadline): Promise<void> => {
    if (ms !== undefined) await deadline.race(new Promise((resolve) => setTimeout(resolve, ms)));
  };
  const open = async (deadline: Deadline): Promise<BatchReader> => {
    calls.push("open");
    await work(server.openMs, deadline);
    if (server.failOpen) throw server.failOpen;
    let sent = 0;
    return {
      columns: withKeys([
        { name: "n", type: "integer", nativeType: "int4", precision: undefined, scale: undefined, nullable: undefined },
      ]),
      queryId: "q1",
      read: async (maxRows, readDeadline) => {
        calls.push(`read ${maxRows}`);
        await work(server.readMs, readDeadline);
        if (server.failAt === sent) throw new Error("connection lost");
        const rows = Array.from({ length: Math.min(maxRows, total - sent) }, (_, index) => [sent + index]);
        sent += rows.length;
        return { rows, done: sent === total };
      },
      close: async () => {
        calls.push("close");
        if (server.failClose) throw server.failClose;
      },
    };
  };
  const options = resolveStreamOptions(given, { kind: "test", access: "read-only", defaults });
  const start = (): { run: <T>(run: () => T) => T; end: (outcome: unknown) => void } => ({
    run: (run) => run(),
    end: (outcome) => ended.push(outcome),
  });
  const stream = createQueryStream({ kind: "test", options, rowMode: "object", lifecycle, open, start });
  return { stream, lifecycle, calls, ended };
}

async function collect(stream: QueryStream<{ n: number }>): Promise<number[][]> {
  const batches: number[][] = [];
  for await (const batch of stream) batches.push(batch.map((row) => row.n));
  return batches;
}

/** Nothing is left: no timer, and the data source does not count it as running. */
async function expectNothingLeft({ lifecycle }: Fake): Promise<void> {
  expect(vi.getTimerCount()).toBe(0);
  await lifecycle.close(async () => {});
}

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
