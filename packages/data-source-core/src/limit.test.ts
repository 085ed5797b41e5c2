import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { DataSource } from "./data-source.ts";
import { fakeSource, resultOf } from "../test/fake-source.ts";
import { limitDataSource } from "./limit.ts";
import type { QueryStream } from "./result.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A source whose queries end when the test says so. */
function manual() {
  const running: { text: unknown; end: () => void; fail: (error: Error) => void }[] = [];
  const source = fakeSource((text) => {
    const { promise, resolve, reject } = Promise.withResolvers();
    running.push({ text, end: () => resolve(resultOf([])), fail: reject });
    return promise;
  });
  return { source, running };
}

test("no more run than may; the rest wait in order", async () => {
  const { source, running } = manual();
  const limited = limitDataSource(source, { concurrency: 2 });
  const all = ["a", "b", "c", "d"].map((text) => limited.query(text));
  await vi.advanceTimersByTimeAsync(0);
  expect([running.map(({ text }) => text), limited.running, limited.queued]).toEqual([["a", "b"], 2, 2]);
  running[1]?.end();
  await vi.advanceTimersByTimeAsync(0);
  expect(running.map(({ text }) => text)).toEqual(["a", "b", "c"]);
  running[0]?.end();
  running[2]?.end();
  await vi.advanceTimersByTimeAsync(0);
  running[3]?.end();
  await Promise.all(all);
  expect([limited.running, limited.queued]).toEqual([0, 0]);
});

test("a call that fails gives its turn back", async () => {
  const { source, running } = manual();
  const limited = limitDataSource(source, { concurrency: 1 });
  const first = expect(limited.query("a")).rejects.toThrow("bad");
  const second = limited.query("b");
  await vi.advanceTimersByTimeAsync(0);
  running[0]?.fail(new Error("bad"));
  await first;
  await vi.advanceTimersByTimeAsync(0);
  running[1]?.end();
  await second;
});

test("waiting ends after queueTimeoutMs; running does not", async () => {
  const { source, running } = manual();
  const limited = limitDataSource(source, { concurrency: 1, queueTimeoutMs: 1_000 });
  const first = limited.query("a");
  const second = expect(limited.query("b")).rejects.toMatchObject({ code: "ACQUIRE_TIMEOUT", isRetryable: true });
  await vi.advanceTimersByTimeAsync(1_000);
  await second;
  await vi.advanceTimersByTimeAsync(10_000);
  running[0]?.end();
  await first;
  expect([running.length, limited.queued, limited.running]).toEqual([1, 0, 0]);
});

test("an abort in the queue leaves it, and never reaches the source", async () => {
  const { source, running } = manual();
  const limited = limitDataSource(source, { concurrency: 1 });
  const first = limited.query("a");
  const controller = new AbortController();
  const second = expect(limited.query("b", { signal: controller.signal })).rejects.toMatchObject({ code: "CANCELLED" });
  await vi.advanceTimersByTimeAsync(0);
  controller.abort();
  await second;
  running[0]?.end();
  await first;
  await vi.advanceTimersByTimeAsync(0);
  expect([running.length, limited.queued, limited.running]).toEqual([1, 0, 0]);
});

test("no more start in an interval than may", async () => {
  const source = fakeSource();
  const limited = limitDataSource(source, { perInterval: 3, intervalMs: 1_000 });
  const all = Array.from({ length: 7 }, (_, i) => limited.query(String(i)));
  await vi.advanceTimersByTimeAsync(0);
  expect(source.calls.length).toBe(3);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(source.calls.length).toBe(6);
  await vi.advanceTimersByTimeAsync(1_000);
  await Promise.all(all);
  expect(source.calls.length).toBe(7);
});

test("an interval begins with each call, not with the clock", async () => {
  const source = fakeSource();
  const limited = limitDataSource(source, { perInterval: 2, intervalMs: 1_000 });
  await limited.query("a");
  await vi.advanceTimersByTimeAsync(900);
  const rest = ["b", "c", "d"].map((text) => limited.query(text));
  await vi.advanceTimersByTimeAsync(99);
  expect(source.calls.length).toBe(2);
  // 1,000 ms after a there is room for one more; after b, for another.
  await vi.advanceTimersByTimeAsync(1);
  expect(source.calls.length).toBe(3);
  await vi.advanceTimersByTimeAsync(899);
  expect(source.calls.length).toBe(3);
  await vi.advanceTimersByTimeAsync(1);
  await Promise.all(rest);
});

test("a call that comes aborted never has a turn", async () => {
  const { source, running } = manual();
  const limited = limitDataSource(source, { perInterval: 1, intervalMs: 60_000 });
  await expect(limited.query("a", { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "CANCELLED" });
  void limited.query("b");
  await vi.advanceTimersByTimeAsync(0);
  expect(running.map(({ text }) => text)).toEqual(["b"]);
});

test("a stream has its turn from its start to its end", async () => {
  const { state, stream } = streaming();
  const limited = limitDataSource(fakeSource(undefined, { stream }), { concurrency: 1 });
  const rows: unknown[] = [];
  for await (const batch of limited.stream("a")) {
    rows.push(...batch);
    expect([limited.running, limited.queued]).toEqual([1, 0]);
    break;
  }
  expect([rows, state, limited.running]).toEqual([[{ a: 1 }], { started: 1, closed: 1 }, 0]);
});

/** A stream of two batches, and what was done with it. */
function streaming() {
  const state = { started: 0, closed: 0 };
  const stream = (): QueryStream =>
    ({
      rowsDelivered: 1,
      truncated: false,
      queryId: "q-1",
      columns: () => Promise.reject(new Error("no such table")),
      close: () => Promise.resolve(void (state.closed += 1)),
      async *[Symbol.asyncIterator]() {
        state.started += 1;
        yield [{ a: 1 }];
        yield [{ a: 2 }];
      },
    }) as unknown as QueryStream;
  return { state, stream };
}

test("a stream whose columns cannot be had, that ends, or that its reader leaves by an error gives its turn back", async () => {
  const { stream } = streaming();
  const limited = limitDataSource(fakeSource(undefined, { stream }), { concurrency: 1 });
  await expect(limited.stream("a").columns()).rejects.toThrow("no such table");
  for await (const _ of limited.stream("b"));
  const left = async (): Promise<void> => {
    for await (const _ of limited.stream("c")) throw new Error("the reader's own");
  };
  await expect(left()).rejects.toThrow("the reader's own");
  await limited.stream("d").close();
  expect([limited.running, limited.queued]).toEqual([0, 0]);
});

test("a stream that is closed while it waits never starts, and nobody waits on", async () => {
  const { source, running } = manual();
  const { state, stream } = streaming();
  const limited = limitDataSource(Object.assign(source, { stream }), { concurrency: 1 });
  const first = limited.query("a");
  const waiting = limited.stream("b");
  const described = limited.stream("c");
  const columns = expect(described.columns()).rejects.toMatchObject({ code: "CLOSED" });
  const rows: unknown[] = [];
  const read = async (): Promise<void> => {
    for await (const batch of waiting) rows.push(...batch);
  };
  const reading = read();
  await vi.advanceTimersByTimeAsync(0);
  expect(limited.queued).toBe(2);
  await Promise.all([waiting.close(), described.close()]);
  await reading;
  expect([rows, state, limited.queued]).toEqual([[], { started: 0, closed: 3 }, 0]);
  await columns;
  running[0]?.end();
  await first;
});

test("an aborted wait for a rate leaves no timer, and takes nobody's turn", async () => {
  const source = fakeSource();
  const limited = limitDataSource(source, { perInterval: 1, intervalMs: 60_000 });
  await limited.query("a");
  const controller = new AbortController();
  const waiting = expect(limited.query("b", { signal: controller.signal })).rejects.toMatchObject({
    code: "CANCELLED",
  });
  await vi.advanceTimersByTimeAsync(0);
  controller.abort();
  await waiting;
  expect([limited.queued, vi.getTimerCount()]).toEqual([0, 0]);
  await vi.advanceTimersByTimeAsync(60_000);
  await limited.query("c");
  expect(source.calls.map(([text]) => text)).toEqual(["a", "c"]);
});

test("close ends all waiting, and what comes later is refused at once", async () => {
  const { source, running } = manual();
  const limited = limitDataSource(source, { concurrency: 1, perInterval: 1, intervalMs: 60_000 });
  const first = limited.query("a");
  const waiting = expect(limited.query("b")).rejects.toMatchObject({ code: "CLOSED", kind: "fake" });
  await vi.advanceTimersByTimeAsync(0);
  await limited[Symbol.asyncDispose]();
  await waiting;
  await expect(limited.query("c")).rejects.toMatchObject({ code: "CLOSED" });
  expect([source.isClosed, running.length, limited.queued]).toEqual([true, 1, 0]);
  running[0]?.end();
  await first;
  await vi.advanceTimersByTimeAsync(0);
  expect([limited.running, vi.getTimerCount()]).toEqual([0, 0]);
});

test("a source that is frozen can be limited too", async () => {
  const { query, kind } = fakeSource(() => resultOf([{ a: 1n }]));
  const limited = limitDataSource(Object.freeze({ query, kind }) as DataSource, { concurrency: 1 });
  expect((await limited.query("a")).rows).toEqual([{ a: 1n }]);
  expect(["query" in limited, "nothing" in limited, limited.kind]).toEqual([true, false, "fake"]);
});

test("close does not wait for a turn", async () => {
  const { source, running } = manual();
  const limited = limitDataSource(source, { concurrency: 1 });
  const first = limited.query("a");
  await vi.advanceTimersByTimeAsync(0);
  await limited.close();
  expect(source.isClosed).toBe(true);
  running[0]?.end();
  await first;
});

test.each([
  [{ concurrency: 0 }, "concurrency"],
  [{ perInterval: 1.5 }, "perInterval"],
  [{ queueTimeoutMs: 0 }, "queueTimeoutMs"],
  [{ perInterval: 1, intervalMs: Infinity }, "intervalMs"],
  [{ parallel: 3 }, "parallel"],
])("wrong options %o are refused by name", (options, field) => {
  expect(() => limitDataSource(fakeSource(), options as never)).toThrow(
    expect.objectContaining({ code: "CONFIGURATION", field }),
  );
});
