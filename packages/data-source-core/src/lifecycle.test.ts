import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createLifecycle } from "./lifecycle.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const create = (): ReturnType<typeof createLifecycle> => createLifecycle({ kind: "test", closeTimeoutMs: 1000 });

test("close lets what runs finish, then releases, and leaves no timer", async () => {
  const lifecycle = create();
  const leave = lifecycle.enter();
  const release = vi.fn<() => Promise<void>>(async () => {});
  const closed = lifecycle.close(release);
  expect(lifecycle.isClosed).toBe(true);
  await vi.advanceTimersByTimeAsync(500);
  expect(release).not.toHaveBeenCalled();
  leave();
  await closed;
  expect(release).toHaveBeenCalledOnce();
  expect(vi.getTimerCount()).toBe(0);
});

test("what has not finished in the grace period is aborted with CLOSED", async () => {
  const lifecycle = create();
  const leave = lifecycle.enter();
  lifecycle.signal.addEventListener("abort", leave);
  const closed = lifecycle.close(async () => {});
  await vi.advanceTimersByTimeAsync(999);
  expect(lifecycle.signal.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(lifecycle.signal.reason).toMatchObject({ code: "CLOSED", kind: "test" });
  await closed;
});

test("what never ends cannot stop close", async () => {
  const lifecycle = create();
  lifecycle.enter();
  const release = vi.fn<() => Promise<void>>(async () => {});
  const closed = lifecycle.close(release);
  await vi.advanceTimersByTimeAsync(2000);
  await closed;
  expect(release).toHaveBeenCalledOnce();
});

test("new work is refused, close is idempotent", async () => {
  const lifecycle = create();
  const release = vi.fn<() => Promise<void>>(async () => {});
  const first = lifecycle.close(release);
  expect(lifecycle.close(release)).toBe(first);
  expect(() => lifecycle.enter()).toThrow(
    expect.objectContaining({ code: "CLOSED", message: "The test data source is closed" }),
  );
  await first;
  expect(release).toHaveBeenCalledOnce();
});

test("leaving twice counts once", async () => {
  const lifecycle = create();
  const first = lifecycle.enter();
  const second = lifecycle.enter();
  first();
  first();
  const release = vi.fn<() => Promise<void>>(async () => {});
  const closed = lifecycle.close(release);
  await vi.advanceTimersByTimeAsync(1);
  expect(release).not.toHaveBeenCalled();
  second();
  await closed;
});

test("a thousand listeners on its signal raise no warning", async () => {
  const warnings = vi.fn<(warning: Error) => void>();
  process.on("warning", warnings);
  const { signal } = create();
  for (let index = 0; index < 1000; index += 1) signal.addEventListener("abort", () => {});
  vi.useRealTimers();
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", warnings);
  expect(warnings).not.toHaveBeenCalled();
});
