import { createDeadline } from "@org/data-source-core/adapter";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { backoff, backoffMs } from "./backoff.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test("doubles from 250 ms to 8 s, a random half of it", () => {
  expect([1, 2, 3, 4, 5, 6, 7].map((attempt) => backoffMs(attempt, () => 1))).toEqual([
    250, 500, 1000, 2000, 4000, 8000, 8000,
  ]);
  expect(backoffMs(1, () => 0)).toBe(125);
});

test("gives up after five attempts, or when the deadline would pass while waiting", async () => {
  const error = new Error("the server's own");
  using long = createDeadline({ timeoutMs: 60_000 });
  await expect(backoff(5, long, error)).rejects.toBe(error);
  using short = createDeadline({ timeoutMs: 100 });
  await expect(backoff(1, short, error)).rejects.toBe(error);
});

test("a deadline that is over comes before the error", async () => {
  using over = createDeadline({ timeoutMs: 60_000, signals: [AbortSignal.abort()] });
  await expect(backoff(1, over, new Error("late"))).rejects.toMatchObject({ code: "CANCELLED" });
});
