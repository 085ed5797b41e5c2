import { execFile } from "node:child_process";
import { getEventListeners } from "node:events";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createDeadline, createDeadlines } from "./deadline.ts";
import { DataSourceError, isDataSourceError } from "./errors.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** The error that a promise rejects with; listening begins at once, before any clock is moved. */
const rejection = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);
const never = (): Promise<never> => new Promise(() => {});

test("one clock runs through all steps", async () => {
  using deadline = createDeadline({ timeoutMs: 1000, kind: "test" });
  expect(deadline.remainingMs()).toBe(1000);
  await vi.advanceTimersByTimeAsync(400);
  expect(await deadline.race(Promise.resolve("acquired"))).toBe("acquired");
  expect(deadline.remainingMs()).toBe(600);
  const rejected = rejection(deadline.race(never()));
  await vi.advanceTimersByTimeAsync(599);
  expect(deadline.signal.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(await rejected).toMatchObject({
    code: "STATEMENT_TIMEOUT",
    kind: "test",
    message: "The statement did not finish within 1000 ms",
  });
  expect(deadline.remainingMs()).toBe(0);
  expect(() => deadline.throwIfOver()).toThrow(DataSourceError);
});

test("the server gets what remains, never a 0 that means none", async () => {
  using deadline = createDeadline({ timeoutMs: 10.5 });
  expect(deadline.serverTimeoutMs()).toBe(11);
  await vi.advanceTimersByTimeAsync(20);
  expect(deadline.serverTimeoutMs()).toBe(1);
  using unlimited = createDeadline({ timeoutMs: Infinity });
  expect(unlimited.serverTimeoutMs()).toBeUndefined();
});

test("no limit arms no timer; a limit beyond setTimeout's reach does not fire at once", async () => {
  using unlimited = createDeadline({ timeoutMs: Infinity });
  expect(vi.getTimerCount()).toBe(0);
  using long = createDeadline({ timeoutMs: 2 ** 31 + 1000 });
  await vi.advanceTimersByTimeAsync(2 ** 31 + 999);
  expect(long.signal.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(long.signal.aborted).toBe(true);
  expect(unlimited.signal.aborted).toBe(false);
});

test("an abort rejects with CANCELLED and the reason as its cause, and no timer stays", async () => {
  const caller = new AbortController();
  const reason = new Error("user left");
  const deadline = createDeadline({ timeoutMs: 1000, signals: [caller.signal, undefined] });
  const run = deadline.race(never());
  caller.abort(reason);
  const error: unknown = await run.catch((thrown: unknown) => thrown);
  expect(isDataSourceError(error, "CANCELLED")).toBe(true);
  expect((error as Error).cause).toBe(reason);
  expect(vi.getTimerCount()).toBe(0);
  expect(getEventListeners(caller.signal, "abort")).toHaveLength(0);
});

test("a reason that is our error already stays what it is", async () => {
  const closed = new DataSourceError({ code: "CLOSED", message: "closed" });
  using deadline = createDeadline({ timeoutMs: 1000, signals: [AbortSignal.abort(closed)] });
  await expect(deadline.race(never())).rejects.toBe(closed);
  expect(vi.getTimerCount()).toBe(0);
});

test("disposing leaves no timer and no listener", () => {
  const caller = new AbortController();
  const deadline = createDeadline({ timeoutMs: 1000, signals: [caller.signal] });
  expect(vi.getTimerCount()).toBe(1);
  expect(getEventListeners(caller.signal, "abort")).toHaveLength(1);
  deadline[Symbol.dispose]();
  expect(vi.getTimerCount()).toBe(0);
  expect(getEventListeners(caller.signal, "abort")).toHaveLength(0);
});

test("a race that is won leaves no listener on the deadline", async () => {
  using deadline = createDeadline({ timeoutMs: 1000 });
  await deadline.race(Promise.resolve());
  await expect(deadline.race(Promise.reject(new Error("failed")))).rejects.toThrow("failed");
  await Promise.resolve();
  expect(getEventListeners(deadline.signal, "abort")).toHaveLength(0);
});

test("work that fails after the deadline is not an unhandled rejection", async () => {
  using deadline = createDeadline({ timeoutMs: 5 });
  const late = Promise.withResolvers<never>();
  const run = rejection(deadline.race(late.promise));
  await vi.advanceTimersByTimeAsync(5);
  expect(await run).toMatchObject({ code: "STATEMENT_TIMEOUT" });
  const after = deadline.race(Promise.reject(new Error("late too")));
  await expect(after).rejects.toMatchObject({ code: "STATEMENT_TIMEOUT" });
  late.reject(new Error("late"));
  await vi.advanceTimersByTimeAsync(1);
});

test("another code says what it was that took too long", async () => {
  using deadline = createDeadline({ timeoutMs: 5, code: "ACQUIRE_TIMEOUT" });
  const run = rejection(deadline.race(never()));
  await vi.advanceTimersByTimeAsync(5);
  expect(await run).toMatchObject({
    code: "ACQUIRE_TIMEOUT",
    isRetryable: true,
    message: "No connection became free within 5 ms",
  });
});

test("awaited, it keeps the process alive; disposed, it does not", async () => {
  vi.useRealTimers();
  const run = async (program: string): Promise<string> => {
    const url = new URL("deadline.ts", import.meta.url).href;
    const source = `import { createDeadline, createDeadlines } from ${JSON.stringify(url)}; ${program}`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--conditions=@org/source", "--input-type=module", "-e", source],
      { timeout: 15_000 },
    );
    return stdout;
  };
  const awaited = `const d = createDeadline({ timeoutMs: 50 });
    await d.race(new Promise(() => {})).catch((error) => process.stdout.write(error.code));`;
  const disposed = `createDeadline({ timeoutMs: 1e9 })[Symbol.dispose](); process.stdout.write("done");`;
  expect(await run(awaited)).toBe("STATEMENT_TIMEOUT");
  expect(await run(disposed)).toBe("done");
});

test("deadlines with one timer each end at their own time", async () => {
  const deadlines = createDeadlines(new AbortController().signal);
  using late = deadlines.start({ timeoutMs: 3000 });
  using early = deadlines.start({ timeoutMs: 1000 });
  using middle = deadlines.start({ timeoutMs: 2000, code: "ACQUIRE_TIMEOUT" });
  using none = deadlines.start({ timeoutMs: Infinity });
  expect(vi.getTimerCount()).toBe(1);
  const all = [early, middle, late, none];
  const over = (): boolean[] => all.map((deadline) => deadline.signal.aborted);
  await vi.advanceTimersByTimeAsync(999);
  expect(over()).toEqual([false, false, false, false]);
  await vi.advanceTimersByTimeAsync(1);
  expect(over()).toEqual([true, false, false, false]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(over()).toEqual([true, true, false, false]);
  expect(() => middle.throwIfOver()).toThrow(expect.objectContaining({ code: "ACQUIRE_TIMEOUT" }));
  await vi.advanceTimersByTimeAsync(1000);
  expect(over()).toEqual([true, true, true, false]);
  expect(vi.getTimerCount()).toBe(0);
});

test("one that begins while an old timer runs ends at its own time too", async () => {
  const deadlines = createDeadlines(new AbortController().signal);
  deadlines.start({ timeoutMs: 1000 })[Symbol.dispose]();
  await vi.advanceTimersByTimeAsync(600);
  using second = deadlines.start({ timeoutMs: 1000 });
  await vi.advanceTimersByTimeAsync(999);
  expect(second.signal.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(second.signal.aborted).toBe(true);
});

test("an abort of the group's signal ends all, and all that begin later", () => {
  const controller = new AbortController();
  const deadlines = createDeadlines(controller.signal);
  using first = deadlines.start({ timeoutMs: 1000, kind: "test" });
  const reason = new DataSourceError({ code: "CLOSED", message: "closed" });
  controller.abort(reason);
  using second = deadlines.start({ timeoutMs: 1000 });
  expect([first.signal.reason, second.signal.reason]).toEqual([reason, reason]);
  expect(vi.getTimerCount()).toBe(0);
});

test("a group's timer keeps the process alive only while somebody waits", async () => {
  const script = `
    import { createDeadlines } from ${JSON.stringify(new URL("./deadline.ts", import.meta.url).href)};
    const deadlines = createDeadlines(new AbortController().signal);
    deadlines.start({ timeoutMs: 600_000 })[Symbol.dispose]();
    using waiting = deadlines.start({ timeoutMs: 200 });
    await waiting.race(new Promise(() => {})).catch((error) => console.log(error.code));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
    timeout: 10_000,
  });
  expect(stdout).toBe("STATEMENT_TIMEOUT\n");
});
