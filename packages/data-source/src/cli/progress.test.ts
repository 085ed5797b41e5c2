import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createProgress } from "./progress.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function fakeOutput(isTTY: boolean): { output: NodeJS.WriteStream; written: () => string[] } {
  let pieces: string[] = [];
  const output = { isTTY, write: (text: string) => pieces.push(text) } as unknown as NodeJS.WriteStream;
  const written = (): string[] => {
    const all = pieces;
    pieces = [];
    return all;
  };
  return { output, written };
}

test("nothing in the first second", () => {
  const { output, written } = fakeOutput(true);
  const progress = createProgress(output, "query");
  vi.advanceTimersByTime(999);
  progress.end();
  vi.advanceTimersByTime(60_000);
  expect([written(), vi.getTimerCount()]).toEqual([[], 0]);
});

test("on a terminal: one line, rewritten each second and taken away", () => {
  const { output, written } = fakeOutput(true);
  const progress = createProgress(output, "query");
  vi.advanceTimersByTime(1_000);
  expect(written()).toEqual(["query: 1 s"]);
  progress.rows = 12_345;
  vi.advanceTimersByTime(1_000);
  expect(written()).toEqual(["\r\u001B[K", "query: 2 s, 12,345 rows"]);
  progress.end();
  progress.end();
  expect(written()).toEqual(["\r\u001B[K"]);
  expect(vi.getTimerCount()).toBe(0);
});

test("elsewhere: a line after a second, then every ten", () => {
  const { output, written } = fakeOutput(false);
  using progress = createProgress(output, "check");
  vi.advanceTimersByTime(10_999);
  expect(written()).toEqual(["check: 1 s\n"]);
  vi.advanceTimersByTime(1);
  progress.rows = 3;
  expect(written()).toEqual(["check: 11 s\n"]);
});
