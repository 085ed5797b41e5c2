import { describe, expect, test } from "vitest";
import { backoffMs, eagerRenewalAgeMs, lazyRenewalAgeMs } from "./schedule.ts";

const HOUR = 3_600_000;
/** Just below 1: what Math.random comes close to. */
const ALMOST = 1 - Number.EPSILON;

describe("the age at which a token is renewed", () => {
  test.each([
    ["an hour", HOUR, 120_000, HOUR - 120_000],
    ["ten minutes", 600_000, 120_000, 480_000],
    ["exactly twice the window", 240_000, 120_000, 120_000],
    ["shorter than twice the window: half", 60_000, 120_000, 30_000],
    ["a window of the whole life: half", HOUR, HOUR, HOUR / 2],
    ["a window longer than the life: half", HOUR, 10 * HOUR, HOUR / 2],
    ["no window: the expiry", HOUR, 0, HOUR],
    ["a second: never sooner than after a second", 1_000, 120_000, 1_000],
    ["two seconds", 2_000, 120_000, 1_000],
  ])("lazy, %s", (_, lifeMs, earlyRefreshMs, ageMs) => {
    expect(lazyRenewalAgeMs(lifeMs, earlyRefreshMs)).toBe(ageMs);
  });

  test.each([
    ["earliest", HOUR, 120_000, 0, HOUR / 2],
    ["middle", HOUR, 120_000, 0.5, HOUR * 0.625],
    ["latest", HOUR, 120_000, ALMOST, HOUR * 0.75],
    ["never inside the early window", HOUR, 1_200_000, ALMOST, HOUR - 1_200_000],
    ["a window longer than the life", HOUR, 10 * HOUR, ALMOST, HOUR / 2],
    ["no window", HOUR, 0, ALMOST, HOUR * 0.75],
    ["a minute", 60_000, 120_000, ALMOST, 30_000],
    ["a second", 1_000, 120_000, 0, 1_000],
  ])("eager, %s", (_, lifeMs, earlyRefreshMs, random, ageMs) => {
    expect(eagerRenewalAgeMs(lifeMs, earlyRefreshMs, random)).toBeCloseTo(ageMs, 6);
  });
});

describe("the wait after a failed background refresh", () => {
  test.each([
    ["transient, first", 1, true, 0, 0, 30_000],
    ["transient, jitter", 1, true, 0, ALMOST, 45_000],
    ["transient, tenth: no further back-off", 10, true, 0, 0, 30_000],
    ["transient, told to wait longer", 1, true, 60_000, 0, 60_000],
    ["transient, told to wait a day: capped", 1, true, 86_400_000, 0, 600_000],
    ["transient, told to wait less", 1, true, 1_000, 0, 30_000],
    ["permanent, first", 1, false, 0, 0, 30_000],
    ["permanent, second", 2, false, 0, 0, 60_000],
    ["permanent, fifth", 5, false, 0, 0, 480_000],
    ["permanent, sixth: ten minutes", 6, false, 0, 0, 600_000],
    ["permanent, thousandth", 1_000, false, 0, 0, 600_000],
  ])("%s", (_, failures, isRetryable, retryAfterMs, random, ms) => {
    expect(backoffMs(failures, isRetryable, retryAfterMs, random)).toBeCloseTo(ms, 6);
  });
});
