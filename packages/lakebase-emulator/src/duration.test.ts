import { expect, test } from "vitest";
import { parseDuration } from "./duration.ts";

test.each([
  ["10s", 10_000],
  ["10", 10_000],
  ["1500ms", 1500],
  ["1.5s", 1500],
  ["5m", 300_000],
  ["1h", 3_600_000],
])("%s is %i ms", (text, ms) => {
  expect(parseDuration("--token-life", text)).toBe(ms);
});

test.each(["", "s", "ten", "10 s", "-1s", "10d"])("%j names the flag and the form expected", (text) => {
  expect(() => parseDuration("--token-life", text)).toThrow(
    `--token-life: expected a duration such as 10s, 500ms, 5m or 1h, got "${text}"`,
  );
});
